"""Whether the fonts have every character of a report: said where a text is read, not found out in print.

A word whose letters no font has can't be read, and a font for each script exists: the build stops and says
which text. Signs that make up no words (emoji, private use, unassigned numbers) must make no report
impossible: PDF and the pictures of charts print their number, ``[U+1F912]``, which the report says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from csrkit.charts.drawing import chart_png
from csrkit.charts.fonts import CHINESE_PACKAGE, Fonts, describe, is_of_words, spell_lacking
from csrkit.errors import DataError, RenderError
from csrkit.publish.memo import Memo
from csrkit.publish.provenance_page import PATH as PROVENANCE
from csrkit.sdtm.read import Trial

_SUFFIXES = (".qmd", ".yml", ".bib", ".svg")
# Only browsers show it, and they have fonts of their own.
_HTML = re.compile(r"^```\{=html\}\n.*?^```$", re.MULTILINE | re.DOTALL)
# How YAML writes characters beyond the first 65,536.
_ESCAPED = re.compile(r"\\U([0-9A-F]{8})")
_SHOWN, _MOST = 60, 5
_CURE = (
    "Name a font file that has them under `fonts` in the report's parameters, for example one of the Noto "
    "fonts (Debian: fonts-noto-core, fonts-noto-cjk)."
)
_CHINESE = f" Chinese needs the package {CHINESE_PACKAGE}, which `make report` installs."
_NOTE = """
No font of this version has the following characters. PDF and the pictures of charts show their number in
their place, HTML and the text of Word the character itself: {characters}.
"""


def refuse_unprintable_data(trial: Trial, fonts: Fonts) -> None:
    """Stop where a text of the data holds letters that no font has.

    Raises DataError with domain, variable, file, and the first subject of each such text.
    """
    found: list[str] = []
    for name, frame in sorted(trial.domains.items()):
        files = ", ".join(path.name for path in trial.sources.get(name, ())) or name
        for variable in map(str, frame.select_dtypes("str")):
            texts = frame[variable].drop_duplicates()
            if not fonts.lacking("".join(texts)):
                continue
            subjects = frame["USUBJID"] if "USUBJID" in frame else texts.map(lambda _: "")
            for row, text in texts.items():
                if words := _describe_lacking(text, fonts):
                    subject = f", subject {subjects[row]}" if subjects[row] else ""
                    found.append(f"{name}.{variable} ({files}{subject}) {words}")
    if found:
        raise DataError(_message(found))


def spell_uncovered(project: Path, fonts: Fonts, memo: Memo | None = None) -> list[str]:
    """Spell the signs that no font has in an assembled report's charts; return all of them for its template.

    The report's page of provenance names them. What ``memo`` knows of a text isn't looked for again.

    Raises RenderError where letters are among the characters that no font has, with file and text.
    """
    memo = memo or Memo()
    lacking: set[str] = set()
    found: list[str] = []
    for path in sorted(path for path in project.rglob("*") if path.suffix in _SUFFIXES):
        if "_extensions" in path.relative_to(project).parts:
            continue
        text = path.read_text(encoding="utf-8")
        look = partial(_find_lacking, text, path.suffix, fonts)
        signs, words = json.loads(memo.text("lacking", (text, path.suffix, fonts.digests), look))
        lacking.update(signs)
        found += [f"{path.relative_to(project).as_posix()} {said}" for said in words]
        if signs and path.suffix == ".svg":
            _spell_chart(path, text, fonts)
    if found:
        raise RenderError(_message(found))
    everywhere = sorted(lacking)
    if everywhere and (project / PROVENANCE).exists():
        note = _NOTE.format(characters=", ".join(map(describe, everywhere)))
        with (project / PROVENANCE).open("a", encoding="utf-8") as stream:
            stream.write(note)
    return everywhere


def _find_lacking(text: str, suffix: str, fonts: Fonts) -> str:
    """Return as JSON the characters of a file's text that no font has, and what to say of its letters."""
    text = _HTML.sub("", text)
    if suffix == ".yml":
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    lacking = fonts.lacking(text)
    words = [_describe_lacking(line, fonts) for line in text.splitlines()] if lacking else []
    return json.dumps([lacking, [said for said in words if said]])


def template_values(families: Iterable[str], signs: Iterable[str]) -> Mapping[str, Any]:
    """Return what the template is told: the fonts in order of preference, and the signs by their number."""
    return {"csr-fonts": list(families), "csr-uncovered": [ord(sign) for sign in signs]}


def _spell_chart(path: Path, svg: str, fonts: Fonts) -> None:
    """Write a chart's two pictures again, with the numbers of the signs that no font has."""
    spelled = spell_lacking(svg, fonts)
    path.write_text(spelled, encoding="utf-8")
    path.with_suffix(".png").write_bytes(chart_png(spelled, fonts))


def _describe_lacking(text: str, fonts: Fonts) -> str:
    """Return which letters of a text no font has, with the text, or "" where none lacks."""
    letters = [char for char in fonts.lacking(text) if is_of_words(char)]
    if not letters:
        return ""
    more = f" and {len(letters) - 1} more" if len(letters) > 1 else ""
    return f"“{_around(text, letters[0])}”: no font has {describe(letters[0])}{more}"


def _around(text: str, char: str) -> str:
    """Return the text, or the part of a long one in which the character stands."""
    start = max(0, text.index(char) - _SHOWN // 2)
    part = text[start : start + _SHOWN].strip()
    return part if part == text.strip() else f"…{part}…"


def _message(found: list[str]) -> str:
    more = f"\n  … and {len(found) - _MOST} more" if len(found) > _MOST else ""
    places = "\n  ".join(found[:_MOST])
    chinese = _CHINESE if "cjk unified" in " ".join(found) else ""
    return f"The PDF can't show every text:\n  {places}{more}\n{_CURE}{chinese}"
