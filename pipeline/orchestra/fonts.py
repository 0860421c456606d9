"""Which SoundFont the orchestra plays: the best one that lies on this machine."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import Unavailable

#: where Debian, Fedora, Arch, macOS and people keep their fonts, system first
_FOLDERS = (
    "/usr/share/sounds/sf3",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "~/.local/share/soundfonts",
    "~/.local/share/sounds/sf2",
    "~/.local/share/sounds/sf3",
    "~/Library/Audio/Sounds/Banks",
)

#: best first; licences as their packages in Debian state them
_KNOWN = {
    "MuseScore_General.sf2": "MIT",
    "MuseScore_General.sf3": "MIT",
    "MuseScore_General_Lite.sf3": "MIT",
    "FluidR3_GM.sf2": "MIT",
    "FluidR3Mono_GM.sf3": "MIT",
    "GeneralUser-GS.sf2": "GeneralUser GS licence (free for any use)",
    "TimGM6mb.sf2": "GPL-2.0",
}


@dataclass(frozen=True)
class Font:
    path: Path
    licence: str  #: of the font itself; "unknown" for one that this product has never met


@cache
def find_font() -> Font:
    """Return the best General MIDI font on this machine; raises Unavailable when there is none."""
    for name in _KNOWN:
        for folder in _FOLDERS:
            path = Path(folder).expanduser() / name
            if path.is_file():
                return as_font(path)
    shipped = _shipped_with_pretty_midi()
    if shipped is None:
        raise Unavailable(
            "There is no SoundFont on this machine, so the orchestra has no instruments.",
            hint="pip install pretty_midi brings a small one; apt install fluid-soundfont-gm a better one.",
        )
    return as_font(shipped)


def as_font(path: Path) -> Font:
    """Name the licence of a font; raises Unavailable when the file is not there."""
    if not path.is_file():
        raise Unavailable(
            f"The SoundFont {path.name!r} is not there.", hint="Give the path of an .sf2 or .sf3 file, or none."
        )
    return Font(path, _KNOWN.get(path.name, "unknown"))


def _shipped_with_pretty_midi() -> Path | None:
    """Find the font inside the pretty_midi wheel without importing it, which would cost a second."""
    spec = importlib.util.find_spec("pretty_midi")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    return None
