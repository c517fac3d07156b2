"""Text for each target, and as CSV: one function makes any text the text it is there."""

from __future__ import annotations

import csv as csv_files
import html as _html
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from csrkit.plain_text import plain_text

# Text for each target: one function makes any text stand there as the text it is, and nothing else does.
#
# Each takes text of any origin (data, parameters, names of files), makes it one line without control
# characters, and returns what the target shows as exactly these words.

# Signs that open markup somewhere in Pandoc's Markdown. Quotes are among them, which it would turn.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~^$@&\"'])")
# Two hyphens are a dash, three dots an ellipsis.
_MARKDOWN_RUNS = re.compile(r"-{2,}|\.{2,}")
# What opens a list, a heading or a definition where a line begins; a wrapped line may begin at any word. What
# numbers a list, and a caption's mark, count where a paragraph begins alone.
_MARKDOWN_START = re.compile(r"(?:(?<=\s)|^)([-:=%])")
_MARKDOWN_NUMBER = re.compile(r"^(\(?(?:\d+|[A-Za-z]|[ivxlcdmIVXLCDM]+))([.)])(?=\s|$)")
_MARKDOWN_CAPTION = re.compile(r"^([Tt]able)(:)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
# Characters up to here need no thought of their width but for those that combine.
_SIMPLE_SYMBOLS = 0x2300
_JAMO = range(0x1100, 0x1200)
_TYPST = re.compile(r"([\\#$*_`<>@\[\]{}~/\-+=\"'])")
_ZERO_WIDTH_SPACE = "\u200b"
# A cell that begins so is run as a formula by common spreadsheets, some of which read signs of full width and
# pass over blanks.
_FORMULA = re.compile(r"\s*'*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:[eE][-+]?\d+)?%?")
_SCHEMES = ("http", "https", "mailto")
_RTF_MARKUP = re.compile(r"[\\{}]|[^ -~]")


def html(text: str) -> str:
    """Return text for HTML, in elements and in attributes with quotes."""
    return _html.escape(plain_text(text))


def html_as_it_is(text: str) -> str:
    """Return text for HTML with its lines and blanks, as code and output of programs need them."""
    return _html.escape(text)


def address(path: str) -> str:
    """Return a path with its anchor as a relative address for an attribute of HTML."""
    return _html.escape(quote(plain_text(path), safe="/#"))


def file_link(name: str) -> str:
    """Return a paragraph with a link to a file in ``tables/``, as pages of report and notebooks see it."""
    return f'<p class="csr-note"><a href="../tables/{address(name)}">All of it: {html(name)}</a></p>'


def leads_to_reading(target: str) -> bool:
    """Tell whether a link leads to a place of this report, to a page of the web or to an address of mail.

    What stands before the first colon is a scheme; browsers pass over blanks and control characters in it.
    """
    place = re.split(r"[/?#]", re.sub(r"[\x00-\x20\x7f-\x9f]", "", target), maxsplit=1)[0]
    scheme, colon, _ = place.partition(":")
    return not colon or scheme.lower() in _SCHEMES


def ooxml(text: str) -> str:
    """Return text for elements of Word's XML."""
    return _html.escape(plain_text(text), quote=False)


def typst(text: str) -> str:
    """Return text for Typst's markup; a dash or tilde between numbers stays as it is."""
    escaped = _TYPST.sub(r"\\\1", plain_text(text))
    escaped = re.sub(r"\.{2,}", lambda found: r"\." * len(found.group()), escaped)
    return re.sub(r"^(\d+)\.", r"\1\\.", escaped)


def typst_parts(parts: list[str]) -> str:
    """Return text for Typst's markup in which a line may end between the parts."""
    return _ZERO_WIDTH_SPACE.join(map(typst, parts)) if len(parts) > 1 else typst("".join(parts))


def typst_string(text: str) -> str:
    """Return text as a literal of Typst's code, with its quotes."""
    escaped = plain_text(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def markdown(text: str) -> str:
    """Return text for Pandoc's Markdown, wherever in a line, a cell or a paragraph it comes to stand.

    Blanks around it go. Characters of which programs disagree how wide they are, such as emoji and accents
    of their own, are written as numbers: a grid table is read by columns.
    """
    escaped = _MARKDOWN.sub(r"\\\1", plain_text(text).strip(" "))
    escaped = _MARKDOWN_RUNS.sub(lambda found: "".join(f"\\{sign}" for sign in found.group()), escaped)
    escaped = _MARKDOWN_START.sub(r"\\\1", escaped)
    escaped = _MARKDOWN_CAPTION.sub(r"\1\\\2", _MARKDOWN_NUMBER.sub(r"\1\\\2", escaped))
    return "".join(sign if _is_simple(sign) else f"&#{ord(sign)};" for sign in escaped)


def _is_simple(sign: str) -> bool:
    # a plus sign above a corner of a grid would be read as another corner
    if sign == "+":
        return False
    category = unicodedata.category(sign)
    if sign.isascii() or category == "Lo":
        return ord(sign) not in _JAMO
    if category[0] in "MCZ" or ord(sign) >= 0x1F000:
        return False
    return category != "So" or ord(sign) < _SIMPLE_SYMBOLS


def markdown_attribute(text: str) -> str:
    """Return text for the value of an attribute in Pandoc's Markdown, which stands in double quotes."""
    return re.sub(r"([\\\"&<>{}`])", r"\\\1", plain_text(text).strip(" "))


def without_markdown(text: str) -> str:
    """Return the text that ``markdown`` escaped; what nobody escaped stays as it is."""
    return _html.unescape(_ESCAPED.sub(lambda found: f"&#{ord(found[1])};", text))


def raw_block(target: str, content: str) -> str:
    """Return a raw block of Markdown, whose fence is longer than any run of backticks in its content."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", content)), default=0))
    return f"{fence}{{={target}}}\n{content}\n{fence}"


def rtf(text: str) -> str:
    """Return text for RTF, which is ASCII: other characters by the units of UTF-16."""
    return _RTF_MARKUP.sub(lambda found: _rtf_sign(found.group()), plain_text(text))


def _rtf_sign(sign: str) -> str:
    if sign in "\\{}":
        return f"\\{sign}"
    units = sign.encode("utf-16-be")
    codes = (
        int.from_bytes(units[start : start + 2], "big", signed=True) for start in range(0, len(units), 2)
    )
    return "".join(rf"\uc1\u{code}*" for code in codes)


@lru_cache(maxsize=50_000)  # the cells of a column are few texts, many times
def csv(text: str) -> str:
    """Return text for a cell of CSV, with an apostrophe before what a spreadsheet would run as a formula.

    Numbers keep their sign. A text that itself begins with apostrophes and such a sign gets one more, so
    that taking one off gives every text back.
    """
    flat = plain_text(text)
    return f"'{flat}" if _FORMULA.match(flat) and not _NUMBER.fullmatch(flat) else flat


# CSV for readers: the one place that writes it, with every text guarded against being run as a formula.


def lines_csv(lines: Iterable[Sequence[object]]) -> str:
    """Return lines of texts and numbers as CSV; numbers are written as they are."""
    stream = io.StringIO()
    writer = csv_files.writer(stream, lineterminator="\n")
    for line in lines:
        writer.writerow([csv(cell) if isinstance(cell, str) else cell for cell in line])
    return stream.getvalue()


def frame_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV without its index, numbers with all their digits, nothing for missing."""
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    safe = frame.assign(**{name: frame[name].map(_guarded) for name in texts})
    safe.columns = safe.columns.map(lambda name: csv(str(name)))
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _guarded(value: object) -> object:
    return csv(value) if isinstance(value, str) else value


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as a CSV file in UTF-8."""
    path.write_text(frame_csv(frame), encoding="utf-8", newline="\n")
