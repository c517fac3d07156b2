import pytest

from csrkit.errors import ParameterError
from csrkit.rows import absence
from itpcsr.analysis.related_studies import analyse_listed, analyse_status_phase
from itpcsr.study import RelatedStudy, read_related


@pytest.fixture(scope="module")
def studies(study):
    return read_related(study.identity.related_studies)


def values(rows, analysis, statistic="n"):
    chosen = rows[(rows["analysis"] == analysis) & (rows["statistic"] == statistic)]
    return dict(zip(chosen["level"], chosen["value"], strict=True))


def test_the_registry_record_is_counted_as_by_hand(studies):
    """Counted in the record of NCT04014166 with a pencil."""
    rows = analyse_listed(studies, ["Mesenchymal", "immune thrombocytopenia"])
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
    assert values(rows, "title") == {"Mesenchymal": 0, "immune thrombocytopenia": 1}
    assert set(values(rows, "status", "N").values()) == {20}


def test_fields_are_those_that_occur_and_add_up(studies):
    cells = values(analyse_status_phase(studies), "cell")
    assert cells["Recruiting | none given"] == 3
    assert min(cells.values()) == 1
    assert sum(cells.values()) == 20


def test_without_a_study_a_sentence_stands_in_place_of_numbers():
    assert read_related("") == []
    for rows in (analyse_listed([], ["x"]), analyse_status_phase([])):
        assert absence(rows) == "The registry record names no related study."


def test_one_study_is_counted():
    one = RelatedStudy(study_id="NCT00000000", title="One", status="Withdrawn", phase="")
    assert values(analyse_status_phase([one]), "cell") == {"Withdrawn | none given": 1}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("NCT1,Title,Ongoing,Phase 1", "studies.0.status"),
        ("NCT1,Title,Recruiting,Phase 9", "studies.0.phase"),
        ("NCT1,,Recruiting,Phase 1", "studies.0.title"),
        ("NCT1,Title,Recruiting", "studies.0.phase"),
        ("NCT1,A,Recruiting,\nNCT1,B,Completed,", "NCT1 stands twice"),
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
