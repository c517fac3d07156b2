"""The report's pages: the headings of ICH E3, no typed result, every display once, nothing left open."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from csrkit.publish.lists import GLOSSARY, page_words, read_glossary
from itpcsr.study import read_origins, read_study

ROOT = Path(__file__).parents[2]
PILOT = ROOT / "report" / "cdiscpilot01"
BOOKS = ("trial", "pilot")
STUDY_FILES = {"trial": "params/study.yml", "pilot": "params/cdiscpilot01-study.yml"}
PLACEHOLDER = '::: {.callout-important title="To be supplied by the sponsor"}'
HEADINGS = """\
1 Title Page
2 Synopsis
3 Table of Contents for the Individual Clinical Study Report
4 List of Abbreviations and Definition of Terms
5 Ethics
5.1 Independent Ethics Committee (IEC) or Institutional Review Board (IRB)
5.2 Ethical Conduct of the Study
5.3 Patient Information and Consent
6 Investigators and Study Administrative Structure
7 Introduction
8 Study Objectives
9 Investigational Plan
9.1 Overall Study Design and Plan – Description
9.2 Discussion of Study Design, Including the Choice of Control Groups
9.3 Selection of Study Population
9.3.1 Inclusion Criteria
9.3.2 Exclusion Criteria
9.3.3 Removal of Patients from Therapy or Assessment
9.4 Treatments
9.4.1 Treatments Administered
9.4.2 Identity of Investigational Product(s)
9.4.3 Method of Assigning Patients to Treatment Groups
9.4.4 Selection of Doses in the Study
9.4.5 Selection and Timing of Dose for Each Patient
9.4.6 Blinding
9.4.7 Prior and Concomitant Therapy
9.4.8 Treatment Compliance
9.5 Efficacy and Safety Variables
9.5.1 Efficacy and Safety Measurements Assessed and Flow Chart
9.5.2 Appropriateness of Measurements
9.5.3 Primary Efficacy Variable(s)
9.5.4 Drug Concentration Measurements
9.6 Data Quality Assurance
9.7 Statistical Methods Planned in the Protocol and Determination of Sample Size
9.7.1 Statistical and Analytical Plans
9.7.2 Determination of Sample Size
9.8 Changes in the Conduct of the Study or Planned Analyses
10 Study Patients
10.1 Disposition of Patients
10.2 Protocol Deviations
11 Efficacy Evaluation
11.1 Data Sets Analysed
11.2 Demographic and Other Baseline Characteristics
11.3 Measurements of Treatment Compliance
11.4 Efficacy Results and Tabulations of Individual Patient Data
11.4.1 Analysis of Efficacy
11.4.2 Statistical/Analytical Issues
11.4.2.1 Adjustments for Covariates
11.4.2.2 Handling of Dropouts or Missing Data
11.4.2.3 Interim Analyses and Data Monitoring
11.4.2.4 Multicentre Studies
11.4.2.5 Multiple Comparison/Multiplicity
11.4.2.6 Use of an "Efficacy Subset" of Patients
11.4.2.7 Active-Control Studies Intended to Show Equivalence
11.4.2.8 Examination of Subgroups
11.4.3 Tabulation of Individual Response Data
11.4.4 Drug Dose, Drug Concentration, and Relationships to Response
11.4.5 Drug-Drug and Drug-Disease Interactions
11.4.6 By-Patient Displays
11.4.7 Efficacy Conclusions
12 Safety Evaluation
12.1 Extent of Exposure
12.2 Adverse Events (AEs)
12.2.1 Brief Summary of Adverse Events
12.2.2 Display of Adverse Events
12.2.3 Analysis of Adverse Events
12.2.4 Listing of Adverse Events by Patient
12.3 Deaths, Other Serious Adverse Events, and Other Significant Adverse Events
12.3.1 Listing of Deaths, Other Serious Adverse Events, and Other Significant Adverse Events
12.3.1.1 Deaths
12.3.1.2 Other Serious Adverse Events
12.3.1.3 Other Significant Adverse Events
12.3.2 Narratives of Deaths, Other Serious Adverse Events, and Certain Other Significant Adverse Events
12.3.3 Analysis and Discussion of Deaths, Other Serious Adverse Events, and Other Significant Adverse Events
12.4 Clinical Laboratory Evaluation
12.4.1 Listing of Individual Laboratory Measurements by Patient (16.2.8) and Each Abnormal Laboratory Value \
(14.3.4)
12.4.2 Evaluation of Each Laboratory Parameter
12.4.2.1 Laboratory Values Over Time
12.4.2.2 Individual Patient Changes
12.4.2.3 Individual Clinically Significant Abnormalities
12.5 Vital Signs, Physical Findings, and Other Observations Related to Safety
12.6 Safety Conclusions
13 Discussion and Overall Conclusions
14 Tables, Figures and Graphs Referred to but Not Included in the Text
14.1 Demographic Data
14.2 Efficacy Data
14.3 Safety Data
14.3.1 Displays of Adverse Events
14.3.2 Listings of Deaths, Other Serious and Significant Adverse Events
14.3.3 Narratives of Deaths, Other Serious and Certain Other Significant Adverse Events
14.3.4 Abnormal Laboratory Value Listing (Each Patient)
15 Reference List
16 Appendices
16.1 Study Information
16.1.1 Protocol and Protocol Amendments
16.1.2 Sample Case Report Form (Unique Pages Only)
16.1.3 List of IECs or IRBs, Representative Written Information for Patient and Sample Consent Forms
16.1.4 List and Description of Investigators and Other Important Participants in the Study
16.1.5 Signatures of Principal or Coordinating Investigator(s) or Sponsor's Responsible Medical Officer
16.1.6 Listing of Patients Receiving Investigational Product(s) from Specific Batches
16.1.7 Randomisation Scheme and Codes
16.1.8 Audit Certificates
16.1.9 Documentation of Statistical Methods
16.1.10 Documentation of Inter-Laboratory Standardisation Methods and Quality Assurance Procedures
16.1.11 Publications Based on the Study
16.1.12 Important Publications Referenced in the Report
16.2 Patient Data Listings
16.2.1 Discontinued Patients
16.2.2 Protocol Deviations
16.2.3 Patients Excluded from the Efficacy Analysis
16.2.4 Demographic Data
16.2.5 Compliance and/or Drug Concentration Data
16.2.6 Individual Efficacy Response Data
16.2.7 Adverse Event Listings (Each Patient)
16.2.8 Listing of Individual Laboratory Measurements by Patient
16.3 Case Report Forms
16.3.1 Case Report Forms for Deaths, Other Serious Adverse Events and Withdrawals for Adverse Events
16.3.2 Other Case Report Forms Submitted
16.4 Individual Patient Data Listings (US Archival Listings)
"""
# Numbers that may be typed: they are facts of protocol, register or publication, or no results at all.
ALLOWED = {
    r"0\.5, 1\.0 (and|or) 2\.0 × 10⁶ cells/kg": "dose levels of the register",
    r"(at|both cohorts at) \d\.\d × 10⁶ cells/kg": "a dose level",
    r"\d\.\d × 10⁶ cells/kg, (escalation|expansion):": "name of a cohort",
    r"\b(version|CTCAE) 5\.0": "version of the grading",
    r"level 0\.95": "a property of the exact interval, true at this level",
    r"[Pp]lan(ned|s)\b[^.|]*\b(3|300) subjects": "planned size, register or trial summary",
    r"3 subjects": "size of an escalation cohort: what it can carry",
    r"first 9 subjects|data of 9 subjects|after 12 subjects": "register and publication, compared in 9.8",
    r"\| Planned: 300": "planned size, trial summary of the pilot study",
}
TYPED_RESULT = {
    "a percentage": r"\d\s*%",
    "a decimal number": r"\d\.\d",
    "a count": r"\d+ (subjects|patients|events|responders|infusions)\b|\b[nN]\s*=\s*\d",
    "a rate": r"\b\d+ of (the )?\d+\b|\b\d+/\d+\b|\b\d+ \(\d",
    "a p-value": r"\bp\s*[<>=]",
}
# Pages that tell results hold no number at all beside these.
RESULT_PAGES = ("10-", "11-", "12-", "13-", "14-", "16-")
NUMBERS_OF_RESULT_PAGES = {
    r"(at )?\d\.\d × 10⁶ cells/kg": "dose levels and names of cohorts",
    r"[23] × ULN": "Hy's law",
    r"where 1 is proportionality": "the slope that proportionality would have",
    r"in 2023": "year of an abstract",
    r"Weeks? (24|16 and 8)": "analysis visits of the pilot study",
}
_PEOPLE = r"(subjects?|patients?|responders?|women|men|deaths?|(adverse |serious )*events?)\b"
NUMBER_WORDS = (
    rf"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty) {_PEOPLE}",
    rf"\b(half|most|none|thirds?|quarters?|majority|minority) of (the |these |those |all )?{_PEOPLE}",
)
NUMBER_WORDS_ALLOWED = r"Three subjects at a dose level"  # size of an escalation cohort: what it can carry
# A study without control group shows no effect of its treatment, and a report doesn't praise its product.
CLAIMS = (
    r"treatment effect", r"\b(is|was|were|are|proved|proven) (safe|effective|efficacious)\b", r"well[- ]tolerated",
    r"acceptable safety", r"good safety", r"\b(shows?|showed|demonstrates?d?) (the )?(efficacy|safety|effect)",
    r"\bbenefit(s|ed)? (from|of) (treatment|hUC|the product)", r"\bpromising\b", r"due to (the )?treatment",
    r"\b(treatment|hUC-MSC|the product) (raised|increased|improved|led to|reduced|restored|induced)\b",
)  # fmt: skip
_HEADING = re.compile(r"^(#+) (.+?)(?: \{#([\w-]+)\})?$", re.MULTILINE)
_SHORTCODE = re.compile(r"\{\{<.*?>\}\}")
_INCLUDE = re.compile(r"\{\{< include (/results/\S+) >\}\}")
_VARIABLE = re.compile(r"\{\{< var ([\w.]+) >\}\}")
_REFERENCE = re.compile(r"(?<![\w.])@([A-Za-z][\w-]*)")


def chapters() -> list[str]:
    config = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))
    return [str(name) for name in config["book"]["chapters"]]


def page_path(book: str, chapter: str) -> Path:
    own = PILOT / Path(chapter).name
    return own if book == "pilot" and own.exists() else ROOT / chapter


def pages(book: str) -> dict[str, str]:
    """Return the text of each page of a book, by its path from the root, in the book's order."""
    paths = [page_path(book, chapter) for chapter in chapters()]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def all_pages() -> dict[str, str]:
    return pages("trial") | pages("pilot")


def numbered_headings(book: str) -> list[str]:
    lines = []
    for chapter, text in enumerate(pages(book).values(), start=1):
        counts: list[int] = []
        for marks, title, _ in _HEADING.findall(text):
            level = len(marks)
            counts = (counts + [0] * level)[:level]
            counts[-1] = chapter if level == 1 else counts[-1] + 1
            lines.append(f"{'.'.join(map(str, counts))} {title}")
    return lines


def display_labels(parameters: str = "params/demo.yml") -> dict[str, str]:
    """Return label to fragment path for all notebooks of a report."""
    report = yaml.safe_load((ROOT / parameters).read_text(encoding="utf-8"))
    fragments = {}
    for name in report["notebooks"]:
        notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))
        source = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
        for label in re.findall(r"^#\| label: (\S+)$", source, re.MULTILINE):
            fragments[label] = f"/results/{name}/{label}.qmd"
    return fragments


def included(book: str) -> Counter[str]:
    return Counter(_INCLUDE.findall("\n".join(pages(book).values())))


def references(book: str) -> set[str]:
    return set(_REFERENCE.findall("\n".join(pages(book).values())))


def citations(book: str) -> set[str]:
    return {key for key in references(book) if not key.startswith(("tbl-", "fig-", "sec-"))}


def section(text: str, title: str) -> str:
    return text.split(f"## {title}", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("book", BOOKS)
def test_headings_are_those_of_ich_e3(book: str) -> None:
    assert numbered_headings(book) == HEADINGS.splitlines()


@pytest.mark.parametrize(("path", "text"), all_pages().items())
def test_no_section_is_empty(path: str, text: str) -> None:
    places = [*_HEADING.finditer(text)]
    ends = [place.start() for place in places[1:]] + [len(text)]
    for i, (place, end) in enumerate(zip(places, ends, strict=True)):
        has_subsection = i + 1 < len(places) and len(places[i + 1][1]) > len(place[1])
        assert has_subsection or text[place.end() : end].strip(), f"{path}: {place[2]}"


_CONTRACTION = re.compile(
    r"\b\w+n['’]t\b|\b(?:it|that|there|what|who|here)['’]s\b|\b(?:we|they|you)['’]re\b", re.IGNORECASE
)


@pytest.mark.parametrize(("path", "text"), all_pages().items())
def test_pages_write_words_out(path: str, text: str) -> None:
    assert _CONTRACTION.findall(text) == [], path


@pytest.mark.parametrize(("path", "text"), all_pages().items())
def test_pages_hold_no_code(path: str, text: str) -> None:
    assert not re.search(r"^\s*(```|~~~)|`\{", text, re.MULTILINE), path


def typed_results(text: str) -> list[str]:
    """Return what a page types instead of quoting, each with its kind."""
    prose = _SHORTCODE.sub("", _HEADING.sub("", text))
    for allowed in ALLOWED:
        prose = re.sub(allowed, "", prose)
    return [
        f"{kind}: {line}"
        for kind, pattern in TYPED_RESULT.items()
        for line in prose.splitlines()
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize(("path", "text"), all_pages().items())
def test_no_result_is_typed(path: str, text: str) -> None:
    assert typed_results(text) == [], path


@pytest.mark.parametrize(
    "text", ["44.4% responded", "a rate of 44 %", "n = 8", "8 of 18", "p = 0.03", "7 events", "median 64.2"]
)
def test_a_typed_result_is_found(text: str) -> None:
    assert typed_results(f"# Results\n\n{text}, see {{{{< var x.total.text >}}}}.\n")


def numbers_told(text: str) -> list[str]:
    """Return the lines of a page of results that type a number, in digits or in words."""
    prose = _SHORTCODE.sub("", _HEADING.sub("", text))
    prose = re.sub(r"\[@[^\]]*\]|(?<![\w.])@[\w-]+|`[^`\n]*`", "", prose)
    for allowed in (*NUMBERS_OF_RESULT_PAGES, NUMBER_WORDS_ALLOWED):
        prose = re.sub(allowed, "", prose)
    patterns = (r"\d", *NUMBER_WORDS)
    return [
        line
        for line in prose.splitlines()
        if any(re.search(pattern, line, re.IGNORECASE) for pattern in patterns)
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [(path, text) for path, text in all_pages().items() if Path(path).name.startswith(RESULT_PAGES)],
)
def test_pages_of_results_type_no_number(path: str, text: str) -> None:
    assert numbers_told(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "a median of 22 days", "8 responded", "in Week 4 counts rose", "44 percent", "range 3 to 4",
        "Eight subjects responded", "half of the subjects", "None of the patients died", "two serious events",
    ],
)  # fmt: skip
def test_a_number_told_is_found(text: str) -> None:
    assert numbers_told(f"# Results {{#sec-11}}\n\n{text}, see @tbl-ae-1 and {{{{< var x1.total.n >}}}}.\n")


@pytest.mark.parametrize("allowed", [*NUMBERS_OF_RESULT_PAGES, NUMBER_WORDS_ALLOWED])
def test_every_number_allowed_on_pages_of_results_is_used(allowed: str) -> None:
    assert any(re.search(allowed, text) for text in all_pages().values())


@pytest.mark.parametrize(("path", "text"), pages("trial").items())
def test_no_effect_is_claimed(path: str, text: str) -> None:
    found = [claim for claim in CLAIMS if re.search(claim, text, re.IGNORECASE)]
    assert found == [], path


@pytest.mark.parametrize(
    "text", ["hUC-MSC increased platelet counts", "was well tolerated", "The treatment effect", "It is safe"]
)
def test_a_claim_is_found(text: str) -> None:
    assert any(re.search(claim, text, re.IGNORECASE) for claim in CLAIMS)


@pytest.mark.parametrize("allowed", ALLOWED)
def test_every_allowed_number_is_used(allowed: str) -> None:
    assert any(re.search(allowed, text) for text in all_pages().values())


def test_every_display_stands_once_in_the_trial_report() -> None:
    assert included("trial") == Counter(display_labels().values())


def test_pilot_report_leaves_out_only_what_its_study_does_not_have() -> None:
    found = included("pilot")
    run = display_labels("params/cdiscpilot01.yml")
    missing = {label for label, path in run.items() if path not in found}
    assert missing == {
        "tbl-infusions", "fig-infusions", "tbl-ae-infusion", "tbl-ae-infusion-pt", "tbl-ae-disease", "tbl-virus", "tbl-rescue", "tbl-deviations",
        "tbl-listing-deviations", "tbl-listing-virus",
    }  # fmt: skip
    assert set(found) <= set(run.values())
    assert set(found.values()) == {1}


@pytest.mark.parametrize("book", BOOKS)
def test_every_reference_has_its_label(book: str) -> None:
    labels = [ident for text in pages(book).values() for _, _, ident in _HEADING.findall(text) if ident]
    assert max(Counter(labels).values()) == 1
    displays = {Path(path).stem for path in included(book)}
    assert references(book) - citations(book) <= displays | set(labels)


@pytest.mark.parametrize("book", BOOKS)
def test_every_display_is_referred_to(book: str) -> None:
    displays = {Path(path).stem for path in included(book)}
    assert {label for label in displays if not label.startswith("txt-")} <= references(book)


@pytest.mark.parametrize("book", BOOKS)
def test_works_cited_and_bibliography_agree(book: str) -> None:
    bibliography = page_path(book, "report/references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,]+),", bibliography, re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert citations(book) == set(keys)


def test_pilot_pages_only_replace_pages_of_the_report() -> None:
    names = {"index.qmd", *(path.name for path in (ROOT / "report").glob("*.*"))}
    assert {path.name for path in PILOT.iterdir()} <= names


@pytest.mark.parametrize(("path", "text"), all_pages().items())
def test_sponsor_placeholders_share_one_form(path: str, text: str) -> None:
    openings = [
        line for line in text.splitlines() if re.match(r":::+\s*\{\.callout-(important|warning)", line)
    ]
    assert set(openings) <= {PLACEHOLDER}, path
    for content in text.split(PLACEHOLDER)[1:]:
        assert content.split("\n:::", 1)[0].strip(), path


@pytest.mark.parametrize(
    "path", ["index.qmd", "report/09-investigational-plan.qmd", "report/16-appendices.qmd"]
)
def test_sponsor_placeholders_stand_where_facts_are_missing(path: str) -> None:
    assert PLACEHOLDER in pages("trial")[path]


def test_not_applicable_sections_of_a_single_arm_keep_their_numbers() -> None:
    plan = pages("trial")["report/09-investigational-plan.qmd"]
    appendix = pages("trial")["report/16-appendices.qmd"]
    for text, title in (
        (plan, "Method of Assigning"),
        (plan, "Blinding"),
        (appendix, "Randomisation Scheme"),
    ):
        body = text.split(f"### {title}", 1)[1].split("\n", 1)[1].strip()
        assert body.startswith("Not applicable: open-label, single-arm study")


@pytest.mark.parametrize("book", BOOKS)
def test_every_assumption_is_disclosed(book: str) -> None:
    plan = next(text for path, text in pages(book).items() if path.endswith("09-investigational-plan.qmd"))
    disclosed = section(plan, "Changes in the Conduct of the Study or Planned Analyses")
    origins = read_origins(ROOT / STUDY_FILES[book])
    assumed = {
        name
        for name, entry in origins.items()
        if entry["origin"] == "assumption" or "assumption" in entry["note"]
    }
    assert {name for name in assumed if f"`{name}`" not in disclosed} == set()


@pytest.mark.parametrize("book", BOOKS)
def test_pages_quote_columns_of_their_own_study(book: str) -> None:
    """Pages that both studies share quote the total alone; others may quote their study's columns."""
    keys = {
        name: {column.key for column in read_study(ROOT / file).design.columns}
        for name, file in STUDY_FILES.items()
    }
    everything = set().union(*keys.values())
    shared = set(pages("trial").items()) & set(pages("pilot").items())
    for path, text in pages(book).items():
        allowed = {"total"} if (path, text) in shared else keys[book]
        quoted = {part for name in _VARIABLE.findall(text) for part in name.split(".") if part in everything}
        assert quoted <= allowed, path


def test_data_and_renderer_are_stated() -> None:
    for book in BOOKS:
        texts = pages(book)
        assert "{{< var report.data_statement >}}" in texts[next(iter(texts))]
        renderer = "This version was rendered by {{< var report.renderer >}}."
        assert sum(text.count(renderer) for text in texts.values()) == 1


@pytest.mark.parametrize(("path", "text"), all_pages().items())
def test_every_abbreviation_has_an_entry(path: str, text: str) -> None:
    """A failure names words: give them a meaning in report/abbreviations.yml, or a place among its names."""
    assert read_glossary(ROOT / GLOSSARY).unknown([page_words(text, {})]) == [], path
