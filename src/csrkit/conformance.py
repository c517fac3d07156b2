"""Whether an analysis dataset is as its specification says, and the dataset as a file that says so itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from csrkit.errors import DataError
from csrkit.sdtm.formats.table import Table
from csrkit.small_texts import usual_texts
from csrkit.specification import Dataset, Specification, Variable

_MOST = 10  # faults that a message shows
_DTYPES = {"text": "str", "number": "float64", "date": "datetime64[us]", "datetime": "datetime64[us]"}
# Variables of which each value of the one stands with one value of the other (ADaMIG 1.3, 3.3.4 and 3.3.3)
_PAIRS = (
    ("PARAMCD", "PARAM"), ("PARAMCD", "PARAMN"), ("AVISIT", "AVISITN"), ("TRTP", "TRTPN"), ("TRTA", "TRTAN"),
    ("TRT01P", "TRT01PN"), ("TRT01A", "TRT01AN"),
)  # fmt: skip


class Fault(NamedTuple):
    """What isn't as the specification says: of which variable ("" for the whole dataset), and what."""

    dataset: str
    variable: str
    problem: str

    def __str__(self) -> str:
        """Return the fault as a line of a message."""
        return f"{self.dataset}{'.' * bool(self.variable)}{self.variable}: {self.problem}"


def arrange(frame: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return a dataset with its variables in the order and of the types of the specification.

    Raises DataError where a variable is missing that all data have, or one isn't in the specification.
    """
    if faults := [*_wrong_variables(frame, dataset)]:
        raise DataError(_message(faults))
    chosen = {variable.name: variable for variable in dataset.variables if variable.name in frame}
    types = {
        name: _DTYPES[variable.type]
        for name, variable in chosen.items()
        if frame[name].dtype != _DTYPES[variable.type]
    }
    texts = [name for name, kind in types.items() if kind == "str"]
    frame = frame[list(chosen)]
    if texts:
        frame = frame.assign(**{name: frame[name].astype("object").fillna("") for name in texts})
    return frame.astype(types) if types else frame


def refuse_faults(frame: pd.DataFrame, dataset: Dataset, specification: Specification) -> None:
    """Raise DataError where a dataset isn't as specified, whatever the data that it is derived from."""
    if faults := [*find_faults(frame, dataset, specification)]:
        raise DataError(_message(faults))


def _message(faults: list[Fault]) -> str:
    lines = [f"  {fault}" for fault in faults[:_MOST]]
    more = [f"  … and {len(faults) - _MOST} more."] if len(faults) > _MOST else []
    return "\n".join(
        [
            "An analysis dataset isn't as its specification says. Mend its derivation or the specification:",
            *lines,
            *more,
        ]
    )


def find_faults(
    frame: pd.DataFrame, dataset: Dataset, specification: Specification, *, copies: bool = False
) -> Iterator[Fault]:
    """Yield what isn't as specified: variables, types, codes, keys, and pairs of values that have to agree.

    ``copies`` looks at what is copied from the data, too: at codes, empty values, and the length of texts.
    """
    known = [variable for variable in dataset.variables if variable.name in frame]
    if built := [*_wrong_variables(frame, dataset), *_wrong_types(frame, known, dataset)]:
        yield from built  # what its values say can't be asked of it
        return
    if list(frame.columns) != [variable.name for variable in known]:
        yield Fault(dataset.name, "", "the variables are not in the order of the specification")
    for variable in known:
        yield from _wrong_values(frame[variable.name], variable, dataset, specification, copies)
    if not frame.empty:
        yield from _wrong_keys(frame, dataset)
        yield from _wrong_pairs(frame, dataset, copies)
        yield from _wrong_parameters(frame, dataset)
        yield from _wrong_baselines(frame, dataset)


def _wrong_variables(frame: pd.DataFrame, dataset: Dataset) -> Iterator[Fault]:
    for variable in dataset.variables:
        if not variable.where and variable.name not in frame:
            yield Fault(dataset.name, variable.name, "is missing")
    for name in frame.columns:
        if name not in dataset.names:
            yield Fault(dataset.name, str(name), "is in the dataset and not in its specification")


def _wrong_types(frame: pd.DataFrame, known: Iterable[Variable], dataset: Dataset) -> Iterator[Fault]:
    for variable in known:
        if (found := frame[variable.name].dtype) != _DTYPES[variable.type]:
            yield Fault(dataset.name, variable.name, f"is of type {found}, not {variable.type}")


def _wrong_values(
    values: pd.Series, variable: Variable, dataset: Dataset, specification: Specification, copies: bool
) -> Iterator[Fault]:
    if variable.predecessors and not copies:
        return
    if variable.filled and (values.isna().any() or (variable.type == "text" and (values == "").any())):
        yield Fault(dataset.name, variable.name, "is empty in a record")
    if variable.type != "text":
        return
    different = values.unique()
    if codes := specification.codelists.get(variable.codelist):
        if unknown := sorted({str(value) for value in different} - {"", *codes}):
            yield Fault(
                dataset.name,
                variable.name,
                f"holds {unknown[0]!r}, which is no code of {variable.codelist} ({', '.join(codes)})",
            )
    elif copies and (long := [text for text in different if len(str(text).encode()) > variable.length]):
        yield Fault(dataset.name, variable.name, f"holds {long[0]!r}: longer than {variable.length} bytes")


def _wrong_keys(frame: pd.DataFrame, dataset: Dataset) -> Iterator[Fault]:
    keys = [name for name in dataset.keys if name in frame]
    if any(name.endswith("SEQ") and frame[name].isna().all() for name in keys):
        return  # data without the numbers of their records
    again = frame.duplicated(keys)
    if again.any():
        record = frame.loc[again, keys].iloc[0].astype("str")
        yield Fault(dataset.name, ", ".join(keys), f"two records are the same in it: {', '.join(record)}")


def _wrong_pairs(frame: pd.DataFrame, dataset: Dataset, copies: bool) -> Iterator[Fault]:
    # one test may have two names or units in the data: a matter of their checks
    of_data = bool(dataset.further) and not copies
    pairs: list[tuple[tuple[str, str], list[str]]] = [
        (pair, []) for pair in _PAIRS if not (of_data and pair[0] == "PARAMCD")
    ]
    # AVALC is the text of AVAL: within a parameter each value of the one has one of the other
    for (one, other), by in [*pairs, (("AVALC", "AVAL"), ["PARAMCD"])]:
        if one not in frame or other not in frame:
            continue
        found = frame[[*by, one, other]].drop_duplicates()
        found = found[(found[one] != "") & found[other].notna()]
        for name in (one, other):
            again = found.duplicated([*by, name])
            if again.any():
                value = found.loc[again, name].iloc[0]
                yield Fault(
                    dataset.name, one, f"does not match one to one with {other}: {name} is {value!r} of two"
                )


def _wrong_parameters(frame: pd.DataFrame, dataset: Dataset) -> Iterator[Fault]:
    if "PARAMCD" not in frame:
        return
    known = {parameter.code: parameter.label for parameter in dataset.parameters}
    found = frame[["PARAMCD", "PARAM"]].drop_duplicates()
    for code, label in found.itertuples(index=False, name=None):
        if code in known and known[code] != label:
            yield Fault(dataset.name, "PARAM", f"of {code} is {label!r}, not {known[code]!r}")
        if code not in known and not dataset.further:
            yield Fault(dataset.name, "PARAMCD", f"{code!r} is no parameter of the specification")


def _wrong_baselines(frame: pd.DataFrame, dataset: Dataset) -> Iterator[Fault]:
    """Hold ABLFL to one record of a series, BASE to its value, and CHG and R2BASE to both."""
    if not {"ABLFL", "PARAMCD"} <= set(frame):
        return
    series = [name for name in ("USUBJID", "PARAMCD", "BASETYPE") if name in frame]
    base = frame[frame["ABLFL"] == "Y"]
    if base.duplicated(series).any():
        yield Fault(dataset.name, "ABLFL", "marks two records of one subject and parameter")
    elif {"AVAL", "BASE"} <= set(frame) and (base["BASE"] != base["AVAL"])[base["AVAL"].notna()].any():
        yield Fault(dataset.name, "BASE", "is not the value of the baseline record")
    if {"AVAL", "BASE", "CHG"} <= set(frame):
        change = (frame["AVAL"] - frame["BASE"]).mask(_up_to_baseline(frame, series) & frame["CHG"].isna())
        if not change.equals(frame["CHG"]):
            yield Fault(dataset.name, "CHG", "is not AVAL less BASE")


def _up_to_baseline(frame: pd.DataFrame, series: list[str]) -> pd.Series:
    """Tell which records are not after the baseline: a change may be missing there (ADaMIG 1.3, 3.3.4)."""
    base = frame[frame["ABLFL"] == "Y"].groupby(series)["ADT"].min()
    day = base.reindex(pd.MultiIndex.from_frame(frame[series])).to_numpy()
    return frame["ADT"] <= day


def write_dataset(frame: pd.DataFrame, path: Path, dataset: Dataset) -> None:
    """Write a dataset as Parquet with its label, and the label, type and origin of each variable.

    They stand in the metadata of the file (``label``, ``name``) and of its fields (``label``, ``type``,
    ``length``, ``format``, ``codelist``, ``origin``).
    """
    table = pa.Table.from_pandas(usual_texts(frame), preserve_index=False)
    described = {variable.name: variable for variable in dataset.variables}
    fields = [field.with_metadata(_metadata(described[field.name])) for field in table.schema]
    of_all = {**(table.schema.metadata or {}), "name": dataset.name, "label": dataset.label}
    pq.write_table(table.cast(pa.schema(fields, metadata=of_all)), path)


def write_as_given(frame: pd.DataFrame, path: Path, name: str, table: Table) -> None:
    """Write a dataset as given as Parquet, with the labels of the file that it came in."""
    found = pa.Table.from_pandas(usual_texts(frame), preserve_index=False)
    fields = [
        field.with_metadata({"label": table.variables[field.name].label, "origin": "As given"})
        for field in found.schema
    ]
    of_all = {**(found.schema.metadata or {}), "name": name, "label": table.label}
    pq.write_table(found.cast(pa.schema(fields, metadata=of_all)), path)


def _metadata(variable: Variable) -> dict[str, str]:
    length = {"length": str(variable.length)}
    optional = {"format": variable.format, "codelist": variable.codelist}
    said = {"label": variable.label, "type": variable.type, **length, "origin": variable.origin}
    return said | {name: text for name, text in optional.items() if text}


def number_parameters(codes: Iterable[str], dataset: Dataset) -> dict[str, float]:
    """Return PARAMN by PARAMCD: the parameters of the specification in its order, others after them."""
    known = [parameter.code for parameter in dataset.parameters]
    others = sorted(set(codes) - set(known))
    return {code: float(place) for place, code in enumerate([*known, *others], start=1)}
