"""Files that say what is not so."""

from __future__ import annotations

import io
import zipfile

import numpy as np


def with_huge_array(npz: bytes, name: str) -> bytes:
    """A file of arrays in which one says that it has more rows than any memory has room for."""
    with zipfile.ZipFile(io.BytesIO(npz)) as held:
        entries = {entry: held.read(entry) for entry in held.namelist()}
    handle = io.BytesIO(entries[f"{name}.npy"])
    np.lib.format.read_magic(handle)
    shape, _, dtype = np.lib.format.read_array_header_1_0(handle)
    header, out = io.BytesIO(), io.BytesIO()
    huge = {"shape": (1 << 50, *shape[1:]), "fortran_order": False, "descr": dtype.str}
    np.lib.format.write_array_header_1_0(header, huge)
    entries[f"{name}.npy"] = header.getvalue() + handle.read()
    with zipfile.ZipFile(out, "w") as forged:
        for entry, data in entries.items():
            forged.writestr(entry, data)
    return out.getvalue()
