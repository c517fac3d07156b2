"""The registry of rules, the findings that they yield, and the trial as they see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from csrkit.errors import DataError
from csrkit.sdtm.read import FINDINGS, Trial
from csrkit.sdtm.select import is_performed
from itpcsr.sdtm.exposure import join_parts
from itpcsr.study import Study

# Findings: one row for each subject, variable and rule, with the sentence a data manager needs.

COLUMNS = FINDINGS
ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)  # in the order in which findings are listed
_LINES_SHOWN = 20
_LEAD = "{variable} of {subject} is {shown}{where}; "


def no_findings() -> pd.DataFrame:
    """Return findings without rows."""
    return pd.DataFrame({name: pd.Series([], dtype="str") for name in COLUMNS})


_NONE = no_findings()


def values(domain: str, rows: pd.DataFrame, variable: str, text: str) -> pd.DataFrame:
    """Return one finding per subject whose value of ``variable`` is wrong; ``text`` says why and what to do.

    ``rows`` are the offending records with USUBJID. The first one's value stands for all; the message names
    its sequence number and says how many more there are, so nothing is lost. ``text`` may quote other
    columns of that first record, as in ``{ARMCD}`` or ``{planned:g}``.
    """
    return sentences(domain, rows, variable, _LEAD + text)


def sentences(domain: str, rows: pd.DataFrame, variable: str, text: str) -> pd.DataFrame:
    """Return one finding per subject with ``text`` as the whole sentence.

    Beside the columns of the record, ``text`` may quote ``{variable}``, ``{subject}``, ``{shown}`` (the value
    as a reader sees it), ``{where}`` (which record, and how many more) and ``{records}`` (how many in all).
    """
    if rows.empty:
        return _NONE
    first = rows.drop_duplicates("USUBJID")
    counts = rows["USUBJID"].value_counts().reindex(first["USUBJID"]).to_numpy()
    shown = first[variable] if variable in first else pd.Series("", index=first.index)
    records: list[dict[str, Any]] = first.to_dict("records")  # type: ignore[assignment]
    parts = [
        {
            "subject": record["USUBJID"] or "a record without USUBJID",
            "variable": variable,
            "shown": show(value),
            "where": _where(domain, record, variable, int(count)),
            "records": int(count),
        }
        for record, value, count in zip(records, shown, counts, strict=True)
    ]
    return pd.DataFrame(
        {
            "domain": domain,
            "subject": first["USUBJID"].to_numpy(),
            "variable": variable,
            "value": [plain(value) for value in shown],
            "message": [
                f"{domain}: {text.format_map({**record, **part})}"
                for record, part in zip(records, parts, strict=True)
            ],
        },
        dtype="str",
    )


def overall(domain: str, variable: str, value: object, text: str) -> pd.DataFrame:
    """Return one finding about a whole domain; ``text`` is the sentence."""
    row = {"domain": domain, "subject": "", "variable": variable, "value": plain(value)}
    return pd.DataFrame([{**row, "message": f"{domain}: {text}" if domain else text}], dtype="str")


def plain(value: object) -> str:
    """Return a value as text: numbers without needless zeros, nothing for a missing one."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.10g}"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return "" if value is None or value is pd.NaT else str(value)


def show(value: object) -> str:
    """Return a value as a sentence quotes it."""
    text = plain(value)
    if not text:
        return "empty"
    return text if isinstance(value, float) else repr(text)


def listed(names: Iterable[object]) -> str:
    """List the first five names and say how many more there are."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - 5} more" if len(texts) > 5 else ""
    return ", ".join(texts[:5]) + more


def _where(domain: str, record: dict[str, Any], variable: str, count: int) -> str:
    sequence = f"{domain}SEQ"
    number = plain(record.get(sequence, "")) if sequence != variable else ""
    more = f"{count - 1} more record{'s' if count > 2 else ''}" if count > 1 else ""
    if number:
        return f" ({sequence} {number}{f' and {more}' if more else ''})"
    return f" (and {more})" if more else ""


def in_order(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings in a total order: severity, rule, domain, subject, variable, value."""
    rank = findings["severity"].map({name: place for place, name in enumerate(SEVERITIES)})
    keys = ["rank", *(name for name in COLUMNS if name != "severity")]
    return findings.assign(rank=rank).sort_values(keys, ignore_index=True)[COLUMNS]


def raise_errors(findings: pd.DataFrame) -> None:
    """Stop where there are findings of severity error, with all of them in one message.

    Raises
    ------
    DataError
        With one line per error; after twenty lines, how many more there are.
    """
    errors = findings.loc[findings["severity"] == ERROR, "message"].tolist()
    if not errors:
        return
    lines = errors[:_LINES_SHOWN]
    if len(errors) > _LINES_SHOWN:
        lines.append(
            f"… and {len(errors) - _LINES_SHOWN} more; see findings.csv (`itpcsr check --findings`)."
        )
    raise DataError("The trial data can't be used:\n" + "\n".join(f"  {line}" for line in lines))


# The trial as the rules see it: whatever the data look like, a table has the variables asked for.

# Domains that describe the trial; they have no subjects.
TRIAL_DESIGN = ("TA", "TD", "TE", "TI", "TM", "TS", "TV")
# SDTM variables that are numbers; all others that rules read are text.
NUMBER = re.compile(
    r"^(?:VISITNUM|VISITDY|AGE|TAETORD|.{2}(?:SEQ|DY|STDY|ENDY|DOSE|STRESN|STNRLO|STNRHI|TPTNUM|DUR[NX]|LLOQ))$"
)
_DAY, _MINUTE = 10, 16  # characters of an ISO 8601 date, and of one with a time


class Tables:
    """Domains with text as ``str`` ("" for missing), numbers as ``float64``, rows numbered from 0."""

    def __init__(self, trial: Trial) -> None:
        """Take a trial; its tables are tidied when they are asked for."""
        self.trial = trial
        self._tables: dict[str, pd.DataFrame] = {}
        self._different: dict[tuple[str, str], pd.Index] = {}
        self._subjects: dict[str, tuple[np.ndarray, pd.Index]] = {}
        self._selected: dict[str, pd.DataFrame] = {}
        self._parsed: dict[tuple[str, str, int], pd.Series] = {}

    @property
    def names(self) -> list[str]:
        """Return the names of the domains in order."""
        return sorted(self.trial.domains)

    @property
    def of_subjects(self) -> list[str]:
        """Return the domains whose records belong to subjects."""
        return [name for name in self.names if "USUBJID" in self[name]]

    def __contains__(self, name: str) -> bool:
        """Tell whether the domain is there, even with no rows."""
        return name in self.trial.domains

    def has(self, need: str) -> bool:
        """Tell whether a domain (``DM``), or one's variable (``DM.AGE``) with its subjects, is there."""
        name, _, variable = need.partition(".")
        if name not in self:
            return False
        return not variable or {variable, "USUBJID"} <= set(self[name].columns)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a domain with the variables that it has."""
        if name not in self._tables:
            self._tables[name] = _tidy(self.trial[name])
        return self._tables[name]

    def get(self, name: str, *variables: str) -> pd.DataFrame:
        """Return subject, sequence number and these variables; what the domain lacks is missing there."""
        table = self[name]
        kept = [column for column in ("USUBJID", f"{name}SEQ", *variables) if column in table]
        added = {
            variable: _missing(variable, table.index)
            for variable in ("USUBJID", *variables)
            if variable not in table
        }
        table = table[list(dict.fromkeys(kept))]
        return table.assign(**added) if added else table.copy(deep=False)

    def day(self, name: str, variable: str) -> pd.Series:
        """Return the days of complete dates, NaT for others."""
        return self._parse(name, variable, _DAY)

    def minute(self, name: str, variable: str) -> pd.Series:
        """Return date and time to the minute, NaT where there is no time."""
        return self._parse(name, variable, _MINUTE)

    def _parse(self, name: str, variable: str, length: int) -> pd.Series:
        key = (name, variable, length)
        if key not in self._parsed:
            self._parsed[key] = parse(self.get(name, variable)[variable], length)
        return self._parsed[key]

    def different(self, name: str, variable: str) -> pd.Index:
        """Return the different values of a variable; a domain of millions of records has few of them."""
        key = (name, variable)
        if key not in self._different:
            self._different[key] = pd.Index(self[name][variable].dropna().unique())
        return self._different[key]

    def per_record(self, name: str, values: pd.Series) -> pd.Series:
        """Return a value by subject for every record of a domain, missing where the subject has none."""
        if name not in self._subjects:
            codes, unique = pd.factorize(self[name]["USUBJID"])
            self._subjects[name] = codes.astype("int32"), pd.Index(unique)
        codes, subjects = self._subjects[name]
        return pd.Series(values.reindex(subjects).array.take(codes), index=self[name].index)

    def once(self, name: str, select: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return what ``select`` gives, made once under this name: several rules look at it."""
        if name not in self._selected:
            self._selected[name] = select()
        return self._selected[name]

    def forget_selected(self) -> None:
        """Let go of what was made ``once``: the rules that look at it are those of one module, in a row."""
        self._selected.clear()

    @cached_property
    def infusions(self) -> pd.DataFrame:
        """Return administrations given, in order of time: start and end as day and, if known, minute."""
        ex = self.get(
            "EX", "EXTRT", "EXDOSE", "EXDOSU", "EXADJ", "EXSTDTC", "EXENDTC", "EXOCCUR", "EXPRESP", "EXSTAT"
        )
        for variable, name in (("EXSTDTC", "start"), ("EXENDTC", "end")):
            ex[f"{name}_day"] = self.day("EX", variable)
            ex[f"{name}_time"] = self.minute("EX", variable)
        return ex[is_performed("EX", ex) & ex["start_day"].notna()].sort_values(
            ["USUBJID", "EXSTDTC"], kind="stable"
        )

    def administrations(self, study: Study) -> pd.DataFrame:
        """Return infusions as the derivations count them: one in parts is one (a study of infusions)."""
        return join_parts(self.infusions) if study.design.infusion_days else self.infusions

    @cached_property
    def first_day(self) -> pd.Series:
        """Return the day of the first administration by subject."""
        return self.infusions.groupby("USUBJID")["start_day"].min()

    @cached_property
    def first_time(self) -> pd.Series:
        """Return the start of the first administration by subject, NaT where it has no time."""
        return self.infusions.drop_duplicates("USUBJID").set_index("USUBJID")["start_time"]

    def by_subject(self, variable: str) -> pd.Series:
        """Return a variable of DM by subject; the first where a subject appears twice."""
        dm = self.get("DM", variable).drop_duplicates("USUBJID")
        return dm.set_index("USUBJID")[variable]

    def day_by_subject(self, variable: str) -> pd.Series:
        """Return a date of DM by subject, NaT where it isn't complete."""
        return parse(self.by_subject(variable), _DAY)


def look_up(values: pd.Series, subjects: pd.Series) -> pd.Series:
    """Return each record's value by its subject, missing where the subject has none."""
    return values.reindex(subjects.to_numpy()).set_axis(subjects.index)


def study_days(days: pd.Series, first: pd.Series) -> pd.Series:
    """Return study days: the first infusion is on Day 1, the day before is Day -1."""
    apart = (days - first).dt.days.astype("float64")
    return apart + (apart >= 0)


def parse(text: pd.Series, length: int) -> pd.Series:
    """Return days (length 10) or minutes (16) of ISO 8601 texts, NaT for shorter and impossible ones.

    Trials repeat few days and fewer times of day, so only the different ones are parsed.
    """
    enough = text.str.len() >= length
    moments = _parse_unique(text.str[:_DAY], "%Y-%m-%d")
    if length > _DAY:
        times = _parse_unique("1970-01-01" + text.str[_DAY:_MINUTE], "%Y-%m-%dT%H:%M")
        moments = moments + (times - pd.Timestamp("1970-01-01"))
    return moments.where(enough)


def _parse_unique(text: pd.Series, pattern: str) -> pd.Series:
    codes, unique = pd.factorize(text)
    parsed = pd.to_datetime(pd.Series(unique, dtype="str"), format=pattern, errors="coerce", exact=True)
    return pd.Series(parsed.astype("datetime64[us]").to_numpy()[codes], index=text.index)


def _missing(variable: str, index: pd.Index) -> pd.Series:
    if NUMBER.match(variable):
        return pd.Series(float("nan"), index=index, dtype="float64")
    return pd.Series("", index=index, dtype="str")


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of known types, so that no rule has to ask."""
    table = frame.set_axis(frame.columns.astype(str), axis=1).reset_index(drop=True)
    table = table.loc[:, ~table.columns.duplicated()]
    changed = {}
    for name in table.columns:
        column = table[name]
        if NUMBER.match(name):
            if column.dtype != "float64":
                changed[name] = pd.to_numeric(column, errors="coerce").astype("float64")
        elif column.dtype != "str":
            changed[name] = _as_text(column)
        elif column.hasnans:
            changed[name] = column.fillna("")
    return table.assign(**changed) if changed else table


def _as_text(column: pd.Series) -> pd.Series:
    text = column.astype("str").fillna("").astype("str")
    if pd.api.types.is_numeric_dtype(column):
        text = text.str.replace(r"\.0$", "", regex=True).mask(column.isna(), "")
    return text.astype("str")


# The registry of rules: each has an id, a severity, a title and the standard or protocol it comes from.

Find = Callable[[Tables, Study], Iterator[pd.DataFrame]]

# Where a rule comes from.
SDTM = "SDTMIG 3.4"
TERMS = "CDISC controlled terminology"
PROTOCOL = "protocol (study file)"
REPORT = "what the derivations read"
REALITY = "what is possible"
IWG = "IWG 2009, Blood 113:2386"


@dataclass(frozen=True)
class Rule:
    """One rule.

    ``needs`` names what it can't be applied without: ``DM`` a domain, ``LB.LBDTC`` a variable. ``find``
    yields frames of findings without rule and severity; it is None for a rule that a schema declares.
    """

    id: str
    severity: str
    title: str
    source: str
    needs: tuple[str, ...] = ()
    find: Find | None = None

    def applies(self, tables: Tables) -> bool:
        """Tell whether the data hold all that the rule needs."""
        return all(tables.has(need) for need in self.needs)


RULES: dict[str, Rule] = {}


def declare(rule: Rule) -> None:
    """Add a rule; its id must be new."""
    if rule.id in RULES:
        raise ValueError(f"rule {rule.id} is declared twice")
    RULES[rule.id] = rule


def rule(id: str, severity: str, title: str, source: str, needs: str = "") -> Callable[[Find], Find]:
    """Register a function as a rule; ``needs`` holds domains and variables divided by blanks."""

    def register(find: Find) -> Find:
        declare(Rule(id, severity, title, source, tuple(needs.split()), find))
        return find

    return register
