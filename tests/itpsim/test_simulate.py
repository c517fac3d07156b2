"""The simulated trial meets the published counts; all of them are counted here by code of its own."""

from __future__ import annotations

import datetime as dt
import statistics
from functools import cache
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from csrkit.errors import ParameterError
from itpcsr.study import Study, read_study
from itpsim.simulate import DATASET_LABELS, DEFAULT_SEED, VARIABLE_LABELS, simulate

ROOT = Path(__file__).parents[2]
Domains = dict[str, pd.DataFrame]
DESIGN = {"TA", "TE", "TI", "TS", "TV"}  # the same in every trial, and without subjects


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(ROOT / "params/study.yml")


@pytest.fixture(scope="module")
def trial() -> Domains:
    return simulated(DEFAULT_SEED)


@pytest.fixture(scope="module")
def large(study: Study) -> Domains:
    return simulate(study, seed=6, subjects=2000)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text[:10])


@cache
def simulated(seed: int) -> Domains:
    return simulate(read_study(ROOT / "params/study.yml"), seed=seed)


def enrolled(trial: Domains) -> pd.DataFrame:
    dm = trial["DM"]
    return dm[~dm["ARMCD"].isin(["SCRNFAIL", "NOTASSGN"])]


def of_subject(trial: Domains, domain: str, subject: str) -> list[dict]:
    frame = trial[domain]
    return frame[frame["USUBJID"] == subject].to_dict("records")


def confirmed(
    trial: Domains, subject: str, study: Study, at_least: float, *, ignore_rescue: bool = False
) -> bool:
    """Tell whether two qualifying counts lie far enough apart with none in between that doesn't qualify."""
    rule = study.efficacy
    infusion_1 = min(row["EXSTDTC"] for row in of_subject(trial, "EX", subject))
    counts = sorted(
        (row["LBDTC"], row["LBSTRESN"])
        for row in of_subject(trial, "LB", subject)
        if row["LBTESTCD"] == "PLAT"
    )
    baseline = [value for when, value in counts if when < infusion_1][-1]
    rescue = [
        day(row[f"{domain}STDTC"])
        for domain in ("CM", "PR")
        for row in of_subject(trial, domain, subject)
        if row[f"{domain}CAT"] == rule.rescue_category
    ]
    bleeding = [
        (day(row["AESTDTC"]), day(row["AEENDTC"] or "2100-01-01"))
        for row in of_subject(trial, "AE", subject)
        if row["AEDECOD"] in rule.bleeding_terms
    ]
    run: list[dt.date] = []
    for when, value in counts:
        if when < infusion_1:
            continue
        date = day(when)
        saved = bool(rescue) and date >= min(rescue) and not ignore_rescue
        bleeds = any(start <= date <= end for start, end in bleeding)
        if value < max(at_least, rule.response_count) or value < 2 * baseline or saved or bleeds:
            run = []
            continue
        run.append(date)
        if (run[-1] - run[0]).days >= 7:
            return True
    return False


def responders_by_arm(trial: Domains, study: Study, at_least: float) -> dict[str, int]:
    trial = trial | {"LB": trial["LB"][trial["LB"]["LBTESTCD"] == "PLAT"]}
    found = dict.fromkeys([arm.code for arm in study.design.arms], 0)
    for row in enrolled(trial).itertuples():
        found[row.ARMCD] += confirmed(trial, row.USUBJID, study, at_least)
    return found


def emergent(trial: Domains) -> pd.DataFrame:
    """Events from infusion 1 on; a month alone counts when it isn't before the month of infusion 1."""
    ae = trial["AE"].merge(trial["DM"][["USUBJID", "RFXSTDTC"]], on="USUBJID")
    keep = [
        start[:10] >= first[: min(10, len(start))]
        for start, first in zip(ae.AESTDTC, ae.RFXSTDTC, strict=True)
    ]
    return ae[keep]


def infusion_events(trial: Domains) -> pd.DataFrame:
    ae = trial["AE"].assign(IDVARVAL=trial["AE"]["AESEQ"].map("{:.0f}".format))
    return ae.merge(trial["SUPPAE"].query("QNAM == 'AEINFRN'"), on=["USUBJID", "IDVARVAL"])


class TestPublishedCounts:
    def test_screening_flow_and_cohorts(self, trial: Domains) -> None:
        assert trial["DM"]["ARMCD"].value_counts().to_dict() == {
            "ESC05": 3, "ESC10": 3, "ESC20": 6, "EXP20": 6, "SCRNFAIL": 3, "NOTASSGN": 1,
        }  # fmt: skip
        assert set(trial["EX"]["USUBJID"]) == set(enrolled(trial)["USUBJID"])

    @pytest.mark.parametrize("seed", [DEFAULT_SEED, 0, 1])
    def test_responders(self, study: Study, seed: int) -> None:
        trial = simulated(seed)
        assert responders_by_arm(trial, study, 30) == {"ESC05": 0, "ESC10": 2, "ESC20": 3, "EXP20": 3}
        assert sum(responders_by_arm(trial, study, 100).values()) == 3

    def test_rescue_lifts_counts_of_some_non_responders(self, trial: Domains, study: Study) -> None:
        lifted = [
            subject
            for subject in enrolled(trial)["USUBJID"]
            if confirmed(trial, subject, study, 30, ignore_rescue=True)
            and not confirmed(trial, subject, study, 30)
        ]
        assert len(lifted) >= 2

    def test_time_and_level_of_response_resemble_earlier_patients(self, trial: Domains, study: Study) -> None:
        peaks = []
        for subject in enrolled(trial)["USUBJID"]:
            if confirmed(trial, subject, study, 30):
                rows = [
                    r for r in of_subject(trial, "LB", subject) if r["LBTESTCD"] == "PLAT" and r["LBDY"] > 28
                ]
                peaks.append(statistics.median(row["LBSTRESN"] for row in rows if row["LBDY"] < 84))
        assert 70 <= statistics.median(peaks) <= 110

    def test_kinds_of_response(self, trial: Domains, study: Study) -> None:
        """Complete, plain and partial responses, and some that are lost before the last visit."""
        lb = trial["LB"][(trial["LB"]["LBTESTCD"] == "PLAT") & (trial["LB"]["LBDY"] > 28)]
        responders = [
            rows.sort_values("LBDTC")["LBSTRESN"]
            for subject, rows in lb.groupby("USUBJID")
            if confirmed(trial, subject, study, 30)
        ]
        peaks = [counts.max() for counts in responders]
        assert (sum(peak >= 100 for peak in peaks), sum(peak < 70 for peak in peaks)) == (3, 1)
        assert sum(counts.iloc[-1] < 30 for counts in responders) == 3

    def test_baseline_platelets(self, trial: Domains) -> None:
        lb = trial["LB"]
        base = lb.loc[(lb["LBTESTCD"] == "PLAT") & (lb["LBBLFL"] == "Y"), "LBSTRESN"]
        assert (len(base), base.min(), base.median(), base.max()) == (18, 3, 10, 25)

    @pytest.mark.parametrize("seed", [DEFAULT_SEED, 0, 1])
    def test_adverse_events(self, seed: int) -> None:
        trial = simulated(seed)
        assert emergent(trial)["USUBJID"].nunique() == 13
        serious = trial["AE"][trial["AE"]["AESER"] == "Y"]
        assert serious["USUBJID"].nunique() == 4
        assert serious["AEDECOD"].value_counts().to_dict() == {
            "Gastrointestinal haemorrhage": 2,
            "Heavy menstrual bleeding": 1,
            "Acute myocardial infarction": 1,
        }

    def test_demography(self, trial: Domains) -> None:
        dm = enrolled(trial)
        assert dm["SEX"].value_counts().to_dict() == {"F": 15, "M": 3}
        assert dm["AGE"].median() == 44
        assert dm["AGE"].between(18, 60).all()

    def test_duration_of_disease(self, trial: Domains) -> None:
        start = trial["DM"].set_index("USUBJID")["RFSTDTC"]
        mh = trial["MH"][trial["MH"]["MHTERM"] == "Immune thrombocytopenia"]
        months = [(day(start[row.USUBJID]) - day(row.MHSTDTC)).days / 30.4375 for row in mh.itertuples()]
        assert len(months) == 18
        assert [round(x) for x in (min(months), statistics.median(months), max(months))] == [15, 73, 360]

    def test_earlier_therapy(self, trial: Domains) -> None:
        therapies: dict[str, set[str]] = {}
        for domain in ("CM", "PR"):
            frame = trial[domain]
            for row in frame[frame[f"{domain}CAT"] == "PRIOR ITP THERAPY"].to_dict("records"):
                therapies.setdefault(row["USUBJID"], set()).add(row[f"{domain}DECOD"])
        assert len(therapies) == 18
        assert sum("SPLENECTOMY" in names for names in therapies.values()) == 10
        assert sum("RITUXIMAB" in names for names in therapies.values()) == 13
        assert sum(len(names) >= 5 for names in therapies.values()) == 15

    def test_enrolment_period(self, trial: Domains) -> None:
        ds = trial["DS"]
        dates = ds.loc[ds["DSDECOD"] == "ENROLLED", "DSSTDTC"]
        assert (dates.min()[:7], dates.max()[:7]) == ("2019-11", "2022-08")


class TestAgreement:
    def test_cohorts_follow_each_other(self, trial: Domains, study: Study) -> None:
        dm = enrolled(trial)
        first = dm.groupby("ARMCD")["RFSTDTC"].min().map(day)
        last = dm.groupby("ARMCD")["RFSTDTC"].max().map(day)
        codes = [arm.code for arm in study.design.arms]
        for before, after in pairwise(codes):
            assert (first[after] - last[before]).days >= 28
        assert dm["RFSTDTC"].is_monotonic_increasing

    def test_dose_limiting_toxicity(self, trial: Domains, study: Study) -> None:
        supplement = trial["SUPPAE"][trial["SUPPAE"]["QNAM"] == "AEDLT"]
        assert len(supplement) == 1
        subject, number = supplement.iloc[0][["USUBJID", "IDVARVAL"]]
        dm, ae = trial["DM"].set_index("USUBJID"), trial["AE"]
        event = ae[(ae["USUBJID"] == subject) & (ae["AESEQ"] == float(number))].iloc[0]
        assert dm.loc[subject, "ARMCD"] == "ESC20"
        assert event["AEDECOD"] not in study.efficacy.bleeding_terms
        assert (event["AEACN"], float(event["AETOXGR"]) >= 3, event["AESTDY"] <= 28) == (
            "DRUG WITHDRAWN",
            True,
            True,
        )
        infusions = of_subject(trial, "EX", subject)
        assert len(infusions) == 3
        assert infusions[-1]["EXSTDTC"][:10] < event["AESTDTC"]
        end = [row for row in of_subject(trial, "DS", subject) if row["DSSCAT"] == "TREATMENT"]
        assert [(row["DSDECOD"], row["DSSTDTC"]) for row in end] == [("ADVERSE EVENT", event["AESTDTC"])]
        in_cohort = sorted(dm.index[dm["ARMCD"] == "ESC20"])
        assert subject in in_cohort[:3]

    def test_interrupted_infusion(self, trial: Domains) -> None:
        ex, ae = trial["EX"], trial["AE"]
        interrupted = ex[ex["EXADJ"] != ""]
        reactions = ae[ae["AEDECOD"] == "Infusion related reaction"]
        assert len(interrupted) == len(reactions) == 1
        infusion, reaction = interrupted.iloc[0], reactions.iloc[0]
        assert (reaction["USUBJID"], reaction["AEACN"]) == (infusion["USUBJID"], "DRUG INTERRUPTED")
        assert infusion["EXSTDTC"] < reaction["AESTDTC"] < infusion["EXENDTC"]
        assert infusion["EXDOSE"] < 2.0

    def test_infusions(self, trial: Domains, study: Study) -> None:
        ex = trial["EX"]
        assert ex.groupby("USUBJID").size().value_counts().to_dict() == {4: 17, 3: 1}
        planned = ex["EXSEQ"].map(dict(enumerate(study.design.infusion_days, start=1)))
        assert (ex["EXSTDY"] - planned).abs().max() == 1
        assert (ex["EXSTDTC"] < ex["EXENDTC"]).all()
        assert ex.groupby("USUBJID")["EXSTDTC"].is_monotonic_increasing.all()
        doses = ex.merge(trial["DM"], on="USUBJID").query("EXADJ == ''").groupby("ARMCD")["EXDOSE"].unique()
        assert {code: list(found) for code, found in doses.items()} == {
            arm.code: [arm.dose] for arm in study.design.arms
        }

    def test_infusion_reactions_fall_on_infusion_days(self, trial: Domains) -> None:
        flagged = infusion_events(trial)
        starts = {(row.USUBJID, row.EXSTDTC[:10]): row.EXSTDTC for row in trial["EX"].itertuples()}
        assert len(flagged) >= 3
        assert all(starts[row.USUBJID, row.AESTDTC[:10]] < row.AESTDTC for row in flagged.itertuples())

    def test_events_start_during_infusions_and_within_hours_after_them(self, trial: Domains) -> None:
        flagged = infusion_events(trial)
        ends = {(row.USUBJID, row.EXSTDTC[:10]): row.EXENDTC for row in trial["EX"].itertuples()}
        after = [
            dt.datetime.fromisoformat(row.AESTDTC)
            - dt.datetime.fromisoformat(ends[row.USUBJID, row.AESTDTC[:10]])
            for row in flagged.itertuples()
        ]
        assert sum(span < dt.timedelta(0) for span in after) >= 2
        assert sum(span > dt.timedelta(0) for span in after) >= 2
        assert max(after) < dt.timedelta(hours=6)

    def test_raised_alt_agrees_with_its_grade(self, large: Domains) -> None:
        alt = large["LB"][large["LB"]["LBTESTCD"] == "ALT"].assign(
            multiple=lambda rows: rows["LBSTRESN"] / rows["LBSTNRHI"]
        )
        events = large["AE"][large["AE"]["AEDECOD"] == "Alanine aminotransferase increased"]
        assert set(events["AETOXGR"]) == {"1", "2"}
        own = alt.merge(events[["USUBJID", "AESTDY", "AEENDY", "AETOXGR"]], on="USUBJID", how="left")
        during = own["LBDY"].between(own["AESTDY"], own["AEENDY"].fillna(1000))
        assert own.loc[during & (own["LBDY"] == own["AESTDY"]), "USUBJID"].nunique() == len(events)
        for grade, low, high in (("1", 1, 3), ("2", 3, 5)):
            values = own.loc[during & (own["AETOXGR"] == grade), "multiple"]
            assert (low < values.min(), values.max() <= high) == (True, True)
        assert own.loc[~during, "multiple"].max() <= 3

    def test_drugs_for_adverse_events(self, trial: Domains) -> None:
        cm = trial["CM"][trial["CM"]["CMCAT"] == "CONCOMITANT MEDICATION"]
        assert {("PARACETAMOL", "FEVER"), ("LEVOFLOXACIN", "URINARY TRACT INFECTION")} <= set(
            zip(cm["CMDECOD"], cm["CMINDC"], strict=True)
        )
        starts = {(row.USUBJID, row.AETERM, row.AESTDTC[:10]) for row in trial["AE"].itertuples()}
        assert {(row.USUBJID, row.CMINDC, row.CMSTDTC) for row in cm.itertuples()} <= starts
        ended = cm[cm["CMENDTC"] != ""]
        assert (ended["CMSTDTC"] <= ended["CMENDTC"]).all()

    def test_seriousness_sex_and_outcome(self, trial: Domains) -> None:
        ae = trial["AE"].merge(trial["DM"][["USUBJID", "SEX"]], on="USUBJID")
        criteria = (ae[["AESDTH", "AESHOSP", "AESLIFE", "AESDISAB", "AESCONG", "AESMIE"]] == "Y").any(axis=1)
        assert (criteria == (ae["AESER"] == "Y")).all()
        assert set(ae.loc[ae["AEDECOD"] == "Heavy menstrual bleeding", "SEX"]) == {"F"}
        assert set(ae["AESDTH"]) == {"N"}
        assert set(trial["DM"]["DTHFL"]) == {""}
        assert ((ae["AEENDTC"] == "") == (ae["AEOUT"] == "NOT RECOVERED/NOT RESOLVED")).all()
        assert set(ae["AETOXGR"]) <= {"1", "2", "3", "4"}

    def test_difficult_dates_are_there(self, trial: Domains) -> None:
        ae = trial["AE"]
        assert 1 <= (ae["AESTDTC"].str.len() == 7).sum() <= 2
        assert (ae["AEENDTC"] == "").sum() >= 2
        before = ae[ae["AESTDY"] < 0]
        assert set(before["USUBJID"]) - set(emergent(trial)["USUBJID"])

    def test_dates_within_participation(self, trial: Domains) -> None:
        dm = trial["DM"].set_index("USUBJID")
        dated = {
            "AE": ["AESTDTC", "AEENDTC"],
            "DS": ["DSSTDTC"],
            "EX": ["EXSTDTC", "EXENDTC"],
            "LB": ["LBDTC"],
            "VS": ["VSDTC"],
        }
        for domain, columns in dated.items():
            for row in trial[domain].to_dict("records"):
                subject = dm.loc[row["USUBJID"]]
                for text in filter(None, (row[column][:10] for column in columns)):
                    assert subject["RFICDTC"][: len(text)] <= text <= subject["RFPENDTC"][: len(text)], row
        ae = trial["AE"][(trial["AE"]["AESTDTC"].str.len() >= 10) & (trial["AE"]["AEENDTC"] != "")]
        assert (ae["AESTDTC"].str[:10] <= ae["AEENDTC"]).all()

    def test_blood_is_drawn_before_the_infusion(self, trial: Domains) -> None:
        starts = {(row.USUBJID, row.EXSTDTC[:10]): row.EXSTDTC for row in trial["EX"].itertuples()}
        same_day = [
            (row.LBDTC, starts[key])
            for row in trial["LB"].itertuples()
            if (key := (row.USUBJID, row.LBDTC[:10])) in starts
        ]
        assert len(same_day) > 71
        assert all(drawn < start for drawn, start in same_day)

    def test_study_days(self, trial: Domains) -> None:
        first = trial["DM"].set_index("USUBJID")["RFSTDTC"]
        for name, frame in trial.items():
            for column in [c for c in frame if c.endswith("DTC") and c.replace("DTC", "DY") in frame]:
                for row in frame.to_dict("records"):
                    found, text, start = row[column.replace("DTC", "DY")], row[column], first[row["USUBJID"]]
                    if len(text) < 10 or not start:
                        assert pd.isna(found), (name, row)
                    else:
                        apart = (day(text) - day(start)).days
                        assert found == apart + (apart >= 0), (name, row)

    def test_epochs(self, trial: Domains) -> None:
        assert set(trial["EX"]["EPOCH"]) == {"TREATMENT"}
        for name in ("CP", "IS", "LB", "MB", "RS", "VS"):
            assert set(trial[name].loc[trial[name][f"{name}BLFL"] == "Y", "EPOCH"]) == {"SCREENING"}, name
        assert set(trial["AE"]["EPOCH"]) == {"SCREENING", "TREATMENT", "FOLLOW-UP", ""}

    def test_disposition(self, trial: Domains) -> None:
        ds = trial["DS"]
        ends = ds[ds["DSSCAT"] == "STUDY"].set_index("USUBJID")
        assert len(ends) == 22
        treated = ends.loc[enrolled(trial)["USUBJID"], "DSDECOD"].value_counts().to_dict()
        assert treated == {"COMPLETED": 16, "WITHDRAWAL BY SUBJECT": 1, "LOST TO FOLLOW-UP": 1}
        assert (ends["DSSTDTC"] == trial["DM"].set_index("USUBJID").loc[ends.index, "RFPENDTC"]).all()

    def test_laboratory_results(self, trial: Domains) -> None:
        lb = trial["LB"][trial["LB"]["LBCAT"] != "CYTOKINE"]
        assert (lb["LBSTRESC"].astype(float) == lb["LBSTRESN"]).all()
        low, high = lb["LBSTRESN"] < lb["LBSTNRLO"], lb["LBSTRESN"] > lb["LBSTNRHI"]
        assert (lb["LBNRIND"] == "LOW").equals(low)
        assert (lb["LBNRIND"] == "HIGH").equals(high)
        assert (lb.loc[lb["LBBLFL"] == "Y"].groupby("USUBJID").size() == 13).all()
        assert 2 <= (lb["VISIT"] == "UNSCHEDULED").sum() <= 30
        wide = lb.pivot_table(index=["USUBJID", "LBDTC"], columns="LBTESTCD", values="LBSTRESN")
        assert (wide["WBC"].dropna() > (wide["NEUT"] + wide["LYM"]).dropna()).all()
        others = lb[~lb["LBTESTCD"].isin(["PLAT", "HGB"])]
        assert 0.7 < (others["LBNRIND"] == "NORMAL").mean() < 0.99

    def test_haemoglobin_falls_with_gastrointestinal_bleeding(self, trial: Domains) -> None:
        for event in trial["AE"].query("AEDECOD == 'Gastrointestinal haemorrhage'").to_dict("records"):
            rows = [r for r in of_subject(trial, "LB", event["USUBJID"]) if r["LBTESTCD"] == "HGB"]
            before = [row["LBSTRESN"] for row in rows if row["LBDY"] < event["AESTDY"]]
            after = [row["LBSTRESN"] for row in rows if 0 <= row["LBDY"] - event["AESTDY"] <= 30]
            assert all(value < statistics.mean(before) for value in after)


class TestForm:
    def test_variables_types_and_marks(self, trial: Domains) -> None:
        assert set(trial) == set(VARIABLE_LABELS) == set(DATASET_LABELS)
        for name, frame in trial.items():
            assert list(frame.columns) == list(VARIABLE_LABELS[name])
            assert set(map(str, frame.dtypes)) <= {"str", "float64"}
            assert set(frame["STUDYID"]) == {"NCT04014166-SIM"}
            assert DATASET_LABELS[name].endswith("(simulated)")
            text = frame.select_dtypes("str")
            assert not text.isna().any(axis=None)
            assert text.map(str.isascii).all(axis=None)

    def test_keys(self, trial: Domains) -> None:
        subjects = set(trial["DM"]["USUBJID"])
        assert len(subjects) == len(trial["DM"])
        assert list(trial["DM"]["USUBJID"])[:2] == ["SIM-001", "SIM-002"]
        for name, frame in trial.items():
            if name in DESIGN:
                assert "USUBJID" not in frame
                continue
            assert set(frame["USUBJID"]) <= subjects
            if f"{name}SEQ" in frame:
                numbers = frame.groupby("USUBJID")[f"{name}SEQ"].agg(["min", "max", "nunique", "size"])
                assert (numbers["min"] == 1).all()
                assert (numbers["max"] == numbers["size"]).all()
                assert (numbers["nunique"] == numbers["size"]).all()

    def test_same_seed_same_data_other_seed_other_data(self, trial: Domains, study: Study) -> None:
        again, other = simulate(study, seed=DEFAULT_SEED), simulated(0)
        assert all(frame.equals(again[name]) for name, frame in trial.items())
        assert {name for name, frame in trial.items() if frame.equals(other[name])} == DESIGN

    @pytest.mark.parametrize(("subjects", "screened"), [(0, 0), (1, 1), (7, 8), (18, 22), (200, 244)])
    def test_other_numbers(self, study: Study, subjects: int, screened: int) -> None:
        trial = simulate(study, seed=5, subjects=subjects)
        assert len(enrolled(trial)) == subjects
        assert len(trial["DM"]) == screened
        for name, frame in trial.items():
            assert list(frame.columns) == list(VARIABLE_LABELS[name])
            assert name in DESIGN or set(frame["USUBJID"]) <= set(trial["DM"]["USUBJID"])

    def test_large_trial_keeps_the_published_shares(self, study: Study) -> None:
        trial = simulate(study, seed=5, subjects=200)
        sizes = enrolled(trial)["ARMCD"].value_counts()
        assert dict(sizes.sort_index()) == {"ESC05": 33, "ESC10": 33, "ESC20": 67, "EXP20": 67}
        found = responders_by_arm(trial, study, 30)
        assert found["ESC05"] == 0
        assert 0.4 < found["ESC10"] / 33 < 0.9
        assert 0.35 < (found["ESC20"] + found["EXP20"]) / 134 < 0.65
        assert 0.6 < emergent(trial)["USUBJID"].nunique() / 200 < 0.84

    def test_rows_follow_subject_and_time(self, large: Domains) -> None:
        for name, first in {"AE": "AESTDTC", "CM": "CMSTDTC", "EX": "EXSTDTC", "LB": "LBDTC"}.items():
            order = large[name]["USUBJID"] + " " + large[name][first]
            assert order.is_monotonic_increasing, name
            assert not large[name].duplicated(["USUBJID", f"{name}SEQ"]).any()

    def test_all_enrolled_as_conducted_is_the_default(self, trial: Domains, study: Study) -> None:
        assert simulate(study, seed=DEFAULT_SEED, subjects=18)["LB"].equals(trial["LB"])

    def test_what_it_refuses(self, study: Study) -> None:
        with pytest.raises(ParameterError, match="0 or more"):
            simulate(study, seed=1, subjects=-1)
        with pytest.raises(ParameterError, match="efficacy"):
            simulate(study.model_copy(update={"efficacy": None}), seed=1)

    def test_dictionary_names_every_variable(self) -> None:
        text = (ROOT / "data/README.md").read_text(encoding="utf-8")
        assert "**The data in `simulated/` are simulated and describe no patient.**" in text
        for name, labels in VARIABLE_LABELS.items():
            section = text.split(f"\n### {name} ")[1].split("\n### ")[0]
            for variable, label in labels.items():
                assert f"| {variable} | {label} |" in section, (name, variable)
