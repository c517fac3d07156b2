import sys

import pytest

from csrkit.errors import ParameterError
from csrkit.rows import absence, levels_in
from itpcsr.sdtm import Trial
from itpcsr.study import RelatedStudy, read_related
from tests.faults import chain

RELATED = [
    RelatedStudy(study_id="NCT2", title="Second", status="Completed", phase="N/A"),
    RelatedStudy(study_id="NCT1", title="First", status="Recruiting", phase=""),
    RelatedStudy(study_id="NCT3", title="Third", status="Recruiting", phase=""),
]
TABLE, FIGURE = "tbl-related-studies", "fig-related-studies"


def run(study, words=()):
    """Return what the notebook shows, and its rows by display."""
    values = {"words_sought": list(words)}
    with pytest.MonkeyPatch.context() as patch, chain.notebooks_on(Trial({}), study, {}) as notebook:
        patch.setattr(chain, "VALUES", {**chain.VALUES, **values})
        rows = notebook("05-related-studies")
        return notebook.displays, {str(label): part for label, part in rows.groupby("display")}


@pytest.fixture(scope="module")
def record(study):
    return run(study, ["Mesenchymal", "immune thrombocytopenia"])


@pytest.fixture
def of_these(study, monkeypatch):
    """Give what runs the notebook as if the record named these studies."""

    def run_of(studies):
        monkeypatch.setattr(sys.modules["itpcsr.study"], "read_related", lambda _: studies)
        return run(study)

    return run_of


def values(rows, analysis, statistic="n"):
    chosen = rows[(rows["analysis"] == analysis) & (rows["statistic"] == statistic)]
    return dict(zip(levels_in(chosen), chosen["value"], strict=True))


def test_the_registry_record_is_counted_as_by_hand(record):
    """Counted in the record of NCT04014166 with a pencil."""
    rows = record[1][TABLE]
    assert values(rows, "listed") == {"studies": 20}
    status = {name: n for name, n in values(rows, "status").items() if n}
    assert status == {
        "Not yet recruiting": 2, "Recruiting": 8, "Active, not recruiting": 1, "Terminated": 1, "Completed": 7,
        "Unknown status": 1,
    }  # fmt: skip
    phase = {name: n for name, n in values(rows, "phase").items() if n}
    assert phase == {
        "Phase 1": 2, "Phase 2": 3, "Phase 2/Phase 3": 3, "Phase 3": 1, "Phase 4": 3, "N/A": 3, "none given": 5,
    }  # fmt: skip
    assert values(rows, "title") == {"mesenchymal": 0, "immune thrombocytopenia": 1}
    assert set(values(rows, "status", "N").values()) == {20}


def test_fields_are_those_that_occur_and_add_up(record):
    cells = values(record[1][FIGURE], "cell")
    assert cells[("Recruiting", "none given")] == 3
    assert min(cells.values()) == 1
    assert sum(cells.values()) == 20


def test_studies_are_listed_in_the_order_of_the_record(of_these):
    table = of_these(RELATED)[0][TABLE]
    assert [row.label for row in table.rows] == ["NCT2: Second", "NCT1: First", "NCT3: Third"]
    assert table.rows[0].cells == ("Completed", "Not applicable")
    assert table.rows[1].cells == ("Recruiting", "None given")
    assert "None given" in table.notes[0]


def test_each_field_prints_its_number_and_the_chart_says_how_many_there_are(of_these):
    chart = of_these(RELATED)[0][FIGURE].to_dict()
    (data,) = chart["datasets"].values()
    assert {(row["Status"], row["Phase"], row["Text"]) for row in data} == {
        ("Recruiting", "None given", "2"),
        ("Completed", "Not applicable", "1"),
    }
    assert {layer["mark"]["type"] for layer in chart["layer"]} == {"rect", "text"}
    assert chart["description"] == (
        "3 studies; by status: 2 Recruiting, 1 Completed; by phase: 1 Not applicable, 2 None given."
    )


def test_one_study_is_counted(of_these):
    shown, rows = of_these(RELATED[1:2])
    assert values(rows[FIGURE], "cell") == {("Recruiting", "none given"): 1}
    assert shown[FIGURE].to_dict()["description"] == (
        "1 study; by status: 1 Recruiting; by phase: 1 None given."
    )


def test_without_a_study_a_sentence_stands_in_place_of_numbers(of_these):
    assert read_related("") == []
    shown, rows = of_these([])
    for label in (TABLE, FIGURE):
        assert absence(rows[label]) == "The registry record names no related study."
        assert shown[label].absent == absence(rows[label])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("NCT1,Title,Ongoing,Phase 1", "studies.0.status"),
        ("NCT1,Title,Recruiting,Phase 9", "studies.0.phase"),
        ("NCT1,,Recruiting,Phase 1", "studies.0.title"),
        ("NCT1,Title,Recruiting", "studies.0.phase"),
        ("NCT1,A,Recruiting,\nNCT1,B,Completed,", "NCT1 appears twice"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(tmp_path, line, said):
    path = tmp_path / "related.csv"
    path.write_text(f"study_id,title,status,phase\n{line}\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=said):
        read_related(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"nothing\.csv: can't be read"):
        read_related(tmp_path / "nothing.csv")
