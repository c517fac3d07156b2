"""What happens where Quarto is on the PATH, played by a stand-in: versions, holes, progress, ends by force.

Where a real Quarto is, tests/with_quarto.sh shows whether the stand-in plays it well.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pypdf
import pytest
import yaml

from csrkit.errors import RenderError
from csrkit.render import embedded, quarto, render
from csrkit.render.reference_doc import reference_doc
from csrkit.render.render import Renderer, choose_renderer
from csrkit.versions.published import read_manifest
from tests.built import run_itpcsr
from tests.csrkit.render import quarto_stand_in as stand_in
from tests.csrkit.render.embedded.conftest import book  # noqa: F401
from tests.csrkit.versions import made_up

BOTH = ["PDF/A-2b", "PDF/UA-1"]


@pytest.fixture
def path(tmp_path_factory, monkeypatch):
    """Return a function that puts a stand-in on the PATH."""

    def put(version, **options):
        folder = stand_in.install(tmp_path_factory.mktemp("bin"), version, **options)
        monkeypatch.setenv("PATH", str(folder), prepend=":")
        return folder

    return put


@pytest.fixture
def project(book):  # noqa: F811
    folder = book()
    (folder / "reference.docx").write_bytes(reference_doc("A small report", ""))
    return folder


def rendered(project, say=lambda _: None):
    return render.render(project, made_up.report(), choose_renderer("quarto"), say)


@pytest.mark.parametrize(
    ("version", "standards"),
    [("1.7.34", []), ("1.8.27", []), ("1.9.0", BOTH[1:]), ("1.9.37", BOTH[1:]), ("1.10.16", BOTH[1:]),
     ("1.10.17", BOTH), ("1.10.18", BOTH), ("1.11.0", BOTH), ("2.0.1", BOTH), ("99.9.9", BOTH)],
)  # fmt: skip
def test_each_version_is_asked_for_the_standards_that_it_can(path, version, standards):
    path(version)
    for engine in ("auto", "quarto"):
        chosen = choose_renderer(engine)
        assert chosen.name == f"Quarto {version}"
        assert chosen.facts()["pdf_standards"] == standards
        assert chosen.facts()["word_renderer"] == embedded.version()


def test_without_quarto_all_is_the_embedded_renderer_s():
    facts = Renderer().facts()
    assert facts["renderer"] == facts["word_renderer"] == embedded.version()
    assert facts["pdf_standards"] == BOTH
    assert Renderer().title == embedded.version()


@pytest.mark.parametrize(
    ("version", "options", "reason"),
    [
        ("1.6.40", {}, "Quarto is version 1.6.40; version 1.7 or later is needed."),
        ("1.3.450", {}, "Quarto is version 1.3.450; version 1.7 or later is needed."),
        ("1.10.18", {"refuses": "deno: not found"}, "does not start: deno: not found."),
        ("no version", {}, "does not start: no version."),
        ("", {}, "does not start: it names no version."),
    ],
)
def test_auto_says_in_one_line_why_it_does_without_a_quarto_that_can_not(path, version, options, reason):
    path(version, **options)
    said = []
    assert choose_renderer("auto", said.append) == Renderer()
    (line,) = said
    assert reason in line
    assert "\n" not in line
    with pytest.raises(RenderError, match="use --engine embedded"):
        choose_renderer("quarto")
    assert choose_renderer("embedded", said.append) == Renderer()
    assert len(said) == 1


def test_a_file_that_is_no_program_and_one_that_never_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program = tmp_path / "quarto"
    program.write_bytes(b"\x7fELF nothing")
    program.chmod(0o755)
    with pytest.raises(RenderError, match="does not start"):
        quarto.version()
    program.write_text("#!/bin/sh\nsleep 60 & wait\n", encoding="utf-8")
    monkeypatch.setattr(quarto, "_START_SECONDS", 0.5)
    with pytest.raises(RenderError, match="no answer"):
        quarto.version()


def test_no_quarto_is_said_only_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(quarto.shutil, "which", lambda _: None)
    said = []
    assert choose_renderer("auto", said.append) == Renderer()
    assert said == []
    with pytest.raises(RenderError, match="not on the PATH"):
        choose_renderer("quarto")


@pytest.mark.build
@pytest.mark.parametrize("version", ["1.7.34", "1.9.37", "1.10.18"])
def test_a_report_by_each_version_is_whole(path, project, version):
    path(version)
    said = []
    output = rendered(project, said.append)
    names = {"index.html", "csr.pdf", "csr.docx", "report", "site_libs", "results"}
    assert {item.name for item in output.iterdir()} == names
    metadata = pypdf.PdfReader(output / "csr.pdf").trailer["/Root"]["/Metadata"].get_data().decode()
    assert ("<pdfuaid:part>" in metadata) == (version != "1.7.34")
    assert ("<pdfaid:part>" in metadata) == (version == "1.10.18")
    asked = (project / "asked.txt").read_text(encoding="utf-8").splitlines()
    assert asked == [f"{form} 1704067200 UTC true" for form in ("csr-typst", "csr-html")]
    # progress and warnings are said, but the one for each notebook that comes beside the pages later
    assert "[2/3] report/02-results.qmd" in said
    assert stand_in.NO_VERAPDF in said
    assert stand_in.HARMLESS not in said
    # Word is to the byte what the embedded renderer writes
    by_quarto = (output / "csr.docx").read_bytes()
    assert (
        render.render(project, made_up.report(), Renderer(), said.append) / "csr.docx"
    ).read_bytes() == by_quarto


def test_two_standards_fail_with_a_typst_that_takes_one_and_quarto_s_words_are_passed_on(path, project):
    path("1.10.16")
    chosen = Renderer((1, 10, 18))
    with pytest.raises(
        RenderError, match=r"(?s)as PDF \(exit code 1\).*one PDF substandard.*--engine embedded"
    ):
        render.render(project, made_up.report(), chosen, lambda _: None)


@pytest.mark.parametrize(
    "line",
    [
        stand_in.CROSSREF,
        stand_in.VARIABLE,
        stand_in.META,
        stand_in.CITATION,
        f"\x1b[33m{stand_in.CROSSREF}\x1b[39m",
    ],
)
def test_what_quarto_says_of_a_hole_is_an_error_though_it_ends_well(path, project, line):
    path("1.10.18", bare=True, says=[line])
    with pytest.raises(RenderError, match=r"(?s)left holes.*nope"):
        rendered(project)


@pytest.mark.parametrize(
    ("where", "text", "hole"),
    [
        ("writes", "<p>See <strong>?@tbl-nope</strong>.</p>", "03-references.html: ?@tbl-nope"),
        ("writes", "<p>See <strong>?fig-nope</strong>.</p>", "03-references.html: ?fig-nope"),
        ("writes", "<p>In <strong>?@sec-<em>nope</em></strong>.</p>", "?@sec-nope"),
        ("writes", "<p>It is <strong>?var:nope.x</strong>.</p>", "?var:nope.x"),
        ("writes", "<p>It is <strong>?meta:nope</strong></p>", "?meta:nope"),
        ("writes", "<p>(<strong>nope2024?</strong>; Smith 2020)</p>", "nope2024?"),
        ("typst", "See #strong[?\\@tbl-nope].", "PDF: ?@tbl-nope"),
        ("typst", "It is #strong[?var:nope.x]", "PDF: ?var:nope.x"),
        ("typst", "Cited (#strong[nope2024?]).", "PDF: nope2024?"),
    ],
)
def test_a_hole_that_quarto_says_nothing_of_is_found_in_what_it_made(path, project, where, text, hole):
    path("1.10.18", bare=True, **{where: text})
    with pytest.raises(RenderError) as caught:
        rendered(project)
    assert hole in str(caught.value)


def test_words_that_only_look_like_holes_are_none(path, project):
    page = project / "report/03-references.qmd"
    page.write_text(
        page.read_text() + "\nA text of the data: ?var:x, ?tbl-one. **Why?** Really?\n", encoding="utf-8"
    )
    path("1.10.18", bare=True, writes="<script>'?var:script'</script><p>Really? (why?) <b>Sure?</b></p>")
    assert rendered(project).is_dir()


@pytest.mark.parametrize(("omitted", "name"), [("csr.pdf", "the PDF"), ("index.html", "index.html")])
def test_a_part_that_is_missing_is_an_error(path, project, omitted, name):
    path("1.10.18", bare=True, omits=omitted)
    with pytest.raises(RenderError, match=f"did not write {name}"):
        rendered(project)


def test_faults_of_the_sources_are_found_before_quarto_is_asked(path, project):
    page = project / "report/02-results.qmd"
    text = page.read_text() + "\n@tbl-nope {{< var nope.x >}} [@nope2024] [@sec-nope] {{< meta nope >}}\n"
    page.write_text(text, encoding="utf-8")
    path("1.10.18")
    with pytest.raises(RenderError, match="faults in the report's sources") as caught:
        rendered(project)
    for fault in ("@tbl-nope: ", "var: `nope.x`", "@nope2024 is", "@sec-nope: ", "meta: `nope`"):
        assert fault in str(caught.value)
    assert not (project / "asked.txt").exists()


def test_a_quarto_that_is_killed_is_an_error(path, project):
    path("1.10.18", bare=True, dies=True)
    with pytest.raises(RenderError, match=r"exit code 137"):
        rendered(project)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
def test_quarto_ends_when_the_build_ends_however_it_ends(path, project, tmp_path, number):
    pids = tmp_path / "pids"
    path("1.10.18", hangs=str(pids))
    script = (
        "from pathlib import Path; import datetime, signal, sys; from csrkit.render import quarto; "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL); "  # nohup lets those that it starts ignore it
        "quarto.render(Path(sys.argv[1]), Path(sys.argv[1]) / '_book', 'csr-typst', "
        "datetime.date(2024, 1, 1), print)"
    )
    build = subprocess.Popen(
        [sys.executable, "-u", "-c", script, str(project)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    while not (pids.exists() and pids.read_text()):
        assert build.poll() is None
        time.sleep(0.05)
    # its line of progress has been passed on while it works
    assert [build.stdout.readline() for _ in range(2)] == ["Quarto renders PDF\n", "[1/3] index.qmd\n"]
    build.send_signal(number)
    build.communicate(timeout=60)
    started = [int(pid) for pid in pids.read_text().split()]
    until = time.monotonic() + 20
    while any(map(alive, started)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, started))


@pytest.mark.build
def test_a_version_by_quarto_is_published_with_who_made_what(make_derived, tmp_path):
    folder = make_derived(tmp_path / "project")
    program = stand_in.install(tmp_path / "bin", "1.9.37")
    environment = {"PATH": f"{program}:{os.environ['PATH']}"}
    done = run_itpcsr(folder, "build", "params/tiny.yml", **environment)
    assert done.returncode == 0, done.stderr
    assert "[1/2] index.qmd" in done.stderr
    version = folder / "output/tiny-1.0.0"
    manifest = read_manifest(version)
    assert manifest["renderer"] == "Quarto 1.9.37"
    assert manifest["word_renderer"].startswith("embedded ")
    assert manifest["pdf_standards"] == ["PDF/UA-1"]
    assert (version / "csr.docx").exists()
    assert not (version / "search.json").exists()
    provenance = (folder / "work/tiny/render/lists/provenance.qmd").read_text(encoding="utf-8")
    assert "| Standards of the PDF | PDF/UA-1 |" in provenance
    assert "| Renderer | Quarto 1.9.37 (HTML and PDF) and embedded " in provenance
    verified = run_itpcsr(folder, "verify", str(version))
    assert verified.returncode == 0, verified.stdout
    # with one that is too old the same command does without it, and says why
    stand_in.install(tmp_path / "bin", "1.6.40")
    done = run_itpcsr(folder, "render", "params/tiny.yml", **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Quarto is version 1.6.40; version 1.7 or later is needed.") == 1
    config = yaml.safe_load((folder / "work/tiny/render/_quarto.yml").read_text(encoding="utf-8"))
    assert config["format"]["csr-typst"]["pdf-standard"] == ["a-2b", "ua-1"]
