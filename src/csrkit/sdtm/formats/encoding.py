"""Tell the encoding of text: UTF-8, UTF-16 with its mark, Windows; what could be two things is refused."""

from __future__ import annotations

import re
from pathlib import Path

from csrkit.errors import DataError

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WINDOWS = "cp1252"
# Encodings that write a letter in two bytes, Chinese (of two kinds), Japanese and Korean.
_TWO_BYTE = {"gb18030": "GBK", "big5": "Big5", "shift_jis": "Shift-JIS", "euc_kr": "EUC-KR"}
_NEIGHBOURS = re.compile(rb"[\x80-\xff]{2,}")
# UTF-8: letters of two bytes (Western), of three and four (Chinese), and what is left of a letter that was
# cut: its first bytes, or its last ones.
_UTF8_PARTS = re.compile(
    rb"(?P<two>[\xc2-\xdf][\x80-\xbf])|(?P<more>[\xe1-\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf4][\x80-\xbf]{3})"
    rb"|(?P<cut>[\xc2-\xf4][\x80-\xbf]{0,2}|[\x80-\xbf]{1,3})|(?P<other>[\x80-\xff])"
)
CUT_NOTE = "The text is UTF-8 with letters cut within; each is shown as \ufffd. Export it anew if you can."


def decode(content: bytes, path: Path, named: str = "") -> tuple[str, str]:
    """Return the text, and a note if the encoding had to be decided (empty for UTF-8 and UTF-16).

    ``named`` is the encoding that a mapping file gives for what isn't UTF-8. UTF-8 with a letter cut within
    (by a field's length) is still that, whatever is named. Raises DataError, with what was found and what to
    do, where nothing decodes the bytes or several encodings could.
    """
    for mark in UTF16_MARKS:
        if content.startswith(mark):
            return _decode(content, "utf-16", path), ""
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        if is_cut_utf8(content):
            return content.decode("utf-8-sig", "replace"), CUT_NOTE
        encoding = named or guess(content, path)
        return _decode(content, encoding, path), f"The text is not UTF-8; it was read as {encoding}."


def is_cut_utf8(content: bytes) -> bool:
    """Tell whether bytes are UTF-8 but for letters that lost some of their bytes.

    In text of another encoding whole letters of UTF-8 come about by chance, among more faults. So there must
    be twice as many whole Chinese letters as cut ones; of Western letters, which chance makes more easily,
    four times as many.
    """
    counts = {"two": 0, "more": 0, "cut": 0, "other": 0}
    for found in _UTF8_PARTS.finditer(content):
        counts[str(found.lastgroup)] += 1
    faults = counts["cut"]
    return not counts["other"] and faults > 0 and counts["more"] + counts["two"] / 2 >= 2 * faults


def decode_cut(text: str) -> str:
    """Return text that was read byte by byte (as ISO 8859-1), as the UTF-8 with cut letters that it is."""
    return text.encode("iso-8859-1").decode("utf-8", "replace")


def guess(content: bytes, path: Path) -> str:
    """Return the encoding of text that isn't UTF-8; one that could be Windows or Chinese text is refused.

    In Western text bytes above 127 stand alone between ASCII letters; two side by side may also be one
    Chinese, Japanese or Korean letter. Statistics of letters can't help: a file of trial data holds a
    handful of such letters among thousands of others.
    """
    pairs = _NEIGHBOURS.search(content)
    eastern = [name for codec, name in _TWO_BYTE.items() if pairs and _decodes(content, codec)]
    western = _decodes(content, _WINDOWS)
    if western and not eastern:
        return _WINDOWS
    if any(match.lastgroup == "more" for match in _UTF8_PARTS.finditer(content)):
        eastern.insert(0, "UTF-8 with a cut letter")
    found = [*(["Windows (cp1252)"] if western else []), *eastern]
    advice = "Save it as UTF-8, or name its `encoding` in a mapping file."
    if not found:
        raise DataError(f"{path}: is no UTF-8, and no other encoding that is known reads it. {advice}")
    sample = pairs.group()[:8].hex(" ") if pairs else ""
    raise DataError(f"{path}: is no UTF-8; the bytes {sample} could be {', '.join(found)}. {advice}")


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decode(content: bytes, encoding: str, path: Path) -> str:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(f"{path}: can't be read as {encoding} ({error}). Save it as UTF-8.") from error
