"""What pictures of charts are drawn with: font files, and Vega as one local script."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

# The font files of PDF and charts, in order of preference, and which characters they can draw.
#
# Nothing else draws text: not the fonts of the machine, and not those that lie beside the chosen ones in a
# package. So two machines draw alike, and a character that no chosen font has is found before it is printed.

CHART_FAMILY = "DejaVu Sans"
# Holds the further font files of a version for the kernels of its notebooks, separated as in PATH.
VARIABLE = "ITPCSR_FONTS"
CHINESE_PACKAGE = "pylopdf-fonts-zh-cn"
# Oblique letters are few (no Arabic), and nothing of the report asks for them in this font.
_CHART_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
_CHINESE_FILE = "NotoSansSC-Regular.otf"
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


@dataclass(frozen=True)
class Fonts:
    """The chosen font files: the charts' own, then those that the version names, then the Chinese one."""

    files: tuple[Path, ...]

    @cached_property
    def characters(self) -> frozenset[str]:
        """Return every character that one of the files has."""
        return frozenset().union(*map(read_characters, self.files))

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """Return the SHA-256 of each file, as the files are when this is first asked."""
        return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files)

    def lacking(self, text: str) -> list[str]:
        """Return the characters of a text that no file has, in their order in Unicode, each once.

        Characters without a picture of their own (line breaks, joiners, variation selectors) never lack.

        >>> choose_fonts().lacking("发热 10⁹/L 한국")
        ['국', '한']
        """
        return sorted(char for char in set(text) - self.characters if _is_drawn(char))


def choose_fonts(named: Sequence[Path] = ()) -> Fonts:
    """Return the fonts of a version that names these files of its own, each a single static font.

    The packages' fonts are DejaVu Sans, which has the superscript digits of 10⁹/L, and Noto Sans SC (GB 2312,
    GBK, Big5, and all ideographs of Unicode 1 and of Extension A).

    Raises ImportError when DejaVu Sans isn't installed. Where Noto Sans SC isn't, the fonts lack Chinese.
    """
    folder = _package_folder("matplotlib")
    if folder is None:
        raise ImportError("matplotlib, which carries the chart font, is not installed. Run `make report`.")
    own = [folder / "mpl-data" / "fonts" / "ttf" / name for name in _CHART_FILES]
    chinese = _package_folder(CHINESE_PACKAGE.replace("-", "_"))
    last = [] if chinese is None else [chinese / _CHINESE_FILE]
    return Fonts((*own, *named, *last))


def fonts_of_process() -> Fonts:
    """Return the fonts that hold here: those of the version whose kernel this is, else the packages' own."""
    return choose_fonts([Path(name) for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name])


def name_for_kernels(named: Iterable[Path]) -> str:
    """Return the value of the variable that brings a version's own fonts to its kernels."""
    return os.pathsep.join(str(path.resolve()) for path in named)


@cache
def read_characters(path: Path) -> frozenset[str]:
    """Return the characters that a font file has."""
    from fontTools.ttLib import TTFont  # what fonts have is kept between runs

    with TTFont(path, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap() or ()))


def is_of_words(char: str) -> bool:
    """Tell whether a character makes up words (letter, mark, digit), without which they can't be read."""
    return unicodedata.category(char)[0] in "LMN"


def describe(char: str) -> str:
    """Return a character's number and name: ``U+1F912 (face with thermometer)``."""
    name = unicodedata.name(char, "").lower()
    return f"{code_point(char)} ({name})" if name else code_point(char)


def code_point(char: str) -> str:
    """Return a character's number as Unicode writes it: ``U+1F912``."""
    return f"U+{ord(char):04X}"


def spell_lacking(text: str, fonts: Fonts) -> str:
    """Return a text in which each character that no font has stands as its number: ``[U+1F912]``."""
    return text.translate({ord(char): f"[{code_point(char)}]" for char in fonts.lacking(text)})


def _is_drawn(char: str) -> bool:
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return not hidden and not any(ord(char) in selectors for selectors in _SELECTORS)


def _package_folder(name: str) -> Path | None:
    """Return a package's folder without importing it, which would take a second for matplotlib."""
    spec = importlib.util.find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


# Vega, Vega-Lite and vega-embed as one local script, so that charts need no other host.

# Where the extension wants it; each assembled book has its own, in the root it is a link (`itpcsr link`).
BUNDLE = Path("_extensions/csr/assets/vega.js")


def vega_bundle() -> str:
    """Return the script that sets `window.vegaEmbed`.

    The bundle declares names of one letter at its top level; inside a function they can't clash
    with other scripts of the page.
    """
    # where the bundle is written alone: commands that only ask for its place start at once
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(() => {{\n{bundle}\n}})();\n"
