"""A report of hostile data, identity, file names and captions: sound, and no script of theirs runs in any page."""

import json

import pandas as pd
import pytest
import yaml

from csrkit.render.render import FORMATS
from csrkit.versions.verify import verify
from tests.built import build
from tests.hostile import FEW
from tests.itpcsr.publish.browser import Browser
from tests.tiny import PARAMETERS, make_project, write_notebook

SCRIPT = "<img src=x onerror=window.sentinel=1>"
NOTEBOOK = """\
#| label: tbl-terms
#| tbl-cap: "Terms <script>window.sentinel = 1</script> *x* [a](javascript:window.sentinel=1)"
import altair as alt
import pandas as pd
from csrkit.tables.files import Passage, Prose
from csrkit.tables.table import Header, Row, Table
from csrkit.carried import with_rows
from csrkit.rows import make_rows
from itpcsr.sdtm import load_trial
from itpcsr.study import read_study

terms = load_trial(data, read_study(study_file))["AE"].drop_duplicates("AETERM")
frame = pd.DataFrame([{"group": "total", "level": text, "statistic": "n", "value": number} for text in terms["AETERM"]])
shown = Table("Subject", (Header(terms["AETERM"].iloc[0], "3"),), tuple(Row(text, (str(number),)) for text in terms["AETERM"]))
with_rows(shown, make_rows(frame, analysis="one"))
"""
CHART = """\
#| label: fig-terms
#| fig-cap: Terms
#| fig-alt: "Terms \\" <script>window.sentinel = 1</script>"
shown = terms[["AETERM"]].assign(place=range(len(terms)))
chart = alt.Chart(shown, description=" ".join(shown["AETERM"])).mark_text()
chart.encode(x="place:Q", text="AETERM:N", tooltip="AETERM:N")
"""
PROSE = """\
#| label: txt-terms
Prose(tuple(Passage(text, (text,)) for text in terms["AETERM"]))
"""
QUOTED = ("title", "short_title", "sponsor", "product", "condition", "phase", "study_id")
pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def versions(root, tmp_path_factory):
    """Return the folder of two published versions, of which the second was compared with the first."""
    folder = make_project(root, tmp_path_factory.mktemp("hostile") / "project")
    make_hostile(folder)
    with pytest.MonkeyPatch.context() as patch:
        for version in ("1.0.0", "1.1.0"):
            path = folder / "params/tiny.yml"
            report = yaml.safe_load(path.read_text(encoding="utf-8"))
            report |= {"version": version, "title": f"Report {SCRIPT} [a](javascript:window.sentinel=1)"}
            report["notebooks"] = {"10-number": {"number": int(version[2])}}
            path.write_text(yaml.safe_dump(report), encoding="utf-8")
            # the second one's difference is in its pages
            build(folder, patch, "params/tiny.yml", formats=FORMATS if version == "1.0.0" else ["html"])
    return folder / "output"


def make_hostile(folder):
    """Put hostile texts wherever the small project's report takes text from."""
    events = folder / "data/ae.csv"
    known = pd.read_csv(events, dtype="str", keep_default_na=False)
    first = known.iloc[0].to_dict()
    added = [
        {**first, "AESEQ": str(place), "AETERM": text, "AEDECOD": text} for place, text in enumerate(FEW, 2)
    ]
    pd.concat([pd.DataFrame(added), known]).to_csv(folder / f"data/ae.{SCRIPT}.csv", index=False)
    events.unlink()
    study = yaml.safe_load((folder / "params/study.yml").read_text(encoding="utf-8"))
    for place, name in enumerate(QUOTED):
        study["identity"][name]["value"] = f"{FEW[place]} {SCRIPT} <script>window.sentinel = 1</script>"
    (folder / "params/study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    lines = "".join(f"| {name} | {{{{< var study.{name} >}}}} |\n" for name in QUOTED)
    values = " ".join(f"{{{{< var study.{name} >}}}}." for name in QUOTED)
    page = f"# Title {{#sec-title}}\n\n{values}\n\n| Item | Entry |\n|---|---|\n{lines}"
    for name in ("provenance", "displays"):
        page += f"\n{{{{< include /lists/{name}.qmd >}}}}\n"
    (folder / "index.qmd").write_text(page, encoding="utf-8")
    shown = "".join(
        f"{{{{< include /results/10-number/{name}-terms.qmd >}}}}\n\n" for name in ("tbl", "fig", "txt")
    )
    (folder / "report/number.qmd").write_text(f"# Number {{#sec-number}}\n\n{shown}", encoding="utf-8")
    title = "# Terms\n\n[a](javascript:window.sentinel=1)"
    write_notebook(folder / "notebooks/10-number.ipynb", title, PARAMETERS, NOTEBOOK, CHART, PROSE)


def test_what_is_published_is_sound(versions):
    for version in ("tiny-1.0.0", "tiny-1.1.0"):
        assert verify(versions / version) == []
    manifest = json.loads((versions / "tiny-1.1.0/manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == "1.1.0"


def test_no_script_runs_in_any_page(versions):
    pages = sorted(versions.rglob("*.html"))
    assert len(pages) >= 8
    hover = """(async () => {
        for (const part of document.querySelectorAll("details")) part.open = true;
        await new Promise((done) => setTimeout(done, 300));
        for (const mark of document.querySelectorAll("a, svg text, td, th"))
            for (const kind of ["mouseover", "mousemove", "click"])
                if (mark.tagName !== "A" || kind !== "click" || mark.href.startsWith("javascript"))
                    mark.dispatchEvent(new MouseEvent(kind, { bubbles: true }));
        await new Promise((done) => setTimeout(done, 100));
        return [window.sentinel === undefined,
            [...document.querySelectorAll("a")].filter((link) => /^(javascript|data|vbscript):/i.test(link.href)).length];
    })()"""
    with Browser() as browser:
        for page in pages:
            browser.go(page)
            assert browser.run(hover) == [True, 0], page.name
