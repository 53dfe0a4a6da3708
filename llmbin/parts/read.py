"""Files of features as they are read: a batch of rows at a time, each value checked before use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from .. import __version__
from ..errors import InputError, first_line, short
from ..genes.rna import RnaGenes
from ..genes.scattered import load_scattered
from ..io.inputs import InputFile
from ..resources import check_room
from .about import KEY, About, from_json
from .columns import Array, Lists, digest, to_array
from .write import ROWS_DIGEST, WORDS, WORDS_DIGEST, schema_of

BEGIN, DEEPEST = b"ARROW1", 1e9
NO_PART = "a file of `llmbin-fast features` was expected"
AGAIN = "make it again with `llmbin-fast features`"


@dataclass(frozen=True)
class Rows:
    """Some contigs of a part, n of them: columns by name (docs/outputs.md).

    ``dense`` are arrays [n] and [n, numbers], ``lists`` records of each contig.
    """

    names: list[str]
    dense: dict[str, Array]
    lists: dict[str, Lists]

    @property
    def rna(self) -> RnaGenes:
        """Counts of RNA genes."""
        return RnaGenes(self.dense["rrna"], self.dense["rrna_whole"], self.dense["trna"])


class PartFile:
    """A file of features, open to be read again and again."""

    def __init__(self, path: InputFile) -> None:
        """Look at what the file says of itself.

        Raises:
            InputError: it is missing, no such file, cut off, or of another version.
        """
        self.path = path
        with self._reading() as file:
            held = (file.schema.metadata or {}).get(KEY)
            if held is None:
                raise InputError(f"{path}: an Arrow file, but {NO_PART}")
            self.about: About = from_json(held)
            if not file.schema.equals(schema_of(self.about)):
                raise InputError(f"{path}: {self._other_columns()}; {AGAIN}")

    def _other_columns(self) -> str:
        """Why its columns are not those of a part: other builds of one version are told so, too."""
        return (
            f"its columns are not those of this program, version {__version__}; it was made by "
            f"another build, which called itself {short(self.about.origin.version)}, or is damaged"
        )

    @contextmanager
    def _reading(self, only: str | None = None, but: str | None = None) -> Iterator[Any]:
        """The open file, one column of it, or all but one; what is wrong with it is our error."""
        import pyarrow as pa

        try:
            with open(self.path, "rb") as handle:
                begin = handle.read(len(BEGIN))
                if begin != BEGIN:
                    what = "not an Arrow file" if begin else "empty"
                    raise InputError(f"{self.path}: {what}; {NO_PART}")
                handle.seek(0)
                options = pa.ipc.IpcReadOptions(included_fields=self._chosen(only, but))
                yield pa.ipc.open_file(handle, options=options)
        except OSError as error:
            check_room(error)
            raise InputError(
                f"{self.path}: cannot be read ({error.strerror or first_line(error)}); {AGAIN}"
            ) from None
        except (pa.ArrowException, ValueError, OverflowError) as error:
            check_room(error)
            why = first_line(error).rstrip(".")
            raise InputError(
                f"{self.path}: cut off, damaged or of another version ({why}); {AGAIN}"
            ) from None

    def _chosen(self, only: str | None, but: str | None) -> list[int] | None:
        if only is None and but is None:
            return None
        return [i for i, n in enumerate(self._names) if n == only or (only is None and n != but)]

    @cached_property
    def _names(self) -> list[str]:
        return list(schema_of(self.about).names)

    def rows(self) -> Iterator[Rows]:
        """All contigs with everything but their words.

        Raises:
            InputError: a value cannot be.
        """
        about, n = self.about, 0
        with self._reading(but=WORDS) as file:
            for columns in self._batches(file, ROWS_DIGEST):
                rows = _rows_of(columns)
                _check(rows, about)
                n += len(rows.names)
                yield rows
            if n != about.contigs:
                raise ValueError(f"{n:,} contigs, and it says {about.contigs:,}")

    def words(self) -> Iterator[npt.NDArray[np.uint32]]:
        """The words of each contig, in their order: uint32 [words, 2].

        Raises:
            InputError: a value cannot be.
        """
        rate = self.about.word_rate
        with self._reading(only=WORDS) as file:
            for columns in self._batches(file, WORDS_DIGEST):
                lists = cast(Lists, columns[WORDS])
                hashes, places = lists.fields["hash"], lists.fields["place"]
                if (hashes & np.uint32(rate - 1)).any() or not hashes.all():
                    raise ValueError(f"words that are not one in {rate}")
                words = np.column_stack([hashes, places])
                bounds = np.concatenate([[0], np.cumsum(lists.counts)])
                for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
                    yield words[a:b]

    def _batches(
        self, file: Any, check: bytes | None = None
    ) -> Iterator[dict[str, Array | Lists | list[str]]]:
        """Columns of each batch, if they have the digest that is kept beside them."""
        for number in range(file.num_record_batches):
            held = file.get_batch_with_custom_metadata(number)
            batch = held.batch
            batch.validate(full=True)  # it may come from anybody
            columns = dict(zip(batch.schema.names, map(to_array, batch.columns), strict=True))
            if check is not None and (held.custom_metadata or {}).get(check) != digest(columns):
                raise ValueError(f"the digest of batch {number} is another")
            yield columns


def _rows_of(columns: dict[str, Array | Lists | list[str]]) -> Rows:
    names = cast(list[str], columns["contig"])
    dense = {name: v for name, v in columns.items() if isinstance(v, np.ndarray)}
    return Rows(names, dense, {n: v for n, v in columns.items() if isinstance(v, Lists)})


def _check(rows: Rows, about: About) -> None:
    """What no search finds is damage.

    Raises:
        ValueError: says in which column.
    """
    dense, lists = rows.dense, rows.lists
    for name in ("gc", "composition", "lm", "depth"):
        if name in dense and not np.isfinite(dense[name]).all():
            raise ValueError(f"numbers in `{name}` that are not finite")
    wrong = {
        "length": dense["length"] < about.origin.recruit_length,
        "gc": (dense["gc"] < 0) | (dense["gc"] > 1),
        "composition": dense["composition"] < 0,
        **{name: dense[name] < 0 for name in ("rrna", "rrna_whole", "trna")},
    }
    if "depth" in dense:
        wrong["depth"] = (dense["depth"] < 0) | (dense["depth"] > DEEPEST)
        wrong["depth_variance"] = ~(
            (dense["depth_variance"] >= 0) | np.isnan(dense["depth_variance"])
        )
    if about.origin.families is not None:
        markers, genes = lists["markers"].fields, lists["genes"].fields
        families = len(about.origin.families)
        known = [
            (family < 0) | (family >= number)
            for family, number in (
                (markers["family"], families),
                (genes["family"], families + len(load_scattered())),
            )
        ]
        wrong["markers"] = known[0] | (markers["copies"] < 1)
        span = (genes["begin"] >= 0) & (genes["begin"] <= genes["end"]) & (genes["end"] <= 1)
        wrong["genes"] = known[1] | ~span
    for name, bad in wrong.items():
        if bad.any():
            raise ValueError(f"numbers in `{name}` that cannot be")
