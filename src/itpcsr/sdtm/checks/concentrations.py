"""Cells in blood: whose, when, and how much."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from itpcsr.sdtm.checks import terms
from itpcsr.sdtm.checks.findings import NOTE, WARNING, sentences, values
from itpcsr.sdtm.checks.rules import PROTOCOL, REPORT, SDTM, rule
from itpcsr.sdtm.checks.tables import Tables, look_up
from itpcsr.study import Study

_TIMES = "PC.PCDTC PC.PCTPTNUM EX.EXSTDTC"
_LEAST_MINUTES = 5.0  # a clock is read to a few minutes, whatever the nominal time
_HALF_MINUTE = 1 / 120  # times are recorded to the minute


def _samples(tables: Tables, study: Study) -> pd.DataFrame:
    """Return concentrations with hours since infusion 1: from its start before it, from its end after it."""
    pc = tables.get(
        "PC",
        "PCTESTCD",
        "PCTPT",
        "PCTPTNUM",
        "PCTPTREF",
        "PCSTRESN",
        "PCSTRESC",
        "PCLLOQ",
        "PCDTC",
        "PCRFTDTC",
    )
    pc = pc.assign(time=tables.minute("PC", "PCDTC"), reference=tables.minute("PC", "PCRFTDTC"))
    first = tables.infusions.drop_duplicates("USUBJID").set_index("USUBJID")
    start, end = (look_up(first[name], pc["USUBJID"]) for name in ("start_time", "end_time"))
    pc["since_start"] = (pc["time"] - start).dt.total_seconds() / 3600
    pc["since_end"] = (pc["time"] - end).dt.total_seconds() / 3600
    pc["hours"] = pc["since_start"].where(pc["PCTPTNUM"] < 0, pc["since_end"])
    pc["is_reference"] = (pc["reference"] == start) | (pc["reference"] == end)
    if study.sampling.concentration_test:
        pc = pc[pc["PCTESTCD"] == study.sampling.concentration_test]
    return pc


@rule("PC-01", WARNING, "Samples are on the side of the infusion that they are named for", REPORT, _TIMES)
def _wrong_side(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = _samples(tables, study)
    early = pc[(pc["PCTPTNUM"] > 0) & (pc["since_start"] < 0)]
    yield values(
        "PC", early, "PCDTC", "before infusion 1, though named {PCTPTNUM:g} h after it. Correct one."
    )
    late = pc[(pc["PCTPTNUM"] < 0) & (pc["since_start"] > 0)]
    yield values(
        "PC", late, "PCDTC", "after the start of infusion 1, though named as before it. Correct one."
    )


@rule("PC-02", WARNING, "Samples are taken near their nominal times", PROTOCOL, _TIMES)
def _off_time(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        pc = _samples(tables, study)
        allowed = np.maximum(terms.TIME_TOLERANCE * pc["PCTPTNUM"].abs(), _LEAST_MINUTES / 60)
        same_side = (pc["PCTPTNUM"] < 0) == (pc["since_start"] < 0)
        off = pc[same_side & ((pc["hours"] - pc["PCTPTNUM"]).abs() > allowed + _HALF_MINUTE)]
        text = "{hours:.2f} h from infusion 1 where {PCTPTNUM:g} h were planned. The actual time is used."
        yield values("PC", off, "PCDTC", text)


@rule("PC-03", WARNING, "Samples are of the sex that the protocol names", PROTOCOL, "PC.PCTESTCD DM.SEX")
def _other_sex(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    wanted = study.sampling.concentration_sex
    if wanted:
        pc = tables.get("PC", "PCTESTCD")
        sex = look_up(tables.by_subject("SEX"), pc["USUBJID"])
        other = pc.assign(SEX=sex)[sex.notna() & (sex != wanted)]
        text = (
            f"records of {{subject}}, whose sex is {{SEX}} ({{records}}); cells are measured in sex "
            f"{wanted}. Check SEX."
        )
        yield sentences("PC", other, "PCTESTCD", text)


@rule("PC-04", WARNING, "Everyone to be sampled has samples", PROTOCOL, "PC.PCTESTCD DM.SEX EX.EXSTDTC")
def _no_samples(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        dm = tables.get("DM", "SEX").drop_duplicates("USUBJID")
        wanted = study.sampling.concentration_sex
        due = dm["USUBJID"].isin(tables.first_day.index) & ((dm["SEX"] == wanted) | (not wanted))
        lacking = dm[due & ~dm["USUBJID"].isin(tables.different("PC", "USUBJID"))]
        text = "no sample of {subject} (sex {SEX}), who was treated. Add the data or record a deviation."
        yield sentences("PC", lacking, "PCTESTCD", text)


@rule("PC-05", WARNING, "No number lies below the limit of quantification", SDTM, "PC.PCSTRESN PC.PCTESTCD")
def _below_limit(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = tables.get("PC", "PCTESTCD", "PCSTRESN", "PCLLOQ")
    limit = pc["PCLLOQ"].fillna(study.sampling.concentration_limit or np.nan)
    low = pc.assign(limit=limit)[(pc["PCSTRESN"] < limit) & (pc["PCSTRESN"] >= 0)]
    yield values(
        "PC", low, "PCSTRESN", "below the limit of quantification, {limit:g}. Report it as below the limit."
    )


@rule("PC-06", WARNING, "Nominal times are the protocol's", PROTOCOL, "PC.PCTPTNUM")
def _other_times(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = study.sampling.concentration_hours
    if planned:
        pc = tables.get("PC", "PCTPTNUM", "PCTPT")
        other = pc[~pc["PCTPTNUM"].isin(planned)]
        shown = ", ".join(f"{hour:g}" for hour in planned)
        yield values("PC", other, "PCTPTNUM", f"no hour of the protocol ({shown}). Correct it.")


@rule("PC-07", NOTE, "All planned samples were taken", PROTOCOL, "PC.PCTPTNUM PC.PCTESTCD")
def _missed_times(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    planned = study.sampling.concentration_hours
    if planned:
        pc = tables.get("PC", "PCTPTNUM").drop_duplicates(["USUBJID", "PCTPTNUM"])
        number = pc[pc["PCTPTNUM"].isin(planned)].groupby("USUBJID").size()
        short = number[number < len(planned)].rename("number").rename_axis("USUBJID").reset_index()
        text = (
            f"{{subject}} has {{number}} of the {len(planned)} planned samples; the area under the "
            "curve may lack parts."
        )
        yield sentences("PC", short, "PCTPTNUM", text)


@rule(
    "PC-08",
    WARNING,
    "The reference time is start or end of infusion 1",
    SDTM,
    "PC.PCRFTDTC EX.EXSTDTC EX.EXENDTC",
)
def _other_reference(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    if study.sampling.concentration_hours:
        pc = _samples(tables, study)
        wrong = pc[~pc["is_reference"] & pc["reference"].notna()]
        text = "neither start nor end of infusion 1 in EX. The times of EX are used; correct one of them."
        yield values("PC", wrong, "PCRFTDTC", text)


@rule("PC-09", NOTE, "The limit of quantification is the study's", PROTOCOL, "PC.PCLLOQ")
def _other_limit(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    wanted = study.sampling.concentration_limit
    if wanted is not None:
        pc = tables.get("PC", "PCLLOQ")
        other = pc[pc["PCLLOQ"].notna() & (pc["PCLLOQ"] != wanted)]
        yield values("PC", other, "PCLLOQ", f"the study file says {wanted:g}. Correct one of them.")


@rule("PC-10", WARNING, "Samples have a time of day", REPORT, "PC.PCDTC PC.PCTESTCD")
def _no_time(tables: Tables, study: Study) -> Iterator[pd.DataFrame]:
    pc = tables.get("PC", "PCDTC", "PCSTRESC", "PCSTAT")
    vague = pc[tables.minute("PC", "PCDTC").isna() & (pc["PCSTAT"] == "")]
    yield values("PC", vague, "PCDTC", "no date with time, so the actual time since the infusion is unknown.")
