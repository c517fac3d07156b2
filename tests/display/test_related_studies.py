from itpcsr.analysis.related_studies import analyse_listed, analyse_status_phase
from itpcsr.display.related_studies import figure_related_studies, table_related_studies
from itpcsr.study import RelatedStudy

STUDIES = [
    RelatedStudy(study_id="NCT2", title="Second", status="Completed", phase="N/A"),
    RelatedStudy(study_id="NCT1", title="First", status="Recruiting", phase=""),
    RelatedStudy(study_id="NCT3", title="Third", status="Recruiting", phase=""),
]


def test_studies_are_listed_in_the_order_of_the_record():
    table = table_related_studies(analyse_listed(STUDIES, []), STUDIES)
    assert [row.label for row in table.rows] == ["NCT2: Second", "NCT1: First", "NCT3: Third"]
    assert table.rows[0].cells == ("Completed", "Not applicable")
    assert table.rows[1].cells == ("Recruiting", "None given")
    assert "None given" in table.notes[0]


def test_each_field_prints_its_number():
    chart = figure_related_studies(analyse_status_phase(STUDIES)).to_dict()
    (data,) = chart["datasets"].values()
    assert [(row["Status"], row["Phase"], row["Text"]) for row in data] == [
        ("Recruiting", "None given", "2"),
        ("Completed", "Not applicable", "1"),
    ]
    assert {layer["mark"]["type"] for layer in chart["layer"]} == {"rect", "text"}


def test_the_chart_says_its_finding():
    chart = figure_related_studies(analyse_status_phase(STUDIES)).to_dict()
    assert chart["description"] == (
        "3 related studies: 2 recruiting and 1 completed. The fullest field is Recruiting, None given: 2."
    )


def test_without_studies_a_sentence_is_shown():
    assert table_related_studies(analyse_listed([], []), []).absent
    assert figure_related_studies(analyse_status_phase([])).absent
