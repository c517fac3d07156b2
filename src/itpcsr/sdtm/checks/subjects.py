"""Subjects: arms, cohorts, ages, countries, disposition, history and deaths."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from csrkit.sdtm.labels import distance, fold, fold_label
from csrkit.sdtm.participation import choose_dates, ends_treatment, find_deaths, is_ending
from itpcsr.sdtm.checks import known_labels
from itpcsr.sdtm.checks.chronology import earlier
from itpcsr.sdtm.checks.rules import (
    ERROR,
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
    sentences,
    values,
)
from itpcsr.sdtm.exposure import is_enrolled
from itpcsr.study import Study

# Subjects: arms, cohorts, ages and deaths in DM.

_IN_YEARS = r"^P?([0-9]+(?:\.[0-9]+)?)(?:Y$|[ \t\n\f\r]*YEARS?$)"


def _codes(study: Study) -> list[str]:
    return sorted(arm.code for arm in study.design.arms)


@rule("DM-01", ERROR, "Somebody has an arm of the study", REPORT, "DM.ARMCD")
def _no_known_arm(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    found, codes = sorted(tables.different("DM", "ARMCD")), _codes(study)
    if found and not set(found) & set(codes):
        sentence = f"no subject's ARMCD is an arm of the study ({', '.join(codes)}); found {listed(found)}."
        yield overall(
            "DM", "ARMCD", listed(found), f"{sentence} Correct ARMCD or the arms in the study file."
        )


@rule("DM-02", ERROR, "Treated subjects have an arm of the study", REPORT, "DM.ARMCD EX.USUBJID")
def _treated_without_arm(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm, codes = tables.get("DM", "ARMCD"), _codes(study)
    stray = dm[dm["USUBJID"].isin(tables.different("EX", "USUBJID")) & ~dm["ARMCD"].isin(codes)]
    text = "{subject} ({shown}) got treatment in EX, but ARMCD is no arm of the study"
    yield sentences("DM", stray, "ARMCD", f"{text} ({', '.join(codes)}). Correct ARMCD or EX.")


@rule("DM-03", WARNING, "The planned arm is the actual one", REPORT, "DM.ARMCD DM.ACTARMCD")
def _other_actual_arm(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
    other = dm[(dm["ACTARMCD"] != "") & (dm["ACTARMCD"] != dm["ARMCD"]) & is_enrolled(dm)]
    text = (
        f"planned was {{ARMCD!r}}. Safety is grouped by the {study.safety.safety_arm} arm, "
        "efficacy by the planned one."
    )
    yield values("DM", other, "ACTARMCD", text)


@rule("DM-04", NOTE, "An arm code has one description", SDTM, "DM.ARMCD DM.ARM")
def _several_descriptions(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pairs = tables["DM"][["ARMCD", "ARM"]].drop_duplicates()
    for code, names in pairs.groupby("ARMCD")["ARM"]:
        if len(names) > 1:
            shown = listed(sorted(names))
            yield overall("DM", "ARM", shown, f"ARMCD {code!r} goes by several names ({shown}). Keep one.")


@rule("DM-05", WARNING, "A cohort has no more subjects than planned", PROTOCOL, "DM.ARMCD")
def _crowded_cohorts(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS").drop_duplicates("USUBJID")
    sizes = dm.loc[is_enrolled(dm), "ARMCD"].value_counts()
    for arm in study.design.arms:
        wanted = max((number for number in (arm.planned, arm.enrolled) if number is not None), default=None)
        if wanted is not None and sizes.get(arm.code, 0) > wanted:
            number = int(sizes[arm.code])
            sentence = (
                f"cohort {arm.code} has {number} subjects, but {wanted} were to be enrolled. Check ARMCD."
            )
            yield overall("DM", "ARMCD", f"{arm.code}: {number}", sentence)


@rule(
    "DM-06", WARNING, "Age is within the protocol's limits", "registry; TS AGEMIN, AGEMAX", "DM.AGE DM.ARMCD"
)
def _outside_age_limits(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    low, high = _age_limits(tables, study)
    dm = tables.get("DM", "AGE", "ARMCD", "ACTARMCD", "ARMNRS")
    enrolled = dm["ARMCD"].isin(_codes(study)) & is_enrolled(dm) & dm["AGE"].between(*known_labels.AGE)
    outside = dm[enrolled & ((dm["AGE"] < low) | (dm["AGE"] > high))]
    limits = f"{low:g} to {high:g}" if high < float("inf") else f"{low:g} and more"
    yield values(
        "DM", outside, "AGE", f"the protocol takes {limits} years. Check the age or record a deviation."
    )


def _age_limits(tables: Tables, study: Study) -> tuple[float, float]:
    low, high = known_labels.REGISTERED_AGES.get(study.identity.study_id, (0.0, float("inf")))
    if "TS" in tables and {"TSPARMCD", "TSVAL"} <= set(tables["TS"]):
        facts = tables["TS"].drop_duplicates("TSPARMCD").set_index("TSPARMCD")["TSVAL"]
        years = facts.str.upper().str.extract(_IN_YEARS)[0].astype("float64").dropna()
        low, high = float(years.get("AGEMIN", low)), float(years.get("AGEMAX", high))
    return low, high


@rule("DM-07", NOTE, "Enrolled subjects are treated", REPORT, "DM.ARMCD EX.EXSTDTC")
def _never_treated(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
    idle = dm[dm["ARMCD"].isin(_codes(study)) & is_enrolled(dm) & ~dm["USUBJID"].isin(tables.first_day.index)]
    text = "{subject} has arm {ARMCD}, but no administration in EX: enrolled, never treated. Check EX."
    yield sentences("DM", idle, "ARMCD", text)


@rule("DM-08", WARNING, "Age and sex are known", REPORT, "DM.AGE DM.SEX")
def _unknown_persons(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "AGE", "SEX")
    yield values("DM", dm[dm["AGE"].isna()], "AGE", "so the subject isn't in the mean age. Fill it in.")
    yield values(
        "DM", dm[dm["SEX"] == ""], "SEX", "so the subject is of neither sex in the report. Fill it in."
    )


@rule("DM-09", WARNING, "Flag and date of death go together", SDTM, "DM.DTHFL DM.DTHDTC")
def _half_deaths(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "DTHFL", "DTHDTC")
    dead, dated = dm["DTHFL"] == "Y", dm["DTHDTC"] != ""
    yield values("DM", dm[dead & ~dated], "DTHDTC", "but DTHFL is Y. Fill in the date of death.")
    yield values("DM", dm[dated & ~dead], "DTHFL", "but there is a date of death, {DTHDTC}. Set it to Y.")


@rule("DM-11", WARNING, "The variables of DM agree on who was enrolled", SDTM, "DM.ARMCD")
def _planned_arm_of_failures(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
    apart = dm[dm["ARMCD"].isin(_codes(study)) & ~is_enrolled(dm)]
    treated = apart["USUBJID"].isin(tables.first_day.index)
    says = "but ACTARMCD ({ACTARMCD!r}) or ARMNRS ({ARMNRS!r}) says that the subject was never assigned"
    yield values("DM", apart[~treated], "ARMCD", f"{says}; it counts as not enrolled. Correct one of them.")
    text = f"{says}, and EX has an administration; it counts as enrolled. Correct DM or EX."
    yield values("DM", apart[treated], "ARMCD", text)


# Countries: codes of ISO 3166-1, as SDTM wants them.

# ISO 3166-1 alpha-3, as of 2024.
_CODES = """
ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH
BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB
CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO
GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN
IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA
MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER
NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU
RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA
TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT
WLF WSM YEM ZAF ZMB ZWE
"""
CODES = frozenset(_CODES.split())


@rule("DM-12", WARNING, "COUNTRY is a code of ISO 3166-1 alpha-3", SDTM, "DM.COUNTRY")
def _unknown_countries(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    dm = tables.get("DM", "COUNTRY")
    odd = dm[(dm["COUNTRY"] != "") & ~dm["COUNTRY"].isin(CODES)]
    counts = dm.loc[dm["COUNTRY"].isin(CODES), "COUNTRY"].value_counts()
    common = sorted(counts.index, key=lambda code: (-int(counts[code]), code))
    nearly = odd["COUNTRY"].map(lambda code: _nearest(code, common))
    text = "no code of ISO 3166-1 alpha-3, such as CHN or USA{nearly}. Correct it."
    yield values("DM", odd.assign(nearly=nearly), "COUNTRY", text)


def _nearest(code: str, common: list[str]) -> str:
    """Name the code meant: one that is a letter away, of those in the data before others."""
    near = [known for known in (*common, *sorted(CODES)) if distance(fold_label(code), known) <= 1]
    return f" (nearly {near[0]!r})" if near else ""


# Disposition and history: one end of the study, and since when the disease is known.

_NEEDS = "DS.DSDECOD DS.DSCAT DS.DSSTDTC"


def _endings(tables: Tables, of_treatment: bool) -> pd.DataFrame:
    ds = tables.get("DS", "DSDECOD", "DSCAT", "DSSCAT", "DSSTDTC")
    ds["day"] = tables.day("DS", "DSSTDTC")
    return ds[is_ending(ds) & (ends_treatment(ds) == of_treatment)]


@rule("DS-01", WARNING, "The study ends once for a subject", REPORT, _NEEDS)
def _several_ends(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for of_treatment, what in ((False, "study"), (True, "treatment")):
        ends = _endings(tables, of_treatment)
        again = ends[ends.duplicated("USUBJID")]
        yield values("DS", again, "DSDECOD", f"a second end of the {what}; the last one counts. Keep one.")


@rule("DS-02", WARNING, "The reason of an end is a term whose meaning is known", REPORT, _NEEDS)
def _unknown_reasons(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    for of_treatment in (False, True):
        ends = _endings(tables, of_treatment)
        odd = ends[~fold(ends["DSDECOD"]).isin(known_labels.ENDINGS)]
        yield values(
            "DS", odd, "DSDECOD", "no term of the codelist NCOMPLT; it counts as discontinued. Correct it."
        )


@rule("DS-03", WARNING, "Completers were followed to the end", PROTOCOL, f"{_NEEDS} EX.EXSTDTC")
def _early_completers(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.design.infusion_days:
        ends = _endings(tables, of_treatment=False)
        followed = (ends["day"] - look_up(tables.first_day, ends["USUBJID"])).dt.days
        least = 7 * study.design.follow_up_weeks - 2 * study.visits.visit_window_days - 7
        early = ends.assign(followed=followed)[(fold(ends["DSDECOD"]) == "COMPLETED") & (followed < least)]
        text = (
            f"but {{followed:g}} days after infusion 1, where follow-up takes "
            f"{study.design.follow_up_weeks} weeks."
        )
        yield values("DS", early, "DSDECOD", f"{text} Correct term or date.")


@rule("DS-04", WARNING, "Completers of treatment got all infusions", PROTOCOL, f"{_NEEDS} EX.EXSTDTC")
def _short_completers(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = len(study.design.infusion_days)
    if planned:
        ends = _endings(tables, of_treatment=True)
        given = look_up(tables.administrations(study)["USUBJID"].value_counts(), ends["USUBJID"]).fillna(0)
        short = ends.assign(given=given)[(fold(ends["DSDECOD"]) == "COMPLETED") & (given < planned)]
        text = f"completed treatment with {{given:g}} of {planned} infusions. Correct DS or EX."
        yield values("DS", short, "DSDECOD", text)


@rule("DS-05", NOTE, "The end of the study is known of treated subjects", REPORT, f"{_NEEDS} EX.EXSTDTC")
def _no_end(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ended = set(_endings(tables, of_treatment=False)["USUBJID"])
    treated = tables.infusions.drop_duplicates("USUBJID")
    text = "{subject} was treated, but DS has no end of the study; the subject counts as ongoing."
    yield sentences("DS", treated[~treated["USUBJID"].isin(ended)][["USUBJID"]], "DSDECOD", text)


@rule("DS-06", WARNING, "Screening failures aren't treated", SDTM, f"{_NEEDS} EX.EXSTDTC")
def _treated_failures(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ds = tables.get("DS", "DSDECOD")
    failed = fold(ds["DSDECOD"]) == "SCREEN FAILURE"
    wrong = ds[failed & ds["USUBJID"].isin(tables.first_day.index)]
    yield values("DS", wrong, "DSDECOD", "but EX has an administration for this subject. Correct DS or EX.")


@rule("DS-07", NOTE, "Ends have a complete date", REPORT, _NEEDS)
def _undated_ends(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    ends = pd.concat([_endings(tables, False), _endings(tables, True)])
    vague = ends[ends["day"].isna()]
    yield values("DS", vague, "DSSTDTC", "the end ({DSDECOD}) has no complete date. Fill it in.")


def _diagnoses(tables: Tables, study: Study) -> pd.DataFrame:
    names = {fold_label(name) for name in study.baseline.diagnosis_terms}
    mh = tables.get("MH", "MHTERM", "MHDECOD", "MHSTDTC")
    return mh[fold(mh["MHTERM"]).isin(names) | fold(mh["MHDECOD"]).isin(names)]


@rule("MH-01", WARNING, "The disease studied is in the history", PROTOCOL, "MH.MHTERM DM.ARMCD")
def _no_diagnosis(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.baseline.diagnosis_terms:
        dm = tables.get("DM", "ARMCD", "ACTARMCD", "ARMNRS")
        enrolled = dm["ARMCD"].isin([arm.code for arm in study.design.arms]) & is_enrolled(dm)
        lacking = dm[enrolled & ~dm["USUBJID"].isin(_diagnoses(tables, study)["USUBJID"])]
        wanted = ", ".join(study.baseline.diagnosis_terms)
        text = (
            f"no history of {{subject}} names the disease ({wanted}); its duration is unknown. "
            "Correct MHTERM."
        )
        yield sentences("MH", lacking, "MHTERM", text)


@rule("MH-02", WARNING, "The start of the disease is known", REPORT, "MH.MHTERM MH.MHSTDTC")
def _undated_diagnosis(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.baseline.diagnosis_terms:
        rows = _diagnoses(tables, study)
        text = "so the duration of {MHTERM!r} is unknown. Fill in at least the year."
        yield values("MH", rows[rows["MHSTDTC"] == ""], "MHSTDTC", text)


@rule("MH-03", WARNING, "The disease is known before consent", SDTM, "MH.MHTERM MH.MHSTDTC DM.RFICDTC")
def _late_diagnosis(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    rows = _diagnoses(tables, study)
    consent = look_up(tables.by_subject("RFICDTC"), rows["USUBJID"]).fillna("")
    late = rows[earlier(consent, rows["MHSTDTC"])]
    yield values(
        "MH", late, "MHSTDTC", "the disease starts after consent; its duration counts as 0. Correct it."
    )


# Deaths: the domains that tell of one tell the same.

_TELLING = ("DM", "DS", "AE")
_PRECISION = (4, 7, 10)  # characters of a year, a month and a day


@rule("DTH-01", WARNING, "A death is in DM, in disposition and among the adverse events", SDTM, "DM")
def _untold_deaths(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    said = find_deaths(tables.trial)
    sources = said.groupby("USUBJID", sort=True)["SOURCE"].agg(set)
    rows = [
        {
            "USUBJID": subject,
            "DTHDTC": "",
            "told": ", ".join(sorted(named)),
            "silent": ", ".join(name for name in _TELLING if name not in named),
        }
        for subject, named in sources.items()
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "DTHDTC", "told", "silent"], dtype="str")
    text = (
        "{subject} died by {told}, and no record of {silent} tells of it. The death counts in the report; "
        "complete the data or correct them."
    )
    yield sentences("DM", frame[frame["silent"] != ""], "DTHDTC", text)


@rule("DTH-02", WARNING, "A death has one date", SDTM, "DM")
def _other_dates(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    said = find_deaths(tables.trial)
    said = said[said["DTC"] != ""].assign(DTC=said["DTC"].str[:10])
    rows = [
        {"USUBJID": subject, "DTHDTC": part["DTC"].iloc[0], "dates": _listed(part)}
        for subject, part in said.groupby("USUBJID", sort=True)
        if not _agree(sorted(set(part["DTC"])))
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "DTHDTC", "dates"], dtype="str")
    text = (
        "{subject} has several dates of death ({dates}). The most precise one counts, that of DM before "
        "others. Correct them."
    )
    yield sentences("DM", frame, "DTHDTC", text)


@rule("DTH-03", NOTE, "Who died was treated", REPORT, "DM EX.EXSTDTC")
def _untreated_deaths(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    said = choose_dates(find_deaths(tables.trial)).reset_index()
    untreated = said[~said["USUBJID"].isin(tables.first_day.index)].assign(DTHDTC=lambda frame: frame["DTC"])
    text = (
        "{subject} died by {SOURCES}, and EX has no administration: tables of deaths and of events are of "
        "treated subjects, so that none of them counts this death."
    )
    yield sentences("DM", untreated, "DTHDTC", text)


def _agree(dates: list[str]) -> bool:
    """Tell whether dates can be the same day, as far as each is known."""
    return all(
        first[:length] == second[:length]
        for first in dates
        for second in dates
        for length in _PRECISION
        if length <= min(len(first), len(second)) and "--" not in first + second
    )


def _listed(part: pd.DataFrame) -> str:
    return ", ".join(sorted({f"{row.SOURCE} {row.DTC}" for row in part.itertuples()}))
