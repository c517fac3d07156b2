"""A hand-written trial of three subjects with every domain and nothing wrong: what each rule is broken on."""

from __future__ import annotations

from functools import cache

import pandas as pd

from csrkit.small_texts import own_texts
from itpcsr.sdtm import Trial
from tests.small import START, day

SUBJECTS = {"01": "F", "02": "F", "03": "M"}
WOMEN = [name for name, sex in SUBJECTS.items() if sex == "F"]
TREATED_DAYS = (1, 8, 15, 22)
IMMUNE_WEEKS = (2, 4, 8, 12, 16, 28)
HOURS = (-0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 48.0, 96.0)
VIRUSES = ("HBSAG", "HBDNA", "HCAB", "HIV12AB", "TPLAB")
INFUSION_START, INFUSION_END = pd.Timedelta(hours=9), pd.Timedelta(hours=10)
STUDYID = "NCT04014166-SIM"


def week_day(week: int) -> int:
    """Return the study day of a week's visit."""
    return 1 + 7 * week


def at(number: int, hour: str = "08:00") -> str:
    """Return date and time of a study day."""
    return f"{day(number)}T{hour}"


def table(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return a domain from records: numbered by subject, with STUDYID and DOMAIN."""
    frame = pd.DataFrame(rows)
    frame.insert(0, "STUDYID", STUDYID)
    frame.insert(1, "RDOMAIN" if name.startswith("SUPP") else "DOMAIN", name.removeprefix("SUPP"))
    if "USUBJID" in frame and name != "DM" and not name.startswith("SUPP"):
        frame[f"{name}SEQ"] = frame.groupby("USUBJID").cumcount() + 1.0
    text = [column for column in frame.columns if frame[column].dtype != "float64"]
    return frame.astype(dict.fromkeys(text, "str"))


def whole_domains() -> dict[str, pd.DataFrame]:
    """Return the domains; a test may replace frames, but not write into them."""
    return dict(_whole_domains())


def held_domains() -> dict[str, pd.DataFrame]:
    """Return the domains as a small trial is held while it is checked, so that it needn't be converted each time."""
    return dict(_held_domains())


@cache
def _held_domains() -> dict[str, pd.DataFrame]:
    with own_texts(_whole_domains()) as domains:
        return domains


@cache
def _whole_domains() -> dict[str, pd.DataFrame]:
    return {
        "DM": table("DM", [_person(name, sex) for name, sex in SUBJECTS.items()]),
        "EX": table("EX", [_infusion(name, number) for name in SUBJECTS for number in TREATED_DAYS]),
        "AE": table("AE", [_event(name) for name in SUBJECTS]),
        "SUPPAE": table("SUPPAE", [_qualifier(name) for name in SUBJECTS]),
        "LB": table("LB", [row for name in SUBJECTS for row in _laboratory(name)]),
        "VS": table("VS", [row for name in SUBJECTS for row in _vitals(name)]),
        "DS": table("DS", [row for name in SUBJECTS for row in _disposition(name)]),
        "MH": table("MH", [_history(name) for name in SUBJECTS]),
        "CM": table("CM", [_therapy("CM", name, "RITUXIMAB") for name in SUBJECTS]),
        "SUPPCM": table("SUPPCM", [{**_qualifier(name), "IDVAR": "CMSEQ", "QNAM": "CMNOTE"} for name in SUBJECTS]),
        "PR": table("PR", [_therapy("PR", name, "SPLENECTOMY") for name in SUBJECTS]),
        "MB": table("MB", [row for name in SUBJECTS for row in _viruses(name)]),
        "PC": table("PC", [_concentration(name, hours) for name in WOMEN for hours in HOURS]),
        "IS": table("IS", [_antibody(name, number) for name in SUBJECTS for number in (-1, 24)]),
        "CP": table("CP", [_cells(name, week) for name in SUBJECTS for week in (None, *IMMUNE_WEEKS)]),
        "RS": table("RS", [_bleeding(name, week) for name in SUBJECTS for week in (1, 2, 4)]),
        "SV": table("SV", [_visit(name, week) for name in SUBJECTS for week in range(1, 29)]),
        "TS": table("TS", [{"TSPARMCD": "AGEMIN", "TSVAL": "P18Y"}, {"TSPARMCD": "AGEMAX", "TSVAL": "P60Y"}]),
    }  # fmt: skip


def whole_trial() -> Trial:
    """Return the trial."""
    return Trial(whole_domains())


def _person(name: str, sex: str) -> dict[str, object]:
    return {
        "USUBJID": name, "SUBJID": name, "SITEID": "01", "RFSTDTC": at(1, "09:00"), "RFXSTDTC": at(1, "09:00"),
        "RFXENDTC": at(22, "10:00"), "RFICDTC": day(-8), "RFPENDTC": day(197), "DTHDTC": "", "DTHFL": "",
        "BRTHDTC": "1980", "AGE": 40.0, "AGEU": "YEARS", "SEX": sex, "RACE": "ASIAN", "ARMCD": "ESC05",
        "ARM": "Low", "ACTARMCD": "ESC05", "ACTARM": "Low", "DMDTC": day(-8),
    }  # fmt: skip


def _infusion(name: str, number: int) -> dict[str, object]:
    return {
        "USUBJID": name, "EXTRT": "hUC-MSC", "EXDOSE": 0.5, "EXDOSU": "10^6 CELLS/KG", "EXADJ": "",
        "EXOCCUR": "", "EPOCH": "TREATMENT", "EXSTDTC": at(number, "09:00"), "EXENDTC": at(number, "10:00"),
        "EXSTDY": float(number),
    }  # fmt: skip


def _event(name: str) -> dict[str, object]:
    return {
        "USUBJID": name, "AETERM": "FEVER", "AEDECOD": "Pyrexia", "AEBODSYS": "General disorders", "AESER": "N",
        "AEACN": "DOSE NOT CHANGED", "AEREL": "RELATED", "AEOUT": "RECOVERED/RESOLVED", "AESDTH": "N",
        "AESHOSP": "N", "AETOXGR": "1", "AESTDTC": at(8, "11:00"), "AEENDTC": day(9), "AESTDY": 8.0,
    }  # fmt: skip


def _qualifier(name: str) -> dict[str, object]:
    return {
        "USUBJID": name, "IDVAR": "AESEQ", "IDVARVAL": "1", "QNAM": "AEINFRN", "QLABEL": "Infusion Reaction",
        "QVAL": "Y",
    }  # fmt: skip


def _result(domain: str, name: str, code: str, value: float, unit: str, when: str) -> dict[str, object]:
    text = f"{value:g}"
    parts = {
        "TESTCD": code, "TEST": code, "CAT": "", "ORRES": text, "ORRESU": unit, "STRESC": text, "STRESN": value,
        "STRESU": unit, "STAT": "", "DTC": when,
    }  # fmt: skip
    return {"USUBJID": name, **{f"{domain}{part}": value for part, value in parts.items()}}


def _at_visit(row: dict[str, object], week: int | None) -> dict[str, object]:
    names = {"VISITNUM": 1.0, "VISIT": "SCREENING", "VISITDY": -7.0}
    if week is not None:
        names = {"VISITNUM": week + 2.0, "VISIT": f"WEEK {week}", "VISITDY": float(week_day(week))}
    return {**row, **names}


def _laboratory(name: str) -> list[dict[str, object]]:
    ranges = {"LBSTNRLO": 125.0, "LBSTNRHI": 350.0, "LBNRIND": "LOW", "LBSPEC": "BLOOD"}
    rows = [
        _at_visit(
            {**_result("LB", name, "PLAT", 10.0, "10^9/L", at(-7)), **ranges, "LBBLFL": "Y", "LBDY": -7.0},
            None,
        )
    ]
    for week in range(1, 29):
        days = week_day(week)
        count = _result("LB", name, "PLAT", 20.0, "10^9/L", at(days))
        rows.append(_at_visit({**count, **ranges, "LBBLFL": "", "LBDY": float(days)}, week))
    for week in IMMUNE_WEEKS:
        cytokine = {**_result("LB", name, "IL10", 16.0, "pg/mL", at(week_day(week))), "LBCAT": "CYTOKINE"}
        bare = {"LBNRIND": "", "LBSPEC": "SERUM", "LBBLFL": "", "LBDY": float(week_day(week))}
        rows.append(_at_visit({**cytokine, **bare, "LBSTNRLO": float("nan"), "LBSTNRHI": float("nan")}, week))
    return rows


def _vitals(name: str) -> list[dict[str, object]]:
    tests = {"WEIGHT": (60.0, "kg"), "HEIGHT": (165.0, "cm"), "TEMP": (36.6, "C")}
    return [
        _at_visit({**_result("VS", name, code, *value, at(-7)), "VSBLFL": "Y"}, None)
        for code, value in tests.items()
    ]


def _disposition(name: str) -> list[dict[str, object]]:
    rows = [
        ("INFORMED CONSENT OBTAINED", "PROTOCOL MILESTONE", "", -8),
        ("COMPLETED", "DISPOSITION EVENT", "TREATMENT", 22),
        ("COMPLETED", "DISPOSITION EVENT", "STUDY", 197),
    ]
    return [
        {
            "USUBJID": name,
            "DSTERM": term,
            "DSDECOD": term,
            "DSCAT": category,
            "DSSCAT": scope,
            "DSSTDTC": day(when),
        }
        for term, category, scope, when in rows
    ]


def _history(name: str) -> dict[str, object]:
    disease = "Immune thrombocytopenia"
    return {
        "USUBJID": name,
        "MHTERM": disease,
        "MHDECOD": disease,
        "MHCAT": "PRIMARY DIAGNOSIS",
        "MHSTDTC": "2015-05",
    }


def _therapy(domain: str, name: str, drug: str) -> dict[str, object]:
    parts = {"TRT": drug, "DECOD": drug, "CAT": "PRIOR ITP THERAPY", "STDTC": "2016-02", "ENDTC": "2016-03"}
    return {"USUBJID": name, **{f"{domain}{part}": value for part, value in parts.items()}}


def _viruses(name: str) -> list[dict[str, object]]:
    return [
        {
            "USUBJID": name,
            "MBTESTCD": test,
            "MBORRES": "NEGATIVE",
            "MBSTRESC": "NEGATIVE",
            "MBDTC": at(number),
        }
        for test in VIRUSES
        for number in (-7, week_day(4), week_day(16))
    ]


def _concentration(name: str, hours: float) -> dict[str, object]:
    reference = START + (INFUSION_START if hours < 0 else INFUSION_END)
    taken = (reference + pd.Timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")
    before = {"PCSTRESN": float("nan"), "PCSTRESC": "<120", "PCORRES": "<120"} if hours < 0 else {}
    return {
        **_result("PC", name, "MSC", 500.0, "CELLS/ML", taken), **before, "PCTPTNUM": hours, "PCTPT": f"{hours:g} H",
        "PCLLOQ": 120.0, "PCTPTREF": "INFUSION 1", "PCRFTDTC": reference.strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip


def _antibody(name: str, number: int) -> dict[str, object]:
    return {"USUBJID": name, "ISTESTCD": "HLA1AB", "ISSTRESC": "NEGATIVE", "ISDTC": at(number)}


def _cells(name: str, week: int | None) -> dict[str, object]:
    return _result("CP", name, "TREG", 3.0, "%", at(-1 if week is None else week_day(week)))


def _bleeding(name: str, week: int) -> dict[str, object]:
    return {**_result("RS", name, "WHOBLEED", 1.0, "", at(week_day(week))), "RSCAT": "WHO BLEEDING SCALE"}


def _visit(name: str, week: int) -> dict[str, object]:
    return _at_visit({"USUBJID": name, "SVSTDTC": day(week_day(week)), "SVENDTC": day(week_day(week))}, week)
