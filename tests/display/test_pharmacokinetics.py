"""Displays of concentrations and parameters, with all subjects, some, one and none."""

import numpy as np
import pandas as pd
import pytest

from csrkit.absence import mark_source
from csrkit.charts import drawing
from csrkit.disclosure.small_counts import VARIABLE
from itpcsr.analysis import pharmacokinetics as pk
from itpcsr.analysis.incidence import dose_columns
from itpcsr.display import pharmacokinetics as figures
from itpcsr.display import pharmacokinetics_tables as tables
from itpcsr.publish.suppressing import make_rule


def only(demo, subjects):
    """Return the datasets as if these subjects alone had been sampled."""
    adsl, adpc, adpp = (demo[name] for name in ("adsl", "adpc", "adpp"))
    inside = adsl["USUBJID"].isin(subjects)
    adsl = adsl.assign(PKFL=np.where(inside, "Y", "N"), PKREAS=np.where(inside, "", "NO SAMPLE"))
    return adsl, adpc[adpc["USUBJID"].isin(subjects)], adpp[adpp["USUBJID"].isin(subjects)]


def everything(adsl, adpc, adpp, study):
    """Return all result rows and all displays of the notebook."""
    rows = {
        "set": pk.analyse_pk_set(adsl, adpc, study),
        "samples": pk.analyse_samples(adsl, adpc, study),
        "times": pk.analyse_times(adsl, adpc, study),
        "parameters": pk.analyse_parameters(adsl, adpc, adpp, study),
        "individual": pk.analyse_individual(adsl, adpc, adpp, study),
        "slopes": pk.analyse_proportionality(adsl, adpc, adpp, study, 0.95),
        "listed": pk.count_listed(adpc, study),
    }
    doses = dose_columns(study.design)
    shown = {
        "set": tables.table_pk_set(rows["set"], study),
        "samples": tables.table_pk_samples(rows["samples"], study),
        "parameters": tables.table_pk_parameters(rows["parameters"], study),
        "individual": tables.table_pk_individual(rows["individual"]),
        "slopes": tables.table_pk_proportionality(rows["slopes"], 0.95),
        "listed": tables.list_concentrations(rows["listed"], adpc),
        "times": figures.figure_times(rows["times"], adpc, adsl),
        **{
            scale: figures.figure_profiles(rows["samples"], adpc, adsl, doses, study, 24, scale)
            for scale in ("linear", "log")
        },
    }
    return rows, shown


def cells(table, label):
    return next(row.cells for row in table.rows if row.label == label)


@pytest.mark.parametrize("subjects", [None, ["SIM-005"]], ids=["all", "one"])
def test_any_number_of_subjects_can_be_shown(demo, study, subjects):
    chosen = [demo[name] for name in ("adsl", "adpc", "adpp")] if subjects is None else only(demo, subjects)
    rows, shown = everything(*chosen, study)
    for part in rows.values():
        assert (part["value"].notna() | (part["reason"] != "")).all()
    for name in ("linear", "log", "times"):
        svg = drawing.chart_svg(shown[name].to_dict())
        assert "NaN" not in svg
    assert all(text for table in list(shown.values())[:6] for row in table.rows for text in row.cells)


def test_nobody_sampled_is_a_sentence(demo, study):
    _, shown = everything(*only(demo, []), study)
    assert "No subject has a concentration" in shown["parameters"].absent
    assert cells(shown["set"], "No sample in the data") == ("3 (100.0)", "3 (100.0)", "6 (100.0)", "6 (100.0)", "12 (100.0)", "18 (100.0)")  # fmt: skip
    assert all(shown[name].absent for name in ("samples", "individual", "slopes", "linear", "log", "times"))


def test_no_domain_and_no_plan_are_sentences(demo, study, pilot_study):
    adsl, adpc, adpp = only(demo, [])
    _, shown = everything(adsl, adpc, adpp, pilot_study)
    assert all("plans no measurement" in shown[name].absent for name in ("set", "samples", "log"))
    adpc = mark_source(adpc, "PC", held=False)
    _, shown = everything(adsl, adpc, adpp, study)
    assert all("domain PC" in shown[name].absent for name in ("set", "samples", "log"))


def test_medians_count_what_is_below_the_limit_as_smallest(demo, study):
    _, shown = everything(*only(demo, ["SIM-004", "SIM-005", "SIM-006"]), study)
    samples = shown["samples"]
    place = [row.label for row in samples.rows].index("2 h after")
    assert samples.rows[place + 1].cells[1] == "2/3 (66.7)"
    assert samples.rows[place + 2].cells[1] == "BLQ (198)"
    earlier = [row.label for row in samples.rows].index("1 h after")
    assert samples.rows[earlier + 2].cells[1] == "217.0 (374)"
    assert samples.rows[earlier + 2].cells[0] == "–"
    assert "120 cells/mL" in samples.notes[1]


def test_the_tables_of_the_trial(demo, study):
    _, shown = everything(*(demo[name] for name in ("adsl", "adpc", "adpp")), study)
    assert cells(shown["set"], "In the pharmacokinetic set")[-1] == "15 (83.3)"
    assert cells(shown["slopes"], "Cmax")[:2] == ("15", "3")
    notes = " ".join(shown["parameters"].notes)
    assert "AUC 0–24 h: fewer than 3 quantified concentrations (3 subjects)" in notes
    assert len([row for row in shown["listed"].rows if row.cells]) == len(demo["adpc"])


def test_a_sample_that_is_left_out_is_listed_with_its_reason(demo, study):
    adpc = demo["adpc"].copy()
    adpc.loc[0, ["ANL01FL", "ANL01RS", "ATPTN", "ADTM"]] = ["N", "no result", np.nan, pd.NaT]
    listed = tables.list_concentrations(pk.count_listed(adpc, study), adpc)
    assert "No: no result" in [row.cells[-1] for row in listed.rows if row.cells]


def test_neither_cells_nor_notes_tell_what_an_external_version_suppresses(demo, study, monkeypatch):
    monkeypatch.setenv(VARIABLE, make_rule(demo["adsl"], study, 3).to_text())
    _, shown = everything(*(demo[name] for name in ("adsl", "adpc", "adpp")), study)
    for name in ("samples", "parameters"):
        assert [head.n for head in shown[name].headers] == [*["SUP"] * 5, "15"]
        # what is joined to SUP goes when the version is written
        assert {cell for row in shown[name].rows for cell in row.cells[:-1]} <= {
            "SUP",
            "SUP (SUP)",
            "SUP, SUP",
        }
    notes = " ".join(shown["parameters"].notes)
    assert "adjusted R² of the terminal slope below 0.8 (SUP subjects)" in notes
    assert "(2 subjects)" not in notes
    assert cells(shown["set"], "In the pharmacokinetic set") == (*["SUP"] * 5, "15 (83.3)")
