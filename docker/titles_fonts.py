"""Make the fonts of the titles again from their sources; pipeline/titles/fonts/README.md says where those come from.

python docker/titles_fonts.py SOURCES TO

SOURCES is a folder with the unpacked packages anywhere below it. Needs fonttools only. The same sources give the same
bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

Codes = set[int]

LATIN = [(0x20, 0x2FF), (0x300, 0x36F), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x20A0, 0x20BF), (0x2100, 0x214F)]
GREEK_CYRILLIC = [(0x370, 0x52F), (0x1F00, 0x1FFF)]
SIGNS = [(0x2000, 0x206F), (0x3000, 0x303F), (0xFE30, 0xFE4F), (0xFF00, 0xFF65), (0xFFE0, 0xFFE6), (0x20, 0x7E)]
KANA = [(0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)]
JAMO = [(0x3131, 0x318E)]
SYMBOLS = [(0x2190, 0x21FF), (0x2300, 0x23FF), (0x25A0, 0x27BF), (0x2900, 0x297F), (0x2B00, 0x2BFF)]
EVERYTHING = [(0x20, 0x10FFFF)]

#: words of spoken Cantonese that Big5 has no characters for
CANTONESE = "嘅咗唔喺啲嘢冇佢哋睇攞俾畀噉咁嗰乜嘥揾搵瞓掂嬲攰靚嚟嗌嘞啱噏嗮晒咩喎囉啫諗嗱吖咪撳揸揼氹冚孭餸"

#: what a shaper needs; the rest (small capitals, old figures, vertical forms) nobody asks for
FEATURES = [
    "abvf", "abvm", "abvs", "akhn", "blwf", "blwm", "blws", "calt", "ccmp", "cfar", "cjct", "clig", "cswh", "curs",
    "dist", "fin2", "fin3", "fina", "half", "haln", "init", "isol", "kern", "liga", "ljmo", "locl", "mark", "med2",
    "medi", "mkmk", "mset", "nukt", "pref", "pres", "pstf", "psts", "rclt", "rkrf", "rlig", "rphf", "tjmo", "vatu",
    "vjmo",
]  # fmt: skip

#: stem: (family, source file, weight of a variable font or number in a collection, characters)
Source = tuple[str, str, int | None, Iterable[tuple[int, int]]]
FONTS: dict[str, Source] = {
    "plain": ("Reel Plain", "Manrope[wght].ttf", 700, [*LATIN, *GREEK_CYRILLIC]),
    "serif": ("Reel Serif", "EBGaramond[wght].ttf", 700, [*LATIN, *GREEK_CYRILLIC]),
    "condensed": ("Reel Condensed", "Oswald[wght].ttf", 600, [*LATIN, *GREEK_CYRILLIC]),
    "hand": ("Reel Hand", "Caveat[wght].ttf", 700, [*LATIN, *GREEK_CYRILLIC]),
    "latin": ("Reel Latin", "NotoSans-SemiBold.ttf", None, [*LATIN, *GREEK_CYRILLIC]),
    "symbols": ("Reel Symbols", "NotoSansSymbols2-Regular.ttf", None, SYMBOLS),
    "music": ("Reel Music", "NotoMusic-Regular.ttf", None, [(0x2669, 0x266F)]),
    "arrows": ("Reel Arrows", "NotoSansMath-Regular.ttf", None, [(0x2190, 0x21FF), (0x2200, 0x22FF), (0x2600, 0x26FF)]),
    "emoji": ("Reel Emoji", "NotoEmoji_700Bold.ttf", None, EVERYTHING),
}  # fmt: skip
SCRIPTS = (
    "Arabic", "Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Hebrew", "Kannada",
    "Khmer", "Lao", "Malayalam", "Myanmar", "Sinhala", "Tamil", "Telugu", "Thai",
)  # fmt: skip
COLLECTION = "NotoSansCJK-Medium.ttc"  # its fonts: Japanese, Korean, simplified, traditional Chinese, Hong Kong


def encoded(codec: str, rows: range) -> Codes:
    """Return the characters of a two-byte character set."""
    both = (bytes([high, low]) for high in rows for low in range(0x40, 0xFF))
    texts = (pair.decode(codec, "ignore") for pair in both)
    return {ord(text) for text in texts if len(text) == 1 and ord(text) >= 0x3400}


def spread(ranges: Iterable[tuple[int, int]]) -> Codes:
    return {code for first, last in ranges for code in range(first, last + 1)}


def han() -> dict[str, tuple[str, int, Codes]]:
    """Return stem: (family, number in the collection, characters) of the four languages that share Han."""
    return {
        "japanese": ("Reel Japanese", 0, encoded("euc_jp", range(0xB0, 0xF5)) | spread([*SIGNS, *KANA])),
        "korean": ("Reel Korean", 1, encoded("euc_kr", range(0xB0, 0xC9)) | spread([*SIGNS, *JAMO])),
        "simplified": ("Reel Simplified", 2, encoded("gb2312", range(0xB0, 0xF8)) | spread(SIGNS)),
        "traditional": (
            "Reel Traditional",
            3,
            encoded("big5", range(0xA4, 0xC7)) | set(map(ord, CANTONESE)) | spread(SIGNS),
        ),
    }


def subset(font: TTFont, codes: Codes) -> TTFont:
    options = Options()
    options.layout_features = FEATURES
    options.hinting = False  # libass draws without
    options.notdef_outline = False  # a character that is missing is nothing, not a box
    options.name_IDs = [0, 13, 14]
    options.name_languages = [0x409]
    options.drop_tables += ["BASE", "DSIG", "MATH", "STAT", "VORG", "meta", "vhea", "vmtx"]
    cutter = Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    return font


def christen(font: TTFont, family: str) -> None:
    """Give a changed font a name of its own, as its licence asks; copyright and licence stay."""
    texts = {1: family, 2: "Regular", 3: f"{family} 1", 4: family, 5: "Version 1.0", 6: family.replace(" ", "")}
    for number, text in texts.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 400  # one weight each: nobody shall embolden it
    font["OS/2"].fsSelection = 0x40
    font["head"].macStyle = 0
    font["head"].modified = font["head"].created
    if "CFF " in font:
        top = font["CFF "].cff
        top.fontNames = [family.replace(" ", "")]
        top[0].FamilyName = top[0].FullName = family
        top[0].Weight = "Regular"


def find(sources: Path, name: str) -> Path:
    return min(path for path in sources.rglob("*") if path.name == name)


def make(source: Path, to: Path, family: str, number: int | None, codes: Codes) -> None:
    collection = source.suffix == ".ttc"
    font = TTFont(source, fontNumber=number if collection else -1, recalcTimestamp=False)
    if number and not collection:
        axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes} | {"wght": number}
        font = instantiateVariableFont(font, axes)
    font = subset(font, codes)
    christen(font, family)
    font.save(to.with_suffix(".otf" if "CFF " in font else ".ttf"))


def main() -> None:
    sources, to = map(Path, sys.argv[1:])
    for stem, (family, name, number, ranges) in FONTS.items():
        make(find(sources, name), to / stem, family, number, spread(ranges))
    for script in SCRIPTS:
        name = f"NotoSans{script}-SemiBold.ttf"
        make(find(sources, name), to / script.lower(), f"Reel {script}", None, spread(EVERYTHING))
    for stem, (family, number, codes) in han().items():
        make(find(sources, COLLECTION), to / stem, family, number, codes)


if __name__ == "__main__":
    main()
