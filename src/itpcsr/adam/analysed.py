"""The trial data as the derivations take them: what took place, one record for one thing, one name for it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label, fold_terms, term_key
from csrkit.sdtm.participation import is_fatal
from csrkit.sdtm.select import keep_performed, key_text
from itpcsr.sdtm import Trial
from itpcsr.sdtm.exposure import join_parts
from itpcsr.study import Study

# One adverse event recorded over several lines, such as a line for each change of its grade.

_DAY = 10
_CRITERIA = ("AESER", "AESDTH", "AESHOSP", "AESLIFE", "AESDISAB", "AESCONG", "AESMIE", "AESCAN", "AESOD")
_SEVERITY = ("MILD", "MODERATE", "SEVERE")
# From the gravest action with treatment down; what isn't named is less than these.
_ACTIONS = ("DRUG WITHDRAWN", "DRUG INTERRUPTED", "DOSE REDUCED", "DOSE RATE REDUCED")
_AT_END = ("AEENDTC", "AEENDY", "AEOUT", "AEENRTPT", "AEENTPT", "AEENRF")


def join_lines(ae: pd.DataFrame, suppae: pd.DataFrame | None, study: Study) -> dict[str, pd.DataFrame]:
    """Return AE, and SUPPAE where there is one, with one record for each event.

    Lines are one event where the data say so: they have the same AEGRPID and the same preferred term of one
    subject, and follow one another, each beginning not later than the day after the end of those before it
    (a line without a complete date doesn't part them). The event has sequence number, term and start of its
    first line, end and outcome of its last, the worst grade and severity of all, and is serious, related or
    fatal if any of them is. Its action with treatment is the gravest one. A supplemental flag of any line is
    the event's.
    """
    given = {"AE": ae} if suppae is None else {"AE": ae, "SUPPAE": suppae}
    if "AEGRPID" not in ae or not {"AESEQ", "AEDECOD", "AESTDTC"} <= set(ae.columns):
        return given
    event = _number_events(ae)
    if event.is_unique:
        return given
    ordered = ae.assign(EVENT=event).sort_values(["EVENT", "AESTDTC", "AESEQ"], kind="stable")
    joined = _join(ordered, study)
    sequence = ordered.groupby("EVENT")["AESEQ"].transform("first")
    given["AE"] = joined.sort_index()[list(ae.columns)].astype(ae.dtypes.to_dict()).reset_index(drop=True)
    if suppae is not None and {"IDVAR", "IDVARVAL"} <= set(suppae.columns):
        given["SUPPAE"] = _renumber(suppae, ordered, sequence)
    return given


def _number_events(ae: pd.DataFrame) -> pd.Series:
    frame = pd.DataFrame(
        {"subject": ae["USUBJID"], "group": ae["AEGRPID"].str.strip(), "term": term_key(ae["AEDECOD"])}
    )
    keys = ["subject", "group", "term"]
    start, end = (
        _day(ae[name]) if name in ae else pd.Series(pd.NaT, ae.index) for name in ("AESTDTC", "AEENDTC")
    )
    frame = frame.assign(start=start, end=end.fillna(pd.Timestamp.max.normalize()), text=ae["AESTDTC"])
    frame = frame.sort_values([*keys, "text"], kind="stable")
    same = (frame[keys] == frame[keys].shift()).all(axis=1) & (frame["group"] != "")
    reached = frame.groupby(keys)["end"].cummax().shift()
    gap = (frame["start"] - reached).dt.days > 1
    return (~(same & ~gap)).cumsum().reindex(ae.index)


def _day(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text.where(text.str.len() >= _DAY).str[:_DAY], format="%Y-%m-%d", errors="coerce")


def _join(ordered: pd.DataFrame, study: Study) -> pd.DataFrame:
    lines = ordered.groupby("EVENT")
    first = ordered.drop_duplicates("EVENT")
    of = first["EVENT"]
    last = ordered.drop_duplicates("EVENT", keep="last").set_index("EVENT")
    joined = first.copy()
    for name in (name for name in _AT_END if name in ordered):
        joined[name] = of.map(last[name])
    for name in (name for name in _CRITERIA if name in ordered):
        marked = (fold(ordered[name]) == "Y").groupby(ordered["EVENT"]).any()
        joined[name] = joined[name].mask(of.map(marked), "Y")
    related = [fold_label(value) for value in study.safety.related_values]
    for name, ranks in (
        ("AETOXGR", []),
        ("AESEV", _SEVERITY),
        ("AEREL", related[::-1]),
        ("AEACN", _ACTIONS[::-1]),
    ):
        if name in ordered:
            rank = ordered[name].str[-1:] if name == "AETOXGR" else _rank(ordered[name], ranks)
            worst = ordered.assign(RANK=rank).sort_values(["EVENT", "RANK"], kind="stable")
            joined[name] = of.map(worst.drop_duplicates("EVENT", keep="last").set_index("EVENT")[name])
    if "AEOUT" in ordered:
        fatal = is_fatal(ordered).groupby(ordered["EVENT"]).any()
        joined["AEOUT"] = joined["AEOUT"].mask(of.map(fatal) & of.map(lines.size() > 1), "FATAL")
    return joined


def _rank(values: pd.Series, ranks: list[str] | tuple[str, ...]) -> pd.Series:
    """Return the place of each value in the order given, 0 for none of them, -1 where nothing is recorded."""
    places = {name: float(place) for place, name in enumerate(ranks, start=1)}
    return fold(values).map(places).fillna(0.0).mask(values == "", -1.0)


def _renumber(suppae: pd.DataFrame, ordered: pd.DataFrame, sequence: pd.Series) -> pd.DataFrame:
    """Let the qualifiers of all lines belong to the event's record; of two values the larger one stays."""
    keys = pd.MultiIndex.from_arrays([ordered["USUBJID"], key_text(ordered["AESEQ"])])
    kept = pd.Series(key_text(sequence).to_numpy(), index=keys)
    kept = kept[~kept.index.duplicated()]
    rows = pd.MultiIndex.from_arrays([suppae["USUBJID"], key_text(suppae["IDVARVAL"])])
    found = pd.Series(kept.reindex(rows).to_numpy(), index=suppae.index)
    moved = (suppae["IDVAR"] == "AESEQ") & found.notna() & (found != key_text(suppae["IDVARVAL"]))
    joined = suppae.assign(IDVARVAL=suppae["IDVARVAL"].mask(moved, found).astype("str"))
    several = set(zip(joined.loc[moved, "USUBJID"], joined.loc[moved, "IDVARVAL"], strict=True))
    of_several = pd.Series(
        [pair in several for pair in zip(joined["USUBJID"], key_text(joined["IDVARVAL"]), strict=True)],
        index=joined.index,
    )
    one = (
        joined[of_several]
        .sort_values("QVAL")
        .drop_duplicates(["USUBJID", "IDVAR", "IDVARVAL", "QNAM"], keep="last")
    )
    return joined[~of_several | joined.index.isin(one.index)].reset_index(drop=True)


def as_analysed(trial: Trial, study: Study) -> Trial:
    """Return the trial that every derivation reads; doing it twice changes nothing.

    Records of what didn't take place are left out (``sdtm.performed``), a term has one spelling
    (``sdtm.spelling``), the lines of one adverse event are one record (``event_lines``), and the parts of one
    infusion are one administration (``sdtm.infusion_parts``; in a study that plans infusions). The checks
    look at the data as they came.
    """
    trial = keep_performed(trial)
    domains = {name: fold_terms(name, frame) for name, frame in trial.domains.items()}
    if "AE" in domains:
        domains |= join_lines(domains["AE"], domains.get("SUPPAE"), study)
    if "EX" in domains and study.design.infusion_days:
        domains["EX"] = join_parts(domains["EX"])
    return replace(trial, domains=domains)
