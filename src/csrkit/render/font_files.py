"""A version's own font files: checked, made single where they come as a collection, laid out for Typst."""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from csrkit.charts.assets import Fonts, choose_fonts
from csrkit.errors import ParameterError
from csrkit.inputs.hashes import file_hash

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

_LARGEST = 100_000_000  # bytes; the largest collections of Chinese, Japanese and Korean hold 40 million
_FAMILY = re.compile(r"[\w &'().+-]+")  # what can be named in the template
_CHINESE_FACE = re.compile(r"\bSC$")
_RESTRICTED, _NO_SUBSET, _BITMAP_ONLY = 0x0002, 0x0100, 0x0200
_UNREADABLE = (OSError, struct.error, KeyError, ValueError, AssertionError, EOFError)


@dataclass(frozen=True)
class VersionFonts:
    """The fonts of a version: ``named`` are its own, as they can be used; ``hashes`` file name to SHA-256."""

    fonts: Fonts
    named: tuple[Path, ...]
    hashes: dict[str, str]


def read_fonts(paths: Sequence[Path], root: Path, folder: Path) -> VersionFonts:
    """Check the font files that a version names and return all fonts it is set in.

    Parameters
    ----------
    paths
        As the parameters give them, in order of preference; relative ones start at ``root``.
    folder
        Where one face of a collection (``.ttc``, ``.otc``) is written as a file of its own: the one for
        Simplified Chinese, or the first; the others draw the characters as other languages do.

    Raises
    ------
    ParameterError
        A file isn't there, is no font, holds no outlines, is variable, may not be embedded, or is named
        twice.
    """
    hashes: dict[str, str] = {}
    named = []
    for path in paths:
        file = root / path
        _refuse_odd_file(file, path)
        if path.name in hashes:
            raise ParameterError(f"fonts: two files are called {path.name}; rename one.")
        hashes[path.name] = file_hash(file)
        named.append(_single(file, path, folder))
    fonts = choose_fonts(named)
    common = {path.name: file_hash(path) for path in fonts.files if path not in named}
    if twice := sorted(common.keys() & hashes.keys()):
        raise ParameterError(f"fonts: {twice[0]} is a font of the program itself; rename the file.")
    return VersionFonts(fonts, tuple(named), {**common, **hashes})


def lay_fonts(fonts: Fonts, folder: Path) -> list[str]:
    """Copy the font files into a folder and return the names under which Typst knows them, in their order."""
    import typst

    folder.mkdir(parents=True)
    for path in fonts.files:
        shutil.copyfile(path, folder / path.name)
    known = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
    ).fonts()
    families = {Path(font.path).name: font.family for font in known if font.path}
    if unknown := [path.name for path in fonts.files if path.name not in families]:
        raise ParameterError(f"fonts: Typst can't read {', '.join(unknown)}; name another file.")
    return list(dict.fromkeys(families[path.name] for path in fonts.files))


def _refuse_odd_file(file: Path, path: Path) -> None:
    if not file.is_file():
        raise ParameterError(f"fonts: {path} is no file. Check the path; relative ones start at the project.")
    if file.stat().st_size > _LARGEST:
        raise ParameterError(f"fonts: {path} has more than {_LARGEST // 1_000_000} MB; name a single font.")


def _single(file: Path, path: Path, folder: Path) -> Path:
    """Return the file, or that of a collection's face for Simplified Chinese."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError  # few versions name fonts of their own

    try:
        with file.open("rb") as stream:
            collection = stream.read(4) == b"ttcf"
            stream.seek(0)
            if not collection:
                _refuse_unfit(TTFont(stream, lazy=True), path)
                return file
            face = _choose_face(TTCollection(stream, lazy=True, recalcTimestamp=False).fonts)
            _refuse_unfit(face, path)
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / path.with_suffix(".otf" if "CFF " in face else ".ttf").name
            face.save(target, reorderTables=False)
            return target
    except (TTLibError, *_UNREADABLE) as error:
        raise ParameterError(
            f"fonts: {path} can't be read as a TrueType or OpenType font ({error})."
        ) from error


def _choose_face(faces: Sequence[TTFont]) -> TTFont:
    """Return the face for Simplified Chinese of a collection, else its first."""
    chinese = (face for face in faces if _CHINESE_FACE.search(str(face["name"].getBestFamilyName())))
    return next(chinese, faces[0])


def _refuse_unfit(font: TTFont, path: Path) -> None:
    if not font.getBestCmap() or not ({"glyf", "CFF "} & set(font.keys())):
        raise ParameterError(f"fonts: {path} holds no outlines of characters; name a font for print.")
    if "fvar" in font:
        raise ParameterError(
            f"fonts: {path} is a variable font, which a PDF can't hold; name one of a single weight (static)."
        )
    rights = font["OS/2"].fsType if "OS/2" in font else 0
    if rights & 0x000F == _RESTRICTED or rights & (_NO_SUBSET | _BITMAP_ONLY):
        raise ParameterError(
            f"fonts: {path} says that its licence allows no embedding of the characters used; name another."
        )
    family = str(font["name"].getBestFamilyName())
    if not _FAMILY.fullmatch(family):
        raise ParameterError(f"fonts: {path} is called {family!r}, a name that can't be used; name another.")
