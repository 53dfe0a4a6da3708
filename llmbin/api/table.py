"""Results as tables of arrays, and as frames of pandas or Polars for who has them."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ..errors import UsageError

if TYPE_CHECKING:
    import pandas
    import polars

Texts: TypeAlias = npt.NDArray[np.object_]  # of str: a width for all would be that of the longest
Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Columns: TypeAlias = dict[str, npt.NDArray[Any]]
LIBRARIES = ("pandas", "polars")


class Table(ABC):
    """Rows with a name each; every array has a row of its own for each of them.

    ``names`` (of contigs or bins) are text, object [n]. Bytes that are not UTF-8 are surrogates in
    them (PEP 383), as in names of files.
    """

    names: Texts

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self):,} rows>"

    @abstractmethod
    def columns(self) -> Columns:
        """Arrays [n] by title, in order; titles are those of the files of a run."""

    @overload
    def to_frame(self, library: Literal["pandas"] = "pandas") -> pandas.DataFrame: ...

    @overload
    def to_frame(self, library: Literal["polars"]) -> polars.DataFrame: ...

    def to_frame(self, library: str = "pandas") -> Any:
        r"""A data frame of `columns`; in names, bytes that are not UTF-8 are escaped as ``\xff``.

        Raises:
            UsageError: the library is neither pandas nor Polars, or is not installed.
        """
        if library not in LIBRARIES:
            raise UsageError(f"library={library!r}: 'pandas' or 'polars' was expected")
        try:
            frames = importlib.import_module(library)
        except ImportError as error:
            raise UsageError(
                f"{library} cannot be loaded ({error}); `pip install {library}`"
            ) from None
        return frames.DataFrame({title: _plain(a) for title, a in self.columns().items()})


def texts(values: Any) -> Texts:
    """An array of texts."""
    held = list(values)
    out = np.empty(len(held), object)
    out[:] = held
    return out


def _plain(column: npt.NDArray[Any]) -> Any:
    """A column as both libraries take it: texts as a list of what is Unicode."""
    if column.dtype != object:
        return column
    encoded = (text.encode("utf-8", "surrogateescape") for text in column)
    return [data.decode("utf-8", "backslashreplace") for data in encoded]
