"""How pandas holds the texts of a small trial while it is checked and derived: as Python's own objects.

What is done with frames of a few thousand records takes twice as long with the texts of Arrow that pandas
takes otherwise: there are thousands of steps, and each costs more than its texts do. Arrow's need less memory
and stay where records are many. Values and their order don't depend on it. Patterns name their characters
(``[0-9]``, not ``\\d``): what counts as a digit or a blank isn't the same for Arrow and for Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pandas as pd

_USUAL = pd.StringDtype("pyarrow", na_value=float("nan"))
_OWN = pd.StringDtype("python", na_value=float("nan"))
_FEW = 200_000  # records of all frames


@contextmanager
def own_texts(frames: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, pd.DataFrame]]:
    """Give the frames as they are best worked with in this block, in which new texts are held likewise."""
    few = are_few(frames)
    with new_texts(few):
        yield {name: _held(frame, _OWN) for name, frame in frames.items()} if few else dict(frames)


def are_few(frames: Mapping[str, pd.DataFrame]) -> bool:
    """Tell whether the frames hold so few records that Python's own texts are the faster ones."""
    return sum(map(len, frames.values())) <= _FEW


def new_texts(few: bool) -> AbstractContextManager[object]:
    """Return a block in which new texts are held as is best for few records, or as usual."""
    return pd.option_context("mode.string_storage", "python") if few else nullcontext()


def texts_as_here(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that such a block has made with its texts as new ones are held where this is called."""
    return _held(frame, pd.StringDtype(na_value=float("nan")))


def usual_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its texts as files hold them, so that a file is the same whoever writes it."""
    return _held(frame, _USUAL)


def _held(frame: pd.DataFrame, dtype: pd.StringDtype[Any]) -> pd.DataFrame:
    other = {name: dtype for name, held in frame.dtypes.items() if _is_other(held, dtype)}
    frame = frame.astype(other) if other else frame
    names = frame.columns
    return frame.set_axis(names.astype(dtype), axis=1) if _is_other(names.dtype, dtype) else frame


def _is_other(held: Any, dtype: pd.StringDtype[Any]) -> bool:
    return bool(held == "str" and held != dtype)
