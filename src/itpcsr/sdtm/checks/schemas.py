"""What must hold of one table by itself, declared as pandera schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from csrkit.sdtm.dates import are_usual, plain_date
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks import rules as f
from itpcsr.sdtm.checks.rules import NUMBER, REALITY, REPORT, SDTM, TERMS, TRIAL_DESIGN, Rule, Tables, declare
from itpcsr.study import Study

# Without these domains there are no subjects or no treatment, so there is no report.
REQUIRED_DOMAINS = ("DM", "EX")
# What the derivations and rules can't do without, where the domain is there at all.
REQUIRED_VARIABLES = {
    "DM": ("STUDYID", "USUBJID", "ARMCD", "ARM", "AGE", "SEX"),
    "EX": ("USUBJID", "EXSEQ", "EXTRT", "EXDOSE", "EXSTDTC"),
    "AE": ("USUBJID", "AESEQ", "AETERM", "AEDECOD", "AEBODSYS", "AESTDTC", "AESER"),
    "LB": ("USUBJID", "LBSEQ", "LBTESTCD", "LBTEST", "LBSTRESN", "LBSTRESU", "LBDTC"),
    "VS": ("USUBJID", "VSSEQ", "VSTESTCD", "VSSTRESN", "VSSTRESU", "VSDTC"),
    "DS": ("USUBJID", "DSSEQ", "DSDECOD", "DSCAT", "DSSTDTC"),
    "MH": ("USUBJID", "MHSEQ", "MHTERM"),
    "CM": ("USUBJID", "CMSEQ", "CMTRT"),
    "PR": ("USUBJID", "PRSEQ", "PRTRT"),
    "QS": ("USUBJID", "QSTESTCD"),
    "SUPPAE": ("USUBJID", "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QVAL"),
}
# Text that the derivations read, beside what is required.
_TEXT = {
    "DM": ("ACTARMCD", "RFICDTC", "RFSTDTC", "RFPENDTC", "DTHFL", "DTHDTC", "SUBJID", "SITEID", "RACE"),
    "EX": ("EXENDTC", "EXDOSU", "EXOCCUR", "EXADJ"),
    "AE": ("AEENDTC", "AEREL", "AEOUT", "AEACN", "AESDTH", "AETOXGR", "AESEV"),
    "LB": ("LBSTRESC", "LBBLFL", "VISIT"),
    "VS": ("VSBLFL",),
    "DS": ("DSSCAT", "DSTERM"),
    "MH": ("MHDECOD", "MHSTDTC"),
    "CM": ("CMCAT", "CMDECOD", "CMSTDTC"),
    "PR": ("PRCAT", "PRDECOD", "PRSTDTC"),
    "QS": ("QSCAT", "QSDTC", "QSSTRESN", "VISIT"),
    "SC": ("SCTESTCD", "SCSTRESN"),
}
_YES = "allowed: Y or N, else it counts as no. Correct it."

_RULES = [
    Rule("STR-01", f.ERROR, "A required domain is there", REPORT),
    Rule("STR-02", f.ERROR, "Required variables are there", REPORT),
    Rule("STR-03", f.ERROR, "Text is text and numbers are numbers", SDTM),
    Rule("DATE-01", f.ERROR, "Dates are ISO 8601, and the calendar has them", SDTM),
    Rule("TERM-01", f.ERROR, "Yes-or-no variables hold Y or N", REPORT),
    Rule("TERM-02", f.ERROR, "Severity is one that can be read", REPORT),
    Rule("TERM-03", f.WARNING, "SEX is a term of its codelist", TERMS),
    Rule("TERM-04", f.WARNING, "AEREL is a term whose meaning is known", REPORT),
    Rule("TERM-05", f.WARNING, "AEOUT is a term of its codelist", TERMS),
    Rule("TERM-06", f.WARNING, "AEACN is a term of its codelist", TERMS),
    Rule("TERM-07", f.WARNING, "DSCAT is a term of its codelist", TERMS),
    Rule("TERM-08", f.NOTE, "EPOCH is a term of its codelist", TERMS),
    Rule("TERM-09", f.NOTE, "The reference range indicator is a term of its codelist", TERMS),
    Rule("TERM-10", f.WARNING, "Result status is empty or NOT DONE", TERMS),
    Rule("TERM-11", f.WARNING, "Seriousness criteria hold Y or N", TERMS),
    Rule("TERM-12", f.NOTE, "Age is in years", TERMS),
    Rule("VAL-01", f.ERROR, "AGE is possible", REALITY),
    Rule("EX-01", f.ERROR, "A dose isn't negative", REALITY),
]
for _rule in _RULES:
    declare(_rule)


def structure_faults(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (rule, findings) for missing domains and variables, and for wrong types."""
    found = ", ".join(tables.names) or "nothing"
    for name in REQUIRED_DOMAINS:
        if name not in tables:
            sentence = f"Domain {name} is missing; it is required. Found: {found}."
            yield "STR-01", f.overall(name, "", "", sentence).assign(message=sentence)
    for name in tables.names:
        source = " and ".join(map(str, tables.trial.sources.get(name, (name,))))
        for error in _errors(_structure(name), tables.trial[name]):
            if error.reason_code == SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME:
                variable = str(error.failure_cases)
                sentence = f"{source}: domain {name} lacks {variable}."
                yield "STR-02", f.overall(name, variable, "", sentence).assign(message=sentence)
            else:
                yield "STR-03", f.overall(name, str(error.schema.name), "", str(error.check.error))


def _structure(name: str) -> pa.DataFrameSchema:
    required = REQUIRED_VARIABLES.get(name, ())
    optional = [variable for variable in _TEXT.get(name, ()) if variable not in required]
    return pa.DataFrameSchema(
        {
            variable: pa.Column(None, _typed(variable), nullable=True, required=variable in required)
            for variable in [*required, *optional]
        }
    )


def _typed(variable: str) -> pa.Check:
    if NUMBER.match(variable):
        return pa.Check(_is_number, error=f"{variable} is text, but has to be a number. Export it anew.")
    return pa.Check(_is_text, error=f"{variable} is numeric; SDTM has text there. Export it anew.")


def _is_number(column: pd.Series) -> bool:
    return column.empty or pd.api.types.is_numeric_dtype(column)


def _is_text(column: pd.Series) -> bool:
    return column.empty or pd.api.types.is_string_dtype(column)


def content_faults(tables: Tables, study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (rule, findings) for values that a table's schema doesn't allow."""
    for name in tables.of_subjects:
        table = tables[name]
        for error in _errors(_content(name, table, study), table):
            wrong = table.loc[error.check_output.index[~error.check_output]]
            yield str(error.check.name), f.values(name, wrong, str(error.schema.name), str(error.check.error))


def _errors(schema: pa.DataFrameSchema, table: pd.DataFrame) -> Iterable[SchemaError]:
    try:
        schema.validate(table, lazy=True)
    except SchemaErrors as errors:
        return list(errors.schema_errors)
    return []


def _content(name: str, table: pd.DataFrame, study: Study) -> pa.DataFrameSchema:
    """Return the schema of a domain's content; variables that it lacks are no fault here."""
    checks: dict[str, list[pa.Check]] = {
        variable: [_date()] for variable in table.columns if variable.endswith("DTC")
    }
    for variable, check in [*_own_checks(name, study), *_common_checks(name)]:
        if variable in table:
            checks.setdefault(variable, []).append(check)
    return pa.DataFrameSchema(
        {variable: pa.Column(None, own, nullable=True) for variable, own in checks.items()}
    )


def _common_checks(name: str) -> Iterator[tuple[str, pa.Check]]:
    if name in TRIAL_DESIGN:
        return
    yield "EPOCH", _one_of("TERM-08", known_labels.EPOCHS, "no term of the codelist EPOCH.")
    yield f"{name}NRIND", _one_of("TERM-09", known_labels.INDICATORS, "no term of the codelist NRIND.")
    yield f"{name}STAT", _one_of("TERM-10", ("", "NOT DONE"), "allowed: NOT DONE or nothing.")


def _own_checks(name: str, study: Study) -> Iterator[tuple[str, pa.Check]]:
    if name == "DM":
        yield "SEX", _one_of("TERM-03", (*known_labels.SEX, ""), f"allowed: {', '.join(known_labels.SEX)}.")
        yield "AGE", _between("VAL-01", *known_labels.AGE, "no age that a person can have. Correct it.")
        yield "AGEU", _one_of("TERM-12", ("", "YEARS"), "AGE is reported in years.")
    elif name == "EX":
        yield "EXDOSE", _between("EX-01", 0, float("inf"), "EXDOSE is negative. Correct it.")
        yield "EXOCCUR", _one_of("TERM-01", known_labels.YES_NO, _YES)
    elif name == "AE":
        yield from _event_checks(study)
    elif name == "DS":
        shown = ", ".join(known_labels.CATEGORIES)
        yield "DSCAT", _one_of("TERM-07", known_labels.CATEGORIES, f"only {shown} are read. Correct it.")


def _event_checks(study: Study) -> Iterator[tuple[str, pa.Check]]:
    yield "AESER", _one_of("TERM-01", known_labels.YES_NO, _YES)
    yield "AESDTH", _one_of("TERM-01", known_labels.YES_NO, _YES)
    for criterion in known_labels.SERIOUS:
        if criterion != "AESDTH":
            yield criterion, _one_of("TERM-11", known_labels.YES_NO, "allowed: Y or N.")
    variable = study.safety.severity_variable
    if variable == "AETOXGR":
        yield variable, _matches("TERM-02", f"^$|^{known_labels.GRADE}$", "allowed are the grades 1 to 5.")
    else:
        yield (
            variable,
            _matches("TERM-02", "^$|^MILD$|^MODERATE$|^SEVERE$", "allowed are MILD, MODERATE and SEVERE."),
        )
    related = {value.upper() for value in study.safety.related_values} | set(known_labels.UNRELATED)
    text = (
        "a word that the study file doesn't name, so the event counts as not related. Add it to "
        "related_values or correct it."
    )
    yield "AEREL", _one_of("TERM-04", related, text, fold=True)
    text = "no term of the codelist OUT. Only FATAL counts as fatal."
    yield "AEOUT", _one_of("TERM-05", known_labels.OUTCOMES, text)
    text = "no term of the codelist ACN. Only DRUG WITHDRAWN counts as withdrawal of treatment."
    yield "AEACN", _one_of("TERM-06", known_labels.ACTIONS, text, fold=True)


def _check(rule: str, text: str, holds: Callable[[pd.Series], pd.Series]) -> pa.Check:
    # the finding is made from the check's own answer, so pandera needn't collect every failing value
    return pa.Check(holds, name=rule, error=text, n_failure_cases=1, ignore_na=False)


def _one_of(rule: str, allowed: Iterable[str], text: str, fold: bool = False) -> pa.Check:
    known = frozenset(allowed)
    return _check(
        rule, text, lambda column: _by_value(column, lambda v: (v.str.upper() if fold else v).isin(known))
    )


def _matches(rule: str, pattern: str, text: str) -> pa.Check:
    return _check(rule, text, lambda column: _by_value(column, lambda values: values.str.match(pattern)))


def _between(rule: str, low: float, high: float, text: str) -> pa.Check:
    return _check(rule, text, lambda column: column.isna() | column.between(low, high))


def _date() -> pa.Check:
    text = "dates are ISO 8601 in local time, e.g. 2020-03-10T08:30, 2020-03-10 or 2020-03. Correct it."
    return _check("DATE-01", text, lambda column: _by_value(column, _is_date))


def _is_date(text: pd.Series) -> pd.Series:
    """True for ISO 8601 dates, partial ones included, that the calendar has."""
    days = text.str[:10].where(text.str.match(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"))
    exists = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce").notna() | days.isna()
    known = are_usual(text)
    known[~known] = text[~known].map(lambda value: plain_date(value) is not None).astype(bool)
    return known & exists


def _by_value(column: pd.Series, holds: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Ask a question once per different value: a trial of ten thousand has few of them."""
    codes, unique = pd.factorize(column)
    answers = holds(pd.Series(unique, dtype="str")).to_numpy(dtype=bool)
    return pd.Series(answers[codes] if len(answers) else True, index=column.index, dtype=bool)
