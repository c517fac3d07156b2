"""What the notebook on pharmacokinetics shows, with all subjects, some, one and none."""

import numpy as np
import pandas as pd
import pytest

from csrkit.absence import mark_source
from csrkit.carried import rows_behind
from csrkit.charts import drawing
from csrkit.publish.external import make_rule
from tests.faults.chain import show

FIGURES = ["fig-pk-times", "fig-pk-linear", "fig-pk-log"]
OF_THE_SET = [*FIGURES, "tbl-pk-samples", "tbl-pk-individual", "tbl-pk-proportionality", "tbl-pk-parameters"]


@pytest.fixture(scope="module")
def shown(demo_trial, demo, study):
    """Return a function from subjects (None for all) to the displays, as if they alone had been sampled."""
    known = {}

    def of(subjects=None, study=study, **replaced):
        key = (subjects, study.identity.study_id)
        if replaced or key not in known:
            datasets = (demo if subjects is None else only(demo, subjects)) | replaced
            made = show(demo_trial, study, "40-pharmacokinetics", datasets=datasets)
            if replaced:
                return made
            known[key] = made
        return known[key]

    return of


def only(demo, subjects):
    adsl, adpc, adpp = (demo[name] for name in ("adsl", "adpc", "adpp"))
    inside = adsl["USUBJID"].isin(subjects)
    adsl = adsl.assign(PKFL=np.where(inside, "Y", "N"), PKREAS=np.where(inside, "", "NO SAMPLE"))
    sampled = {"adpc": adpc[adpc["USUBJID"].isin(subjects)], "adpp": adpp[adpp["USUBJID"].isin(subjects)]}
    return demo | {"adsl": adsl, **sampled}


def cells(table, label):
    return next(row.cells for row in table.rows if row.label == label)


@pytest.mark.parametrize("subjects", [None, ("SIM-005",)], ids=["all", "one"])
def test_any_number_of_subjects_can_be_shown(shown, subjects):
    displays = shown(subjects)
    for label in FIGURES:
        assert "NaN" not in drawing.chart_svg(displays[label].to_dict())
    for label, table in displays.items():
        rows = rows_behind(table)
        assert rows is None or (rows["value"].notna() | (rows["reason"] != "")).all(), label
        if label.startswith("tbl-"):
            assert all(text for row in table.rows for text in row.cells), label


def test_nobody_sampled_is_a_sentence(shown):
    displays = shown(())
    assert "No subject has a concentration" in displays["tbl-pk-parameters"].absent
    assert cells(displays["tbl-pk-set"], "No sample in the data") == ("3 (100.0)", "3 (100.0)", "6 (100.0)", "6 (100.0)", "12 (100.0)", "18 (100.0)")  # fmt: skip
    assert all(displays[label].absent for label in OF_THE_SET)


def test_no_domain_and_no_plan_are_sentences(shown, demo, pilot_study):
    displays = shown((), pilot_study)
    assert all("plans no measurement" in displays[label].absent for label in ["tbl-pk-set", *OF_THE_SET])
    displays = shown((), adpc=mark_source(demo["adpc"].head(0), "PC", held=False))
    assert all("domain PC" in displays[label].absent for label in ["tbl-pk-set", *OF_THE_SET])


def test_medians_count_what_is_below_the_limit_as_smallest(shown):
    samples = shown(("SIM-004", "SIM-005", "SIM-006"))["tbl-pk-samples"]
    place = [row.label for row in samples.rows].index("2 h after")
    assert samples.rows[place + 1].cells[1] == "2/3 (66.7)"
    assert samples.rows[place + 2].cells[1] == "BLQ (198)"
    earlier = [row.label for row in samples.rows].index("1 h after")
    assert samples.rows[earlier + 2].cells[1] == "217.0 (374)"
    assert samples.rows[earlier + 2].cells[0] == "–"
    assert "120 cells/mL" in samples.notes[1]


def test_the_tables_of_the_trial(shown, demo):
    displays = shown()
    assert cells(displays["tbl-pk-set"], "In the pharmacokinetic set")[-1] == "15 (83.3)"
    assert cells(displays["tbl-pk-proportionality"], "Cmax")[:2] == ("15", "3")
    notes = " ".join(displays["tbl-pk-parameters"].notes)
    assert "AUC 0–24 h: fewer than 3 quantified concentrations (3 subjects)" in notes
    assert len([row for row in displays["tbl-pk-listing"].rows if row.cells]) == len(demo["adpc"])


def test_a_sample_that_is_left_out_is_listed_with_its_reason(shown, demo):
    adpc = demo["adpc"].copy()
    adpc.loc[0, ["ANL01FL", "ANL01RS", "ATPTN", "ADTM"]] = ["N", "no result", np.nan, pd.NaT]
    listed = shown(adpc=adpc)["tbl-pk-listing"]
    assert "No: no result" in [row.cells[-1] for row in listed.rows if row.cells]


def test_neither_cells_nor_notes_tell_what_an_external_version_suppresses(shown, demo, study, suppress_by):
    suppress_by(make_rule(demo["adsl"], study, 3))
    displays = shown(adsl=demo["adsl"])
    for name in ("tbl-pk-samples", "tbl-pk-parameters"):
        assert [head.n for head in displays[name].headers] == [*["SUP"] * 5, "15"]
        assert {cell for row in displays[name].rows for cell in row.cells[:-1]} <= {"SUP"}
    notes = " ".join(displays["tbl-pk-parameters"].notes)
    assert "adjusted R² of the terminal slope below 0.8 (SUP subjects)" in notes
    assert "(2 subjects)" not in notes
    assert cells(displays["tbl-pk-set"], "In the pharmacokinetic set") == (*["SUP"] * 5, "15 (83.3)")
