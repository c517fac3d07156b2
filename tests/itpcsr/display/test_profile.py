"""Profiles of subjects: what stands at the head, the chart, the tables, and what stands for no data."""

import json

import pytest

from csrkit.charts import drawing
from csrkit.charts.drawing import chart_tables
from itpcsr.adam.datasets import Datasets
from itpcsr.adam.states import derive_profiles
from itpcsr.display.profile import compose_profiles
from tests import small


@pytest.fixture(scope="module")
def profiles(demo, demo_trial, study):
    frames = derive_profiles(demo, study)
    return {profile.subject: profile for profile in compose_profiles(frames, study)}


def profiles_of(study, **domains):
    trial = small.trial(**{"DM": small.dm(("01", "ESC05")), "EX": small.ex("01"), **domains})
    return list(compose_profiles(derive_profiles(Datasets(trial, study), study), study))


def table(profile, title):
    return next(section.table for section in profile.sections if section.title == title)


def test_head_names_who_got_what_and_how_it_ended(profiles):
    facts = dict(profiles["SIM-007"].facts)
    assert facts["Age and sex"] == "46-year-old woman"
    assert facts["Treatment received"] == "3 of 4 planned infusions, Day 1 to Day 15"
    assert facts["End of treatment"] == "Early: adverse event"
    assert facts["End of study"] == "Completed, Day 195"
    assert "pharmacokinetic set" in facts["Analysis sets"]
    assert facts["Distinct prior therapies"] == "5, with splenectomy and rituximab"


def test_response_shows_the_counts_that_made_it(profiles):
    response = {
        row.label: row.cells[0] for row in table(profiles["SIM-007"], "Response by the primary rule").rows
    }
    assert response["Best response"] == "CR"
    assert response["First count: day, 10⁹/L"] == "8: 34"
    counts = {row.label: row.cells for row in table(profiles["SIM-007"], "Counts behind the response").rows}
    assert counts["Day 8"] == ("34", "3.4", "response", "dates the response")
    assert counts["Day 15"][3] == "confirms it"


def test_therapy_parts_rescue_from_what_was_given_before(profiles):
    rows = table(profiles["SIM-001"], "Therapy before and during the study").rows
    titles = [row.label for row in rows if row.is_section]
    assert titles == [
        "Rescue therapy", "Other medication within the study", "Therapy of the disease before the study",
    ]  # fmt: skip
    labels = [row.label for row in rows]
    assert labels.index("Platelet transfusion") < labels.index(titles[2]) < labels.index("Dexamethasone")


def test_every_chart_draws_and_holds_only_its_own_subject(profiles, demo):
    for subject, profile in profiles.items():
        assert "@" not in json.dumps(profile.chart)  # no place of the template is left open
        counts = demo["adlb"].query(f"USUBJID == '{subject}' and PARAMCD == 'PLAT' and ADY == ADY")
        assert len(profile.chart["datasets"]["counts"]) == len(counts)
    for subject in ("SIM-001", "SIM-004", "SIM-018"):
        svg = drawing.chart_svg(profiles[subject].chart)
        assert "NaN" not in svg
        assert "Infusions" in svg
        assert "End of study" in svg


def test_all_charts_share_their_axes(profiles):
    def axes(part):
        if isinstance(part, dict):
            scale = part.get("scale") or {}
            own = [tuple(scale["domain"])] if isinstance((scale.get("domain") or [""])[0], float) else []
            return own + [found for value in part.values() for found in axes(value)]
        return [found for value in part for found in axes(value)] if isinstance(part, list) else []

    assert len({tuple(sorted(set(axes(profile.chart)))) for profile in profiles.values()}) == 1


def test_the_sentence_of_a_chart_says_its_finding(profiles):
    text = profiles["SIM-007"].course
    assert "10 × 10⁹/L at baseline, the highest 208 × 10⁹/L on Day 99" in text
    assert "confirmed response from Day 8 to Day 195" in text
    assert "2 adverse events (1 grade 2 and 1 grade 3)" in text
    assert "no confirmed response" in profiles["SIM-001"].course


def test_the_data_of_a_chart_name_infusions_events_and_counts(profiles):
    tables = {found.columns: found.rows for found in chart_tables(profiles["SIM-010"].chart)}
    events = tables["What", "Severity", "Relation", "Start day", "End day"]
    assert any(row[0] == "Fatigue" for row in events)
    assert any(row[0].startswith("Infusion 1") for row in events)
    assert any("Platelets, 10⁹/L" in columns for columns in tables)


def test_an_untreated_subject_has_a_sentence_in_place_of_the_chart(study):
    persons = small.dm(("01", "ESC05"), ("02", "ESC05")).assign(
        RFICDTC=small.day(-8), ACTARMCD=["ESC05", "NOTTRT"], ACTARM=["ESC05", "Not treated"]
    )
    treated, untreated = profiles_of(study, DM=persons)
    assert treated.chart is not None
    assert untreated.chart is None
    assert "was not treated" in untreated.course
    assert table(untreated, "Infusions").absent == "No administration of study treatment was recorded."


def test_a_domain_that_is_absent_is_said_to_be(study):
    (profile,) = profiles_of(study)
    assert table(profile, "Adverse events").absent == "The study's data hold no AE domain."
    assert table(profile, "Protocol deviations").absent == "The study's data hold no DV domain."
    assert "no adverse event" not in profile.course


def test_a_study_without_platelet_response_shows_what_it_has(pilot, pilot_trial, pilot_study):
    frames = derive_profiles(pilot, pilot_study)
    assert len(frames["adsl"]) == 254
    found = list(compose_profiles({**frames, "adsl": frames["adsl"].head(3)}, pilot_study))
    assert {section.title for section in found[0].sections} == {
        "Study treatment", "Adverse events", "Therapy before and during the study",
        "Laboratory values beyond the limits of normal", "Protocol deviations",
    }  # fmt: skip
    assert set(found[0].chart["datasets"]) == {"lanes"}
    assert "Treatment" in drawing.chart_svg(found[0].chart)
