"""Adverse events: complete, and in agreement with themselves and with treatment."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import fold, fold_label
from csrkit.sdtm.select import key_text
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks.rules import (
    NOTE,
    PROTOCOL,
    REPORT,
    SDTM,
    WARNING,
    Tables,
    listed,
    look_up,
    overall,
    rule,
    study_days,
    values,
)
from itpcsr.study import Study

_NAME = "{AEDECOD!r}"
_FLAGS = "AE.AESEQ SUPPAE.QNAM EX.EXSTDTC"
_OPEN = ("NOT RECOVERED/NOT RESOLVED", "RECOVERING/RESOLVING")
_LIMITING_GRADE = 3  # lowest grade at which an event that isn't serious limits the dose
_CLOSED = ("RECOVERED/RESOLVED", "RECOVERED/RESOLVED WITH SEQUELAE")


def _events(tables: Tables, *variables: str) -> pd.DataFrame:
    return tables.get("AE", "AEDECOD", *variables)


@rule("AE-01", WARNING, "A serious event has a criterion of seriousness", "ICH E2A", "AE.AESER")
def _serious_without_criterion(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    criteria = [name for name in known_labels.SERIOUS if name in tables["AE"]]
    if criteria:
        ae = _events(tables, "AESER", *criteria)
        bare = ae[(ae["AESER"] == "Y") & ~(ae[criteria] == "Y").any(axis=1)]
        yield values("AE", bare, "AESER", f"but no criterion of seriousness is Y for {_NAME}. Fill it in.")


@rule("AE-02", WARNING, "A criterion of seriousness makes an event serious", "ICH E2A", "AE.AESER")
def _criterion_without_serious(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    criteria = [name for name in known_labels.SERIOUS if name in tables["AE"]]
    ae = _events(tables, "AESER", *criteria)
    met = ae[(ae["AESER"] != "Y") & (ae[criteria] == "Y").any(axis=1)]
    yield values(
        "AE", met, "AESER", f"but a criterion of seriousness is Y for {_NAME}. It doesn't count as serious."
    )


@rule("AE-03", WARNING, "Outcome and criterion of death agree", SDTM, "AE.AEOUT AE.AESDTH")
def _half_fatal(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _events(tables, "AEOUT", "AESDTH")
    apart = ae[(fold(ae["AEOUT"]) == "FATAL") != (ae["AESDTH"] == "Y")]
    yield values(
        "AE", apart, "AEOUT", f"but AESDTH is {{AESDTH!r}} for {_NAME}. It counts as fatal; correct one."
    )


@rule("AE-05", WARNING, "Seriousness, relation and severity are known", REPORT, "AE.AESER")
def _unknown_kinds(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    severity = study.safety.severity_variable
    reads = {"AESER": "not serious", "AEREL": "not related", severity: "of no severity"}
    for variable, kind in reads.items():
        if variable in tables["AE"]:
            ae = _events(tables, variable)
            yield values("AE", ae[ae[variable] == ""], variable, f"so {_NAME} counts as {kind}. Fill it in.")


@rule("AE-06", NOTE, "The variables of relation and severity are there", REPORT, "AE")
def _no_kinds(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for variable in ("AEREL", "AEOUT", "AEACN", study.safety.severity_variable):
        if variable not in tables["AE"]:
            sentence = (
                f"has no {variable}, so the report counts no event by it. Export it where it was recorded."
            )
            yield overall("AE", variable, "", sentence)


@rule("AE-07", WARNING, "Events are coded", REPORT, "AE.AEDECOD AE.AEBODSYS")
def _not_coded(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = tables.get("AE", "AETERM", "AEDECOD", "AEBODSYS")
    for variable in ("AEDECOD", "AEBODSYS"):
        text = "so the event {AETERM!r} is shown as not coded. Code it."
        yield values("AE", ae[ae[variable] == ""], variable, text)


@rule("AE-08", NOTE, "A preferred term is in one system organ class", "MedDRA", "AE.AEDECOD AE.AEBODSYS")
def _several_classes(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pairs = tables["AE"][["AEDECOD", "AEBODSYS"]].drop_duplicates()
    pairs = pairs[(pairs["AEDECOD"] != "") & pairs.duplicated("AEDECOD", keep=False)]
    for term, classes in pairs.groupby("AEDECOD")["AEBODSYS"]:
        shown = listed(sorted(classes))
        yield overall("AE", "AEBODSYS", shown, f"{term!r} is in several classes ({shown}). Code it once.")


@rule("AE-09", WARNING, "Events have a start", REPORT, "AE.AESTDTC")
def _no_start(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _events(tables, "AESTDTC")
    text = (
        f"so {_NAME} counts as treatment-emergent unless its end or relative timing (AESTRTPT, AESTRF) says "
        "that it began before treatment. Fill in what is known."
    )
    yield values("AE", ae[ae["AESTDTC"] == ""], "AESTDTC", text)


@rule("AE-10", NOTE, "Events start after consent", SDTM, "AE.AESTDTC DM.RFICDTC")
def _before_consent(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _events(tables, "AESTDTC")
    consent = look_up(tables.day_by_subject("RFICDTC"), ae["USUBJID"])
    early = ae[tables.day("AE", "AESTDTC") < consent]
    yield values(
        "AE", early, "AESTDTC", f"before consent: {_NAME} may be medical history. Move it to MH if so."
    )


@rule("AE-11", WARNING, "A recovered event has an end, an ongoing one none", SDTM, "AE.AEENDTC AE.AEOUT")
def _ended_but_open(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _events(tables, "AEENDTC", "AEOUT")
    ended = ae[fold(ae["AEOUT"]).isin(_OPEN) & (ae["AEENDTC"] != "")]
    yield values("AE", ended, "AEENDTC", f"but the outcome of {_NAME} is {{AEOUT!r}}. Correct one of them.")


@rule("AE-12", NOTE, "A recovered event has an end date", SDTM, "AE.AEENDTC AE.AEOUT")
def _closed_but_endless(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _events(tables, "AEENDTC", "AEOUT")
    endless = ae[fold(ae["AEOUT"]).isin(_CLOSED) & (ae["AEENDTC"] == "")]
    yield values(
        "AE", endless, "AEENDTC", f"but {_NAME} is recovered; it counts as ongoing. Fill in the end."
    )


@rule(
    "AE-13",
    WARNING,
    "A dose-limiting toxicity is of a treated subject",
    REPORT,
    "AE.AESEQ SUPPAE.QNAM EX.EXSTDTC",
)
def _toxicity_untreated(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    flagged = _flagged(tables, "AEDLT")
    first = look_up(tables.first_day, flagged["USUBJID"])
    wrong = flagged[first.isna() | (flagged["day"] < first)]
    yield values(
        "AE", wrong, "AEDECOD", "a dose-limiting toxicity before or without treatment. Correct AEDLT."
    )


@rule(
    "AE-14", WARNING, "A reaction to an infusion starts near one", REPORT, "AE.AESEQ SUPPAE.QNAM EX.EXSTDTC"
)
def _reaction_far_away(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    flagged = _flagged(tables, "AEINFRN")
    doses = tables.infusions[["USUBJID", "start_day", "start_time", "end_time"]]
    pairs = flagged[["USUBJID", "AESEQ", "day", "time"]].merge(doses, on="USUBJID", how="left")
    hours = (pairs["time"] - pairs["end_time"].fillna(pairs["start_time"])).dt.total_seconds() / 3600
    days = (pairs["day"] - pairs["start_day"]).dt.days
    timed = (pairs["time"] >= pairs["start_time"]) & (hours <= known_labels.REACTION_HOURS)
    near = timed.where(hours.notna(), days.between(0, known_labels.REACTION_HOURS / 24)) | pairs["day"].isna()
    close = pairs[near].set_index(["USUBJID", "AESEQ"]).index
    far = flagged[~pd.MultiIndex.from_frame(flagged[["USUBJID", "AESEQ"]]).isin(close)]
    text = (
        "flagged as a reaction to an infusion, but none was given in the "
        f"{known_labels.REACTION_HOURS:g} hours before."
    )
    yield values("AE", far, "AESTDTC", f"{text} Correct AEINFRN or the time.")


def _flagged(tables: Tables, flag: str, *variables: str) -> pd.DataFrame:
    """Return the events that SUPPAE marks, with day and time of their start."""
    supplement = tables.get("SUPPAE", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
    marked = supplement[(supplement["QNAM"] == flag) & (supplement["QVAL"] == "Y")]
    ae = _events(tables, "AESTDTC", *variables)
    ae["day"], ae["time"] = tables.day("AE", "AESTDTC"), tables.minute("AE", "AESTDTC")
    wanted = pd.MultiIndex.from_arrays([marked["USUBJID"], key_text(marked["IDVARVAL"])])
    return ae[pd.MultiIndex.from_arrays([ae["USUBJID"], key_text(ae["AESEQ"])]).isin(wanted)]


@rule(
    "AE-15", NOTE, "After withdrawal of the treatment none is given", SDTM, "AE.AEACN AE.AESTDTC EX.EXSTDTC"
)
def _treated_after_withdrawal(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _events(tables, "AEACN", "AESTDTC")
    last = tables.infusions.groupby("USUBJID")["start_day"].max()
    on = tables.day("AE", "AESTDTC") < look_up(last, ae["USUBJID"])
    wrong = ae[on & (fold(ae["AEACN"]) == "DRUG WITHDRAWN")]
    yield values("AE", wrong, "AEACN", f"but infusions go on after the start of {_NAME}. Check AEACN.")


@rule(
    "AE-16",
    NOTE,
    "An event with action on the treatment belongs to a treated subject",
    SDTM,
    "AE.AEACN AE.AESTDTC EX.EXSTDTC",
)
def _action_untreated(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ae = _events(tables, "AEACN")
    acted = fold(ae["AEACN"]).isin(["DOSE REDUCED", "DRUG INTERRUPTED", "DRUG WITHDRAWN"])
    wrong = ae[acted & ~ae["USUBJID"].isin(tables.first_day.index)]
    yield values("AE", wrong, "AEACN", f"but the subject of {_NAME} was never treated. Correct AEACN.")


@rule("AE-17", WARNING, "A dose-limiting toxicity is severe or serious", "NCI-CTCAE; 3+3 design", _FLAGS)
def _mild_toxicity(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    severity = study.safety.severity_variable
    flagged = _flagged(tables, "AEDLT", severity, "AESER")
    grade = flagged[severity].str.extract(r"([1-5])$")[0].astype("float64")
    words = fold(flagged[severity]).map({"MILD": 1.0, "MODERATE": 2.0, "SEVERE": 3.0}).astype("float64")
    mild = grade.fillna(words) < min(study.safety.severe_grade, _LIMITING_GRADE)
    text = f"but {_NAME} is marked as dose-limiting. Is AEDLT set at the right event? Correct one of them."
    yield values("AE", flagged[mild & (flagged["AESER"] != "Y")], severity, text)


@rule(
    "AE-18", WARNING, "A dose-limiting toxicity is related to treatment", "3+3 design", f"{_FLAGS} AE.AEREL"
)
def _unrelated_toxicity(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    flagged = _flagged(tables, "AEDLT", "AEREL")
    related = fold(flagged["AEREL"]).isin([fold_label(value) for value in study.safety.related_values])
    text = f"but {_NAME} is marked as dose-limiting. Is AEDLT set at the right event? Correct one of them."
    yield values("AE", flagged[~related & (flagged["AEREL"] != "")], "AEREL", text)


@rule("AE-19", WARNING, "A dose-limiting toxicity starts within its window", PROTOCOL, _FLAGS)
def _late_toxicity(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.dose_finding is not None:
        window = study.dose_finding.dlt_window_days
        flagged = _flagged(tables, "AEDLT")
        day = study_days(flagged["day"], look_up(tables.first_day, flagged["USUBJID"]))
        text = f"study day {{on:g}}, and {_NAME} is marked as dose-limiting, which counts up to Day {window}."
        yield values("AE", flagged.assign(on=day)[day > window], "AESTDTC", f"{text} Correct AEDLT or date.")


@rule(
    "AE-20",
    WARNING,
    "A dose-limiting toxicity named in DS is marked in SUPPAE",
    REPORT,
    "DS.DSTERM SUPPAE.QNAM",
)
def _unmarked_toxicity(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ds = tables.get("DS", "DSTERM")
    supplement = tables.get("SUPPAE", "QNAM", "QVAL")
    marked = supplement.loc[(supplement["QNAM"] == "AEDLT") & (supplement["QVAL"] == "Y"), "USUBJID"]
    named = ds["DSTERM"].str.upper().str.contains(r"\bDLT\b|DOSE[- ]?LIMITING", regex=True)
    denied = ds["DSTERM"].str.upper().str.contains(r"\bNO\b|\bNOT\b|\bWITHOUT\b", regex=True)
    text = "but no event of {USUBJID} is marked by AEDLT in SUPPAE, so none counts. Correct one of them."
    yield values("DS", ds[named & ~denied & ~ds["USUBJID"].isin(marked)], "DSTERM", text)
