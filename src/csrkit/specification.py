"""What a specification of analysis datasets says, and the rules of ADaM that it keeps by itself.

A folder of YAML files holds it: one a dataset, and ``common.yml`` with the codelists and with the variables
that mean the same in several datasets. The names follow ADaMIG 1.3 and OCCDS 1.1, the limits (8 characters
of a name, 40 of a label, 200 bytes of a text) are those of SAS transport version 5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from csrkit.parameters.validation import Strict, read_yaml, validate

COMMON = "common"  # the file of codelists and shared variables
NAME = r"^[A-Z][A-Z0-9]{0,7}$"
_ORIGIN = r"^(Derived|Assigned|Predecessor: [A-Z]{2,8}\.[A-Z0-9]+(, [A-Z]{2,8}\.[A-Z0-9]+)*)$"
_LONGEST = 200
Structure = Literal[
    "SUBJECT LEVEL ANALYSIS DATASET", "BASIC DATA STRUCTURE", "OCCURRENCE DATA STRUCTURE", "ADAM OTHER"
]
# Names that ADaMIG 1.3 (sections 3.2 and 3.3) and OCCDS 1.1 (section 3.2) define.
_DEFINED = re.compile(
    r"STUDYID|USUBJID|ASEQ|SRC(DOM|VAR|SEQ)|TRT(01)?[PA]N?|TRT[SE]DTM?|TRTDURD|ACTARM(CD)?|"
    r"A(ST|EN)?(DT|TM|DTM|DY)|A?(ST|EN)?(DT|TM)F|ADUR[NU]|AVISITN?|ATPT(N|REF)?|APHASEN?|APERIODC?|"
    r"AW(RANGE|TARGET|TDIFF|LO|HI|U)|SITEGR\d|AGEGR\d|[A-Z]+BLGR\d|"
    r"PARAM(CD|N)?|PARCAT\dN?|AVALC?|AVALCAT\dN?|BASEC?|BASETYPE|P?CHG|R2BASE|CRIT\d(FL|FN)?|DTYPE|ABLFL|"
    r"ANL\d\dFL|ONTRTFL|ANR(LO|HI)|[AB]NRIND|[AB]TOXGR[LH]?N?|ATOXDSC[LH]|STARTDT|CNSR|EVNTDESC|CNSDTDSC|"
    r"TRTEMFL|PREFL|FUPFL|ASEVN?|ARELN?|EOSSTT|EOSDT|DCSREASP?|EOTSTT|DCTREAS|DTHDTF?|DTHADY|DTHFL"
)
# What every dataset of a structure has (ADaMIG 1.3, tables 3.2.1 to 3.3.4; OCCDS 1.1, table 3.2.1).
_REQUIRED: dict[str, tuple[str, ...]] = {
    "SUBJECT LEVEL ANALYSIS DATASET": (
        "STUDYID", "USUBJID", "SUBJID", "SITEID", "AGE", "AGEU", "SEX", "RACE", "ARM", "TRT01P", "TRTSDT",
        "TRTEDT",
    ),
    "BASIC DATA STRUCTURE": ("STUDYID", "USUBJID", "ASEQ", "TRTP", "TRTA", "PARAM", "PARAMCD"),
    "OCCURRENCE DATA STRUCTURE": ("STUDYID", "USUBJID", "ASEQ", "TRTP", "TRTA"),
    "ADAM OTHER": ("STUDYID", "USUBJID", "ASEQ", "TRTP", "TRTA"),
}  # fmt: skip
_OF_CONVENTION = {"ADSL", "ADTTE"}  # beside AD and the domain that the records come from


class Variable(Strict):
    """One variable of an analysis dataset.

    ``type``: date and datetime are numbers with a format in SAS. ``length``: the longest text in bytes.
    ``codelist``: its name in ``common.yml``; a text may also be empty unless ``filled``. ``origin``: Derived,
    Assigned, or Predecessor and the variables that it copies. ``derivation``: how, in words. ``where``: which
    data or studies have the variable, "" for all. ``reason``: why the name isn't ADaM's own.
    """

    name: str = Field(pattern=NAME)
    label: str = Field(min_length=1, max_length=40, pattern=r"^[ -~]+$")
    type: Literal["text", "number", "date", "datetime"] = "number"
    length: int = Field(default=8, ge=1, le=_LONGEST)
    codelist: str = ""
    filled: bool = False
    origin: str = Field(default="Derived", pattern=_ORIGIN)
    derivation: str = ""
    where: str = ""
    reason: str = ""

    @model_validator(mode="after")
    def _says_how_it_is_derived(self) -> Variable:
        if not self.derivation and not self.predecessors:
            raise ValueError(f"{self.name} is {self.origin}: say how in `derivation`")
        return self

    @property
    def predecessors(self) -> list[str]:
        """Return the variables that this one copies, such as ``DM.SEX``."""
        return self.origin.removeprefix("Predecessor: ").split(", ") if ":" in self.origin else []

    @property
    def format(self) -> str:
        """Return its format in SAS, "" for none."""
        return {"date": "DATE9.", "datetime": "DATETIME20."}.get(self.type, "")

    def is_conventional(self, structure: Structure) -> bool:
        """Tell whether ADaM defines the name, or a fragment that it ends with, for such a variable.

        A copy keeps its name; flags end with FL, dates with DT, DTM, DY and DTF (ADaMIG 1.3, 3.1.4), what a
        subject has at baseline with BL.
        """
        if _DEFINED.fullmatch(self.name) or self.name in [one.split(".")[1] for one in self.predecessors]:
            return True
        ends = {"FL": "text", "DT": "date", "DTM": "datetime", "DY": "number", "DTF": "text"}
        if structure == "SUBJECT LEVEL ANALYSIS DATASET":
            ends["BL"] = "number"
        return any(self.name.endswith(end) and self.type == kind for end, kind in ends.items())


class Parameter(Strict):
    """One parameter of a dataset: PARAMCD, PARAM, and how its values are derived."""

    code: str = Field(min_length=1)
    label: str = Field(min_length=1, max_length=_LONGEST)
    derivation: str = ""


class Dataset(Strict):
    """One analysis dataset.

    ``structure`` is ADaM's class, ``records`` says what a record is. ``keys``: variables that tell records
    apart, in the order of the records where there are any. ``sources``: domains and datasets that it is
    derived from, the first of which is ``domain``, where that is one without which there are no records.
    ``parameters``: those that are known beforehand; ``further``: where others come from, "" for none.
    ``untraced``: why no record names the one that it comes from. ``reason``: why its name isn't AD and a
    domain.
    """

    name: str = Field(pattern=r"^AD[A-Z0-9]{1,6}$")
    label: str = Field(min_length=1, max_length=40, pattern=r"^[ -~]+$")
    structure: Structure
    records: str = Field(min_length=1)
    keys: list[str] = Field(min_length=1)
    sources: list[str] = Field(min_length=1)
    domain: str = ""
    variables: list[Variable]
    parameters: list[Parameter] = []
    further: str = ""
    untraced: str = ""
    reason: str = ""

    @model_validator(mode="after")
    def _follows_the_convention(self) -> Dataset:
        names = self.names
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{self.name} has {', '.join(twice)} twice")
        if missing := sorted({*_REQUIRED[self.structure], *self.keys} - set(names)):
            raise ValueError(f"{self.name} lacks {', '.join(missing)}, which its structure or its keys need")
        basic = self.structure == "BASIC DATA STRUCTURE"
        if basic and not {"AVAL", "AVALC"} & set(names):
            raise ValueError(f"{self.name} has neither AVAL nor AVALC")
        for variable in self.variables:
            if not variable.reason and not variable.is_conventional(self.structure):
                raise ValueError(f"{self.name}.{variable.name} is no name of ADaM: say why in `reason`")
        if not self.reason and self.name not in _OF_CONVENTION | {f"AD{one}" for one in self.sources}:
            raise ValueError(f"{self.name} is not AD and one of its domains: say why in `reason`")
        numbered = any(re.fullmatch(r"SRCSEQ|(?!AS)[A-Z]{2}SEQ", name) for name in names)
        if self.structure != "SUBJECT LEVEL ANALYSIS DATASET" and numbered == bool(self.untraced):
            raise ValueError(f"{self.name} needs SRCSEQ or its domain's --SEQ, or says why not in `untraced`")
        return self

    @property
    def names(self) -> list[str]:
        """Return the names of the variables, in order."""
        return [variable.name for variable in self.variables]


class Specification(Strict):
    """All analysis datasets, in order, and the codelists: name to code to what it means."""

    datasets: list[Dataset]
    codelists: dict[str, dict[str, str]]

    @model_validator(mode="after")
    def _knows_its_codelists(self) -> Specification:
        for dataset in self.datasets:
            for variable in dataset.variables:
                if variable.codelist and variable.codelist not in self.codelists:
                    raise ValueError(f"{dataset.name}.{variable.name}: no codelist {variable.codelist}")
        return self

    def __getitem__(self, name: str) -> Dataset:
        """Return a dataset by its name, in any case; KeyError where there is none."""
        found = next((one for one in self.datasets if one.name == name.upper()), None)
        if found is None:
            raise KeyError(name)
        return found


def read_specification(folder: Path) -> Specification:
    """Return the specification of a folder, its datasets in the order of their names, ADSL first.

    A variable with nothing but its name is as ``common.yml`` says; what a dataset says counts before that. A
    text with a codelist is as long as the longest code. Raises ParameterError with file and fault.
    """
    shared = read_yaml(folder / f"{COMMON}.yml")
    codelists = {name: _texts(values) for name, values in shared["codelists"].items()}
    datasets = []
    for path in sorted(folder.glob("ad*.yml"), key=lambda path: (path.stem != "adsl", path.stem)):
        tree = read_yaml(path)
        named = tree["variables"] | _marks(tree.get("domain", ""))
        tree["variables"] = [
            _variable(name, shared["variables"].get(name), own, codelists) for name, own in named.items()
        ]
        tree["parameters"] = [
            {"code": code, **(own if isinstance(own, dict) else {"label": own})}
            for code, own in tree.get("parameters", {}).items()
        ]
        datasets.append(validate(Dataset, {"name": path.stem.upper(), **tree}, path))
    return Specification(datasets=datasets, codelists=codelists)


def _marks(domain: str) -> dict[str, dict[str, Any]]:
    """Return the variables that say whether the data hold a domain (``csrkit.absence``)."""
    if not domain:
        return {}
    mark = {"codelist": "Y", "filled": True, "derivation": "Y in every record"}
    return {
        f"{domain}SRCFL": {"label": f"Data Hold Domain {domain} Flag", "where": f"the data hold {domain}"}
        | mark,
        f"{domain}ABSFL": {"label": f"Domain {domain} Is Absent Flag", "where": f"they do not hold {domain}"}
        | mark,
    }


def _texts(values: Mapping[object, object]) -> dict[str, str]:
    return {str(code): str(meaning) for code, meaning in values.items()}


def _variable(
    name: str, shared: Mapping[str, Any] | None, own: Mapping[str, Any] | None, codelists: Mapping[str, Any]
) -> dict[str, Any]:
    found = {"name": name, **(shared or {}), **(own or {})}
    if codes := codelists.get(found.get("codelist", "")):
        found = {"type": "text", "length": max(len(code.encode()) for code in codes), **found}
    return found


def as_page(specification: Specification, head: str) -> str:
    """Return the specification as a page of documentation in Markdown, after the lines of ``head``."""
    lines = [head.rstrip(), ""]
    lines += ["| dataset | label | structure | a record |", "|---|---|---|---|"]
    lines += [
        f"| [{one.name}](#{one.name.lower()}) | {one.label} | {_small(one.structure)} "
        f"| {_cell(one.records)} |"
        for one in specification.datasets
    ]
    for dataset in specification.datasets:
        lines += _section(dataset)
    lines += ["", "## Codelists", "", "| codelist | codes |", "|---|---|"]
    for name, codes in specification.codelists.items():
        lines.append(f"| {name} | {_cell('; '.join(f'`{code}` {text}' for code, text in codes.items()))} |")
    return "\n".join(lines) + "\n"


def _section(dataset: Dataset) -> list[str]:
    lines = ["", f"## {dataset.name}", "", f"{dataset.label}. {dataset.records}."]
    lines += [f"Keys: {', '.join(dataset.keys)}. From: {', '.join(dataset.sources)}."]
    lines += [text for text in (dataset.reason, dataset.untraced) if text]
    lines += ["", "| variable | label | type | codes | origin | how |", "|---|---|---|---|---|---|"]
    for variable in dataset.variables:
        kind = f"text {variable.length}" if variable.type == "text" else variable.type
        how = [variable.derivation, f"Only where {variable.where}" if variable.where else ""]
        how.append(f"Name: {variable.reason}" if variable.reason else "")
        told = " ".join(f"{part}." for part in how if part)
        cells = [f"`{variable.name}`", variable.label, kind, variable.codelist, variable.origin, told]
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    if dataset.parameters or dataset.further:
        lines += ["", f"Parameters. {dataset.further}".rstrip()]
    if dataset.parameters:
        lines += ["", "| PARAMCD | PARAM | how |", "|---|---|---|"]
        lines += [
            f"| `{one.code}` | {_cell(one.label)} | {_cell(one.derivation)} |" for one in dataset.parameters
        ]
    return lines


def _small(structure: str) -> str:
    return structure.lower().replace("adam", "ADaM")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
