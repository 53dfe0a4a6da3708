"""Arrays as columns of Arrow, and back: numbers, rows of numbers, and lists of records.

What is read may be anything: columns are taken as arrays only where no value is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..genes.prints import WIDTH

Array = npt.NDArray[Any]
# Names of fields, types of numpy, and how many numbers a value has: 1, or more in a row.
Record = tuple[tuple[str, str, int], ...]

MARKER: Record = (("family", "int16", 1), ("copies", "int16", 1))
GENE: Record = (
    ("family", "int16", 1),
    ("begin", "float32", 1),
    ("end", "float32", 1),
    ("prints", "uint8", WIDTH),
)
GENE_FIELDS = tuple(name for name, _, _ in GENE)
WORD: Record = (("hash", "uint32", 1), ("place", "uint32", 1))
RECORDS = {"markers": MARKER, "genes": GENE, "words": WORD}


@dataclass(frozen=True)
class Lists:
    """Some records for each of n contigs: how many int64 [n], and their fields by name."""

    counts: npt.NDArray[np.int64]
    fields: dict[str, Array]


def number_type(dtype: Any) -> Any:
    """Arrow's type for one of numpy's."""
    import pyarrow as pa

    return pa.from_numpy_dtype(np.dtype(dtype))


def row_type(dtype: Any, width: int) -> Any:
    """That of rows of so many numbers."""
    import pyarrow as pa

    return pa.list_(number_type(dtype), width)


def lists_type(record: Record) -> Any:
    """That of lists of records."""
    import pyarrow as pa

    values = [
        (name, number_type(dtype) if width == 1 else row_type(dtype, width))
        for name, dtype, width in record
    ]
    return pa.list_(pa.struct(values))


def to_column(values: Array | Lists | list[str]) -> Any:
    """A column of Arrow."""
    import pyarrow as pa

    if isinstance(values, list):
        return pa.array(values, pa.string())
    if isinstance(values, Lists):
        offsets = np.concatenate([[0], np.cumsum(values.counts)]).astype(np.int32)
        names = list(values.fields)
        records = pa.StructArray.from_arrays([to_column(values.fields[n]) for n in names], names)
        return pa.ListArray.from_arrays(pa.array(offsets), records)
    if values.ndim == 1:
        return pa.array(values)
    flat = pa.array(np.ascontiguousarray(values).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def to_numbers(column: Any) -> Array:
    """Values [n].

    Raises:
        ValueError: one is missing.
    """
    if column.null_count:
        raise ValueError("values are missing")
    return np.asarray(column.to_numpy(zero_copy_only=False))


def to_rows(column: Any) -> Array:
    """Values [n, width].

    Raises:
        ValueError: one is missing.
    """
    if column.null_count:
        raise ValueError("values are missing")
    return to_numbers(column.flatten()).reshape(len(column), column.type.list_size)


def to_lists(column: Any) -> Lists:
    """Records of each of n.

    Raises:
        ValueError: one is missing.
    """
    counts, records = to_numbers(column.value_lengths()), column.flatten()
    if column.null_count or records.null_count:
        raise ValueError("values are missing")
    names = [field.name for field in records.type]
    columns = dict(zip(names, map(to_array, records.flatten()), strict=True))
    return Lists(counts.astype(np.int64), cast(dict[str, Array], columns))


def to_array(column: Any) -> Array | Lists | list[str]:
    """What `to_column` was given.

    Raises:
        ValueError: a value is missing.
    """
    import pyarrow as pa

    if pa.types.is_string(column.type):
        if column.null_count:
            raise ValueError("values are missing")
        return list(column.to_pylist())
    if pa.types.is_fixed_size_list(column.type):
        return to_rows(column)
    return to_lists(column) if pa.types.is_list(column.type) else to_numbers(column)


def digest(columns: Mapping[str, Array | Lists | list[str]]) -> bytes:
    """32 letters that tell whether a value of some columns was changed."""
    state = blake2b(digest_size=16)
    for name in sorted(columns):
        values = columns[name]
        if isinstance(values, list):
            state.update("\n".join(values).encode())
            continue
        arrays = [values.counts, *values.fields.values()] if isinstance(values, Lists) else [values]
        for array in arrays:
            state.update(np.ascontiguousarray(array).data)
    return state.hexdigest().encode()
