"""A stand-in for Quarto, which can't be installed everywhere: it says and does what real ones were seen to.

Recorded with Quarto 1.10.18 (Typst 0.15.1), and with its Typst exchanged for 0.14.2, which Quarto 1.9.0 to
1.10.16 carry. The pages and the PDF are those of the embedded renderer, in Quarto's places.
"""

import os
import sys
from pathlib import Path

HARMLESS = "WARN: Unable to resolve link target: notebooks/10-number.ipynb"
NO_VERAPDF = "WARN: PDF standard validation requested but verapdf is not installed."
ONE_STANDARD = (
    "error: Typst currently only supports one PDF substandard at a time\n\nERROR: Typst compilation failed"
)
CROSSREF = "WARN: report/02-results.html: Unable to resolve crossref @tbl-nope"
VARIABLE = "WARNING (shortcodes-handlers.lua:302) Unknown var nope.x specified in a var shortcode."
META = "WARNING (shortcodes-handlers.lua:255) Unknown meta key nope specified in a metadata Shortcode."
CITATION = "[WARNING] Citeproc: citation nope2024 not found"
_SCRIPT = """\
#!{python}
import sys
sys.path[:0] = {path!r}
from tests.csrkit.render.quarto_stand_in import play
sys.exit(play({version!r}, {options!r}, sys.argv[1:]))
"""


def install(folder: Path, version: str, **options: object) -> Path:
    """Write the program; the folder is for the PATH.

    ``says``: lines that it prints; ``writes``: text put into the last chapter's page; ``typst``: text put into
    what the PDF is set from; ``refuses``: it doesn't start; ``hangs``: it starts a process and waits for it;
    ``dies``: it is killed; ``omits``: a file that it doesn't write; ``bare``: its pages have no words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "quarto"
    roots = [str(Path(__file__).parents[3]), *(entry for entry in sys.path if entry)]
    text = _SCRIPT.format(python=sys.executable, path=roots, version=version, options=options)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return folder


def play(version: str, options: dict, arguments: list[str]) -> int:
    """Do what Quarto does for these arguments; return its exit code."""
    if options.get("refuses"):
        print(options["refuses"], file=sys.stderr)
        return 1
    if arguments == ["--version"]:
        print(version)
        return 0
    command, project, option, form = arguments
    assert (command, option) == ("render", "--to")
    with Path(project, "asked.txt").open("a", encoding="utf-8") as asked:
        names = ("SOURCE_DATE_EPOCH", "TZ", "TYPST_IGNORE_SYSTEM_FONTS")
        asked.write(f"{form} {' '.join(os.environ.get(name, '') for name in names)}\n")
    return _render(tuple(map(int, version.split("."))), options, Path(project), form)


def _write_embedded(project: Path, form: str, _: list[str]) -> Path:
    """Write what the embedded renderer writes."""
    from csrkit.render import embedded

    return embedded.render(project, [form])


def _write_bare(project: Path, form: str, chapters: list[str]) -> Path:
    """Write pages without words and a PDF that is none, which takes no time."""
    book = project / "_book"
    for chapter in chapters:
        page = book / Path(chapter).with_suffix(".html")
        page.parent.mkdir(parents=True, exist_ok=True)
        if form == "html":
            page.write_text("<html><body><main></main></body></html>", encoding="utf-8")
    if form == "typst":
        (book / "csr.pdf").write_bytes(b"%PDF-1.7")
        (book / "csr.typ").write_text("", encoding="utf-8")
    return book


def _render(version: tuple[int, ...], options: dict, project: Path, form: str) -> int:
    import shutil
    import signal
    import subprocess
    import time

    import yaml

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    config = yaml.safe_load((project / "_quarto.yml").read_text(encoding="utf-8"))
    chapters = config["book"]["chapters"]
    shutil.rmtree(project / "_book", ignore_errors=True)
    for number, chapter in enumerate(chapters, start=1):
        say(f"\r\x1b[1m[{number}/{len(chapters)}] {chapter}\x1b[22m")
        if options.get("hangs"):
            child = subprocess.Popen(["sleep", "600"])
            Path(options["hangs"]).write_text(f"{os.getpid()} {child.pid}", encoding="utf-8")
            child.wait()
        if options.get("dies"):
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(10)
    for line in options.get("says", ()):
        say(line)
    typst = config["format"]["csr-typst"]
    write = _write_bare if options.get("bare") else _write_embedded
    if form == "csr-html":
        say(HARMLESS)
        book = write(project, "html", chapters)
        (book / "search.json").write_text("[]", encoding="utf-8")
        page = book / Path(chapters[-1]).with_suffix(".html")
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("</main>", f"{options.get('writes', '')}</main>"), encoding="utf-8")
    else:
        say("[typst]: Compiling index.typ to index.pdf...")
        if version < (1, 10, 17) and len(typst.get("pdf-standard", [])) > 1:
            say(ONE_STANDARD)
            return 1
        assert version >= (1, 9) or "pdf-standard" not in typst
        book = write(project, "typst", chapters)
        say(NO_VERAPDF)
        if typst.get("keep-typ"):
            kept = next(book.glob("*.typ")).rename(project / "index.typ")
            with kept.open("a", encoding="utf-8") as stream:
                stream.write(options.get("typst", ""))
    for path in book.glob(options.get("omits", "nothing")):
        path.unlink()
    say(f"\nOutput created: _book/{'index.html' if form == 'csr-html' else 'csr.pdf'}\n")
    return 0
