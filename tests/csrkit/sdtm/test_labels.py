"""Labels are compared in one way, and a misspelt one is told from another one."""

import pytest

from csrkit.sdtm.labels import distance, fold_label, near_pairs, nearest

RESCUE = ["RESCUE THERAPY", "PRIOR ITP THERAPY"]


@pytest.mark.parametrize(
    ("label", "known", "meant"),
    [
        ("RESUCE THERAPY", RESCUE, "RESCUE THERAPY"),
        ("rescue  therapy ", RESCUE, "RESCUE THERAPY"),
        ("RESCU THERPY", RESCUE, "RESCUE THERAPY"),
        ("RESCUE THERAPY", RESCUE, ""),
        ("CONCOMITANT MEDICATION", RESCUE, ""),
        ("AEDLTT", ["AEDLT"], "AEDLT"),
        ("AELDT", ["AEDLT"], "AEDLT"),
        ("aedlt", ["AEDLT"], "AEDLT"),
        ("AEPTCD", ["AEDLT"], ""),
        ("ESC5", ["ESC05", "ESC10"], "ESC05"),
        ("ESC20", ["ESC05", "ESC10"], ""),
        ("WEEK 5", ["WEEK 4"], ""),
        ("ALP", ["ALT"], ""),
        ("", ["ALT"], ""),
    ],
)
def test_the_nearest_known_label(label, known, meant):
    assert nearest(label, known) == meant


def test_mistakes_are_counted_once_each():
    assert distance("ASAIN", "ASIAN") == 1
    assert distance("RESCUE", "RESCU") == 1
    assert distance("Hypertension", "Hypotension") == 2
    assert distance("", "ABC") == 3


def test_labels_one_mistake_apart_are_found_among_many():
    terms = ["Pyrexia", "Pyrexai", "Headache", "HEADACHE", "Hypotension", "Hypertension", "WEEK 1", "WEEK 2"]
    assert list(near_pairs(terms)) == [("HEADACHE", "Headache"), ("Pyrexai", "Pyrexia")]


def test_case_and_blanks_are_folded():
    assert fold_label("  Not  related ") == "NOT RELATED"
