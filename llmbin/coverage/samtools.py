"""What samtools does for us, through pysam: sorting, which also turns CRAM into BAM."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from errno import EACCES, EDQUOT, EFBIG, EIO, EMFILE, ENOENT, ENOSPC, EROFS
from pathlib import Path

from ..errors import CoverageError, StorageError, cannot_write
from ..io.fasta import read_fasta
from ..io.inputs import InputFile
from ..io.outputs import scratch_folder
from .cram import check_cram

SORTING = 768  # MB of memory for sorting, samtools' default for one thread alone
UNWRITTEN = (ENOSPC, EDQUOT, EFBIG, EIO, EMFILE, ENOENT, EROFS, EACCES)


@contextlib.contextmanager
def sorted_bam(
    path: InputFile, kind: str, threads: int, scratch: Path | None, reference: InputFile | None
) -> Iterator[Path]:
    """A temporary BAM file, sorted by coordinate, of a file of the kind BAM or CRAM.

    A CRAM file is read by the reference that is given, or else by the one that it names.

    Raises:
        CoverageError: the file cannot be read.
        StorageError: the temporary file cannot be written.
    """
    with scratch_folder("llmbin-sort-", scratch) as folder:
        if kind == "CRAM":
            yield _cram_as_bam(path, threads, folder, reference)
        else:
            if said := _sort(path, threads, folder):
                raise CoverageError(f"{path}: cannot be read ({said})")
            yield folder / "sorted.bam"


def _cram_as_bam(path: InputFile, threads: int, folder: Path, reference: InputFile | None) -> Path:
    """CRAM as BAM, with whatever reference fits."""
    check_cram(path)
    named = named_reference(path)
    for candidate in [*([reference] if reference else []), *([named] if named else []), None]:
        options = () if candidate is None else ("--reference", str(_plain_copy(candidate, folder)))
        said = _sort(path, threads, folder, *options)
        if not said:
            return folder / "sorted.bam"
    hint = (
        f"{reference} is not what its reads were mapped to, give that FASTA file"
        if reference
        else "give the FASTA file that its reads were mapped to with --reference"
    )
    raise CoverageError(
        f"{path}: CRAM that cannot be read ({said}); it needs its reference: {hint}, "
        "or set REF_PATH"
    )


def _sort(path: InputFile, threads: int, folder: Path, *options: str) -> str:
    """Sort to ``sorted.bam``; what samtools says if it cannot.

    Raises:
        StorageError: a temporary file cannot be written.
        MemoryError: there is too little memory.
    """
    import pysam

    pysam.set_verbosity(0)  # what is wrong is said once, by us
    memory = max(1, SORTING // max(1, threads))
    how = f"-@ {max(0, threads - 1)} -m {memory}M -O bam -l 1".split()
    where = ["-T", str(folder / "part"), "-o", str(folder / "sorted.bam")]
    try:
        pysam.sort(*how, *where, *options, os.fspath(path))
    except OSError as error:  # of the files in which pysam keeps what samtools says
        raise StorageError(cannot_write(f"{tempfile.gettempdir()} (TMPDIR)", error)) from None
    except pysam.SamtoolsError as error:
        return _reason(str(error), folder).replace(os.fspath(path), "it")
    return ""


def _reason(said: str, folder: Path) -> str:
    """What samtools says of a file that it cannot sort.

    Raises:
        StorageError: it cannot write to the folder.
        MemoryError: it has too little memory.
    """
    with contextlib.suppress(ValueError, SyntaxError):
        said = str(ast.literal_eval(said))  # pysam puts it between quotation marks
    lines = re.findall(r"samtools sort: (.+)", said)
    if any("allocate memory" in line for line in lines):
        raise MemoryError
    for number in UNWRITTEN:
        why = os.strerror(number)
        if any(why in line and str(folder) in line for line in lines):
            raise StorageError(cannot_write(folder, OSError(number, why)))
    return lines[-1] if lines else "samtools cannot sort it"


def named_reference(path: InputFile) -> Path | None:
    """The FASTA file that the header of a CRAM file names (UR), if it is still there."""
    import pysam

    pysam.set_verbosity(0)
    try:
        with pysam.AlignmentFile(os.fspath(path), "rc", check_sq=False) as handle:
            names = {str(sq["UR"]) for sq in handle.header.to_dict().get("SQ", []) if "UR" in sq}
    except (OSError, ValueError):
        return None
    files = [Path(name.removeprefix("file://").removeprefix("file:")) for name in sorted(names)]
    return next((file for file in files if file.is_file()), None)


def _plain_copy(reference: InputFile, folder: Path) -> Path:
    """A plain FASTA file of lines that samtools can index; it writes an index beside it."""
    plain = folder / "reference.fasta"
    (folder / "reference.fasta.fai").unlink(missing_ok=True)
    with open(plain, "wb") as handle:
        for record in read_fasta(reference):
            name = record.name.encode("utf-8", "surrogateescape")
            handle.write(b">%s\n%s\n" % (name, record.sequence))
    return plain
