"""The few letters that a document needs, cut out of a font of the machine as a small TrueType font.

Fonts with PostScript outlines (Noto Sans CJK) are brought to quadratic curves: PDF then names letters directly by
number, which every reader of texts understands; the other way of embedding is not read by all.
"""

import io
from typing import Final

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable

from gis.report.faces import Face

_POSTSCRIPT: Final = "CFF "
_NEEDED: Final = ("cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "OS/2", "post", _POSTSCRIPT)
_ERROR_OF_BODY: Final = 0.0005
"""How far a curve may move, as a part of the letter's body: far below what a printer resolves."""


def subset_font(face: Face, text: str) -> bytes:
    """Return a TrueType font with the letters of a text that a font holds, and no others."""
    options = Options(hinting=False, notdef_outline=True, layout_features=[], name_IDs=[1, 2, 4, 6])
    with TTFont(face.path, fontNumber=face.number, lazy=True) as font:
        for table in [table for table in font.keys() if table not in _NEEDED]:  # noqa: SIM118  no mapping
            if table != "GlyphOrder":
                del font[table]
        cutter = Subsetter(options)
        cutter.populate(text=text)
        cutter.subset(font)
        if _POSTSCRIPT in font:
            _to_truetype(font)
        out = io.BytesIO()
        font.save(out)
    return out.getvalue()


def _to_truetype(font: TTFont) -> None:
    """Replace cubic outlines by quadratic ones."""
    order, drawn = font.getGlyphOrder(), font.getGlyphSet()
    most = font["head"].unitsPerEm * _ERROR_OF_BODY
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        drawn[name].draw(Cu2QuPen(pen, most, reverse_direction=True))
        glyphs[name] = pen.glyph()
    table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, glyphs
    font["loca"], font["glyf"] = newTable("loca"), table
    del font[_POSTSCRIPT]
    for name, glyph in glyphs.items():
        glyph.recalcBounds(table)
        font["hmtx"][name] = (font["hmtx"][name][0], getattr(glyph, "xMin", 0))
    _adapt_profile(font)


def _adapt_profile(font: TTFont) -> None:
    """Fill in what the table of limits says of TrueType outlines alone; counts are made at saving."""
    limits = font["maxp"]
    limits.tableVersion = 0x00010000
    limits.maxZones = 1
    for name in (
        "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
        "maxSizeOfInstructions", "maxComponentElements",
    ):  # fmt: skip
        setattr(limits, name, 0)
    font["post"].formatType = 3.0
    font["head"].glyphDataFormat = 0
    font.sfntVersion = "\x00\x01\x00\x00"
