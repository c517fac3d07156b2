"""Write the smallest SAS7BDAT file there can be: one page, no compression. No library writes the format."""

from __future__ import annotations

import struct

from csrkit.sdtm.formats.sas import SAS7BDAT_MAGIC

_HEADER, _PAGE = 1024, 8192
_ENCODINGS = {"utf-8": 20, "cp1252": 62}


def make_sas7bdat(
    name: str, columns: dict[str, tuple[str, str, int]], rows: list[tuple], encoding: str = "utf-8"
) -> bytes:
    """Return the file. ``columns``: name to label, format and width in bytes; a width of 0 is a number."""
    widths = [width or 8 for _, _, width in columns.values()]
    order = sorted(range(len(widths)), key=lambda index: list(columns.values())[index][2] > 0)
    offsets, at = {}, 0
    for index in order:  # numbers first: they stand at multiples of 8
        offsets[index], at = at, at + widths[index]
    length = at + -at % 8
    text, places = b"\0" * 8, {}
    for word in sorted(
        {word for column, (label, form, _) in columns.items() for word in (column, label, form) if word}
    ):
        places[word] = len(text) + 4, len(word)
        text += word.encode() + b"\0" * (-len(word) % 4)
    parts = _subheaders(columns, widths, offsets, text, places, length, len(rows))
    page, pointers, end = bytearray(_PAGE), b"", _PAGE
    for part in parts:
        end -= len(part)
        page[end : end + len(part)] = part
        pointers += struct.pack("<IIBBH", end, len(part), 0, 0, 0)
    start = 24 + len(pointers)
    start += -start % 8
    struct.pack_into("<HHH", page, 16, 0x200, len(parts) + len(rows), len(parts))
    page[24 : 24 + len(pointers)] = pointers
    for number, row in enumerate(rows):
        place = start + number * length
        for index, value in enumerate(row):
            width = widths[index]
            cell = (
                struct.pack("<d", value) if isinstance(value, float) else value.encode(encoding).ljust(width)
            )
            page[place + offsets[index] : place + offsets[index] + width] = cell
    return _header(name, encoding) + bytes(page)


def _subheaders(columns, widths, offsets, text, places, length, rows):
    count = len(columns)
    row_size = bytearray(b"\xf7" * 4 + bytes(476))
    struct.pack_into("<II", row_size, 20, length, rows)
    struct.pack_into("<II", row_size, 36, count, 0)
    struct.pack_into("<I", row_size, 60, rows)
    size = b"\xf6" * 4 + struct.pack("<II", count, 0)
    texts = b"\xfd\xff\xff\xff" + struct.pack("<H", len(text)) + bytes(2) + text
    texts += bytes(4)
    texts = texts[:4] + struct.pack("<H", len(texts) - 12) + texts[6:]
    names = b"\xff" * 4 + struct.pack("<HHI", 8 * count + 8, 0, 0)
    attributes = b"\xfc\xff\xff\xff" + struct.pack("<HHI", 12 * count + 8, 0, 0)
    formats = []
    for index, (name, (label, form, width)) in enumerate(columns.items()):
        names += struct.pack("<HHHH", 0, *places[name], 0)
        attributes += struct.pack("<IIHBB", offsets[index], widths[index], 0, 2 if width else 1, 0)
        entry = bytearray(b"\xfe\xfb\xff\xff" + bytes(48))
        struct.pack_into("<HHH", entry, 34, 0, *places.get(form, (0, 0)))
        struct.pack_into("<HHH", entry, 40, 0, *places.get(label, (0, 0)))
        formats.append(bytes(entry))
    return [bytes(row_size), size, texts, names + bytes(8), attributes + bytes(8), *formats]


def _header(name: str, encoding: str) -> bytes:
    header = bytearray(_HEADER)
    header[:32] = SAS7BDAT_MAGIC
    header[32], header[35], header[37], header[39] = 0x22, 0x22, 0x01, ord("1")
    header[70] = _ENCODINGS[encoding]
    header[84:92] = b"SAS FILE"
    header[92:156] = name.encode().ljust(64)
    header[156:164] = b"DATA    "
    struct.pack_into("<III", header, 196, _HEADER, _PAGE, 1)
    header[216:224] = b"9.0401M7"
    return bytes(header)
