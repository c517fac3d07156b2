"""Narratives: grammar that follows the data, whatever is missing, and the facts of published narratives."""

import re
from collections import ChainMap
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from csrkit.tables import files, words
from itpcsr.adam import clinical
from itpcsr.adam.datasets import Datasets
from itpcsr.analysis import significant_events
from itpcsr.display import course, listings, narratives
from itpcsr.sdtm import Trial
from itpcsr.study import Study
from tests.small import day, dm, event, events, ex, platelets

MISSING = re.compile(
    r"\b(nan|none|nat|null)\b(?! of them)|  | [,.;:]|\(\)|\(,|,,|\.\.|;;|, \)|\bDay -?\d+\.\d", re.IGNORECASE
)
CODES = re.compile(
    r"\b(?!COVID|SIM|IVIG|ITP|WHO|ECG|ALT|AST|GGT|HIV|ESC|EXP|MSC)[A-Z]{3,}\b|_|[A-Z]+/[A-Z]+\b|10\^"
)


def told(trial: Trial, study: Study, derived: Mapping[str, pd.DataFrame] | None = None) -> files.Prose:
    """Return the narratives of a trial."""
    datasets = ChainMap({}, derived or Datasets(trial, study))
    datasets["bleeding"] = clinical.select_bleeding(datasets["adbleed"])
    adsl, adae = datasets["adsl"], datasets["adae"]
    chosen = significant_events.select_events(adsl, adae, study)
    rows = significant_events.count_narrated(adsl, adae, chosen, study)
    return narratives.compose_narratives(rows, chosen, datasets, study)


def small(study: Study, *records: dict[str, object], **domains: pd.DataFrame) -> str:
    """Return the narratives of one subject with these events as one text."""
    people, doses = dm(("01", "ESC05")), ex("01")
    trial = Trial({"DM": people, "EX": doses, "AE": events(*records), **domains})
    found = told(trial, study)
    return found.absent or " ".join(text for part in found.passages for text in part.paragraphs)


def assert_readable(text: str) -> None:
    assert not MISSING.search(text), (MISSING.search(text), text)
    assert not CODES.search(text), (CODES.search(text), text)
    assert text.endswith(".")
    for sentence in re.split(r"(?<=\.) ", text):
        assert sentence[0].isupper(), text


def all_texts(found: files.Prose) -> list[str]:
    return [text for part in found.passages for text in part.paragraphs]


@pytest.mark.parametrize("name", ["demo", "pilot"])
def test_narratives_of_both_trials_are_readable(name, request):
    study = request.getfixturevalue("study" if name == "demo" else "pilot_study")
    found = told(request.getfixturevalue(f"{name}_trial"), study, request.getfixturevalue(name))
    assert len(found.passages) == {"demo": 5, "pilot": 6}[name]
    for text in all_texts(found):
        assert_readable(text)


def test_a_whole_narrative(demo_trial, demo, study):
    found = told(demo_trial, study, demo)
    infarction = next(part for part in found.passages if "SIM-007" in part.heading)
    text = " ".join(infarction.paragraphs)
    assert infarction.heading == "Subject SIM-007: acute myocardial infarction"
    for piece in (
        "a 46-year-old woman with refractory immune thrombocytopenia",
        "3 of 4 planned infusions, on Days 1, 8 and 15 (6.0 × 10⁶ cells/kg in total)",
        "On Day 18 (2021-01-10), 3 days after infusion 3, acute myocardial infarction occurred (grade 3).",
        "was serious (hospitalisation) and was recorded as a dose-limiting toxicity.",
        "Treatment was withdrawn because of it.",
        "The subject recovered with sequelae on Day 24 (2021-01-16); the event lasted 7 days.",
    ):
        assert piece in text


def test_an_infusion_reaction_is_set_against_its_infusion(demo_trial, demo, study):
    text = " ".join(all_texts(told(demo_trial, study, demo)))
    assert "on the day of infusion 2, 5 minutes before its end" in text


# when an event starts, and how its narrative says so
STARTS = [
    (day(8), "on the day of infusion 2,"),
    (day(9), "1 day after infusion 2,"),
    (day(-3), "3 days before the first infusion,"),
    ("2020-04", "In April 2020 (day not recorded), rash"),
    ("2020", "In 2020 (day and month not recorded), rash"),
    ("2020---05", "In 2020 (day and month not recorded), rash"),
    ("", "On a day that was not recorded, rash"),
]
# how and when an event that began on Day 8 ended, and how its narrative says so
OUTCOMES = [
    ("RECOVERED/RESOLVED", day(12), "recovered on Day 12 (2020-03-21); the event lasted 5 days."),
    ("RECOVERED/RESOLVED", "", "The subject recovered; the day was not recorded."),
    ("RECOVERED/RESOLVED", "2020-04", "The subject recovered in April 2020 (day not recorded)."),
    ("NOT RECOVERED/NOT RESOLVED", "", "The subject had not recovered at the last report."),
    ("FATAL", day(12), "The subject died on Day 12 (2020-03-21)."),
    ("FATAL", "", "The event was fatal; the day of death was not recorded."),
    ("UNKNOWN", "", "The outcome is unknown."),
    ("", day(12), "The outcome was not recorded, and the event ended on Day 12 (2020-03-21)."),
    ("IMPROVED", "", "Outcome: improved."),
]


@pytest.fixture(scope="module")
def by_case(study) -> dict[object, str]:
    """Return the narrative of each case of the two lists, each of a subject of one trial."""
    rashes = [
        *({"start": start} for start, _ in STARTS),
        *({"start": day(8), "end": end, "AEOUT": outcome} for outcome, end, _ in OUTCOMES),
    ]
    names = [f"S{number:02}" for number in range(len(rashes))]
    records = [event(name, "Rash", **rash, AESER="Y") for name, rash in zip(names, rashes, strict=True)]
    trial = Trial({"DM": dm(*((name, "ESC05") for name in names)), "EX": ex(*names), "AE": events(*records)})
    found = {
        part.heading.split()[1].rstrip(":"): " ".join(part.paragraphs) for part in told(trial, study).passages
    }
    return dict(zip([*STARTS, *OUTCOMES], (found[name] for name in names), strict=True))


@pytest.mark.parametrize("case", STARTS, ids=[start or "none" for start, _ in STARTS])
def test_the_start_is_placed_as_far_as_it_is_known(by_case, case):
    assert case[-1] in by_case[case]
    assert_readable(by_case[case])


@pytest.mark.parametrize("case", OUTCOMES, ids=" ".join)
def test_the_outcome_follows_the_data(by_case, case):
    assert case[-1] in by_case[case]
    assert_readable(by_case[case])


def test_a_death_that_no_event_tells_of_has_a_narrative(study):
    ds = pd.DataFrame(
        [
            {
                "USUBJID": "01",
                "DSSEQ": 1.0,
                "DSDECOD": "DEATH",
                "DSCAT": "DISPOSITION EVENT",
                "DSSTDTC": day(30),
            }
        ]
    )
    text = small(study, event("01", "Rash", day(8)), DS=ds)
    assert (
        "The subject died on Day 30 (2020-04-08), by the record of disposition. No adverse event with" in text
    )
    assert "One other adverse event was reported: rash (grade 1, Day 8)." in text


def test_nothing_to_tell_is_a_sentence(study):
    assert small(study, event("01", "Rash", day(8))).startswith("No death, other serious adverse event")


def test_without_the_domain_nothing_is_claimed(study):
    trial = Trial({"DM": dm(("01", "ESC05")), "EX": ex("01")})
    assert "no adverse event domain" in told(trial, study).absent


def test_platelet_counts_stand_next_to_the_event(study):
    lb = platelets("01", {1: 12.0, 6: 20.0, 9: 31.0, 200: 99.0})
    text = small(study, event("01", "Rash", day(8), AESER="Y"), LB=lb)
    assert "The platelet count was 20 × 10⁹/L on Day 6 and 31 × 10⁹/L on Day 9." in text
    assert "99" not in text


def test_a_single_infusion_has_a_day_and_not_days(study):
    trial = Trial(
        {
            "DM": dm(("01", "ESC05")),
            "EX": ex("01", days=(1,)),
            "AE": events(event("01", "Rash", day(8), AESER="Y")),
        }
    )
    text = " ".join(all_texts(told(trial, study)))
    assert "1 of 4 planned infusions, on Day 1." in text
    assert "7 days after infusion 1" in text


def random_trial(seed: int, infusions: bool) -> Trial:
    """Return subjects whose records miss this or that."""
    rng = np.random.default_rng(seed)
    names = [f"{number:02d}" for number in range(12)]
    people = dm(*((name, "ESC05") for name in names))
    people["AGE"] = rng.choice([np.nan, 8.0, 18.0, 40.0, 81.0], len(names))
    people["SEX"] = rng.choice(["F", "M", "U", ""], len(names))
    days = tuple(sorted(rng.choice([1, 8, 15, 22], rng.integers(1, 5), replace=False)))
    doses = ex(*names, days=days) if infusions else ex(*names, days=(1,))
    records = [_random_event(rng, name) for name in names for _ in range(rng.integers(1, 12))]
    cm = pd.DataFrame([_random_therapy(rng, name, place) for place, name in enumerate(names * 3)])
    mh = pd.DataFrame(
        [{"USUBJID": name, "MHSEQ": 1.0, "MHTERM": "Hypertension", "MHCAT": ""} for name in names]
    )
    ds = pd.DataFrame([_random_end(rng, name) for name in names])
    return Trial({"DM": people, "EX": doses, "AE": events(*records), "CM": cm, "MH": mh, "DS": ds})


def _random_date(rng: np.random.Generator) -> str:
    whole = day(int(rng.choice([-20, -1, 1, 2, 9, 22, 100])))
    return str(rng.choice([whole, whole, whole[:7], whole[:4], f"{whole}T10:30", f"{whole[:4]}---05", ""]))


def _random_event(rng: np.random.Generator, name: str) -> dict[str, object]:
    terms = ["PYREXIA", "Acute myocardial infarction", "Hallucination, visual", "COVID-19", ""]
    term = str(rng.choice(terms))
    return event(
        name, term, _random_date(rng), _random_date(rng), AETERM=str(rng.choice([term, "SOMETHING ELSE", ""])),
        AESER=str(rng.choice(["Y", "N", ""])), AETOXGR=str(rng.choice(["1", "3", "5", ""])),
        AEREL=str(rng.choice(["RELATED", "UNLIKELY RELATED", "SUSPECTED", ""])),
        AEACN=str(rng.choice(["DRUG WITHDRAWN", "NOT APPLICABLE", "DOSE SKIPPED", ""])),
        AEOUT=str(rng.choice(["FATAL", "RECOVERING/RESOLVING", "RECOVERED/RESOLVED", "UNKNOWN", "WORSE", ""])),
        AESHOSP=str(rng.choice(["Y", ""])), AESLIFE=str(rng.choice(["Y", "N"])),
    )  # fmt: skip


def _random_therapy(rng: np.random.Generator, name: str, number: int) -> dict[str, object]:
    return {
        "USUBJID": name, "CMSEQ": float(number), "CMTRT": str(rng.choice(["IVIG", "PREDNISONE", ""])), "CMDECOD": "",
        "CMCAT": str(rng.choice(["RESCUE THERAPY", "PRIOR ITP THERAPY", "OTHER"])),
        "CMSTDTC": _random_date(rng), "CMENDTC": _random_date(rng),
    }  # fmt: skip


def _random_end(rng: np.random.Generator, name: str) -> dict[str, object]:
    reason = str(rng.choice(["COMPLETED", "DEATH", "WITHDRAWAL BY SUBJECT", "LOST TO FOLLOW-UP"]))
    return {
        "USUBJID": name,
        "DSSEQ": 1.0,
        "DSDECOD": reason,
        "DSCAT": "DISPOSITION EVENT",
        "DSSTDTC": day(30),
    }


@pytest.mark.examples(2)
def test_random_subjects_read_as_english(study, pilot_like, seed):
    infusions = seed % 2 == 0
    found = told(random_trial(seed, infusions), study if infusions else pilot_like)
    assert found.passages
    for text in all_texts(found):
        assert_readable(text)


@pytest.fixture
def pilot_like(study):
    """A study of the same arms that has no infusions."""
    return study.model_copy(update={"design": study.design.model_copy(update={"infusion_days": []})})


def test_listings_of_random_subjects_hold_no_codes(study):
    datasets = Datasets(random_trial(1, infusions=True), study)
    adsl, adae = datasets["adsl"], datasets["adae"]
    chosen = significant_events.select_events(adsl, adae, study)
    for kind in ("death", "serious", "significant"):
        rows = significant_events.count_listed(adsl, adae, chosen, study, kind)
        table = listings.list_events(rows, chosen, adsl, study, kind)
        for cell in (cell for row in table.rows for cell in row.cells):
            assert cell
            assert not re.search(r"nan|None|NaT|  |[A-Z]{3,}", cell), cell


def test_the_published_narratives_tell_the_same(pilot_trial, pilot, pilot_study, pilot_folder):
    """The deaths of the published package; it prints other site numbers than the data for two of them."""
    published = (pilot_folder / "narratives.txt").read_text(encoding="cp1252").split("\n\n")
    own = {part.heading: " ".join(part.paragraphs) for part in told(pilot_trial, pilot_study, pilot).passages}
    facts = {
        "1083": ("89-year-old woman", "myocardial infarction", "2013-08-02", "possibly related", "July 2011"),
        "1211": ("76-year-old woman", "sudden death", "2013-01-14", "not related", "2010"),
        "1445": ("75-year-old man", "suicide", "2014-10-31", "not related", "2012"),
    }
    for text in published:
        subject = re.search(r"Subject 01-701-(\d{4})", text).group(1)
        heading = next(heading for heading in own if f"-{subject}:" in heading)
        person, term, died, relation, diagnosed = facts[subject]
        assert person in text
        assert person in own[heading]
        assert term in text
        assert term in own[heading]
        assert (
            f"The subject died on Day {own[heading].split('died on Day ')[1].split(' ')[0]} ({died})"
            in own[heading]
        )
        assert f"judged {relation} to treatment" in own[heading]
        assert ("possibly related" in text) == (relation == "possibly related")
        assert diagnosed in own[heading]
        assert diagnosed[-4:] in text
    others = next(text for heading, text in own.items() if "1211" in heading)
    assert others.split("were reported: ")[1].count("Day") == 8  # "Eight other adverse events"


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["x, y", "b", "c"], "x, y; b and c"),
        (["x (1, 2)", "b", "c"], "x (1, 2), b and c"),
    ],
)
def test_items_are_joined(items, text):
    assert words.join(items) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("ACUTE MYOCARDIAL INFARCTION", "acute myocardial infarction"),
        ("Acute myocardial infarction", "acute myocardial infarction"),
        ("ALZHEIMER'S DISEASE", "Alzheimer's disease"),
        ("COVID-19", "COVID-19"),
        ("hUC-MSC", "hUC-MSC"),
        ("ECG  QT PROLONGED", "ECG QT prolonged"),
    ],
)
def test_terms_take_small_letters(written, text):
    assert words.term(written) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [(8, "an 8-"), (11, "an 11-"), (18, "an 18-"), (80, "an 80-"), (40, "a 40-"), (1, "a 1-")],
)
def test_the_article_follows_the_number_as_it_is_read(age, text):
    assert words.article(words.person(age, "F")) == f"{text}year-old woman"


def test_markup_in_a_text_stays_text():
    text = files.to_markdown(
        files.Prose((files.Passage("A *b*", ("1. a_b {{< x >}} <i> [c](d) @e -- #f",)),))
    )
    assert text == ("**A \\*b\\***\n\n1\\. a\\_b \\{\\{\\< x \\>\\}\\} \\<i\\> \\[c\\](d) \\@e \\-\\- \\#f\n")


def test_prose_survives_the_notebook():
    told_of = files.Prose((files.Passage("A", ("b", "c")),))
    assert files.prose_from_json(told_of._repr_mimebundle_()[files.MIME]) == told_of


def test_hours_and_minutes_are_said():
    dose = {"EXNUM": 1.0, "ASTDT": pd.Timestamp("2020-03-10"), "AENDT": pd.Timestamp("2020-03-10"),
            "EXSTDTC": "2020-03-10T09:00", "EXENDTC": "2020-03-10T10:00"}  # fmt: skip
    said = {
        "2020-03-10T08:30": "30 minutes before its start",
        "2020-03-10T09:00": "at its start",
        "2020-03-10T09:59": "1 minute before its end",
        "2020-03-10T10:00": "at its end",
        "2020-03-10T12:01": "2 hours and 1 minute after its end",
    }
    for start, phrase in said.items():
        record = {"AESTDTC": start, "ASTDY": 1.0}
        assert course.place(record, pd.DataFrame([dose]), True).endswith(f"infusion 1, {phrase},")
