"""Findings: one row for each subject, variable and rule, with the sentence a data manager needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from csrkit.errors import DataError
from csrkit.sdtm.read import FINDINGS

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
