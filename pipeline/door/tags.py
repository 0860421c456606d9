"""What a sound file says about itself: title, artist, embedded lyrics, cover picture.

The sandboxed child reads them and writes them down again in ffmpeg's own plain text; no parser of ours ever sees a
stranger's tag block. What comes out is made safe to show and cut to a length; the cover is a JPEG of our own making.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.door.ffmpeg import NOTHING_PERSONAL, Leash, run, take_in
from pipeline.errors import BadMedia, OverLimit

NAME_LENGTH = 200  # characters of a title or an artist: more is no name
LYRICS_LENGTH = 20_000  # characters; the longest song that anybody sings has a third of it

COVER_SIDE = 1500  # pixels, the longer side: as music shops have them
COVER_PIXELS = 50_000_000  # that a cover may have before it is scaled down: a photograph; more is a bomb
COVER_QUALITY = "3"  # of mjpeg's 2 to 31; about JPEG 90

TAGS_LEASH = Leash(seconds=20, cpu_s=20, output_bytes=4 * 1024**2)
COVER_LEASH = Leash(seconds=20, cpu_s=20, memory=2 * 1024**3, file_bytes=20_000_000)

#: what may hold lyrics, the timed kinds first; ID3's come as "lyrics-eng", "lyrics-(description)-xxx"
LYRICS_KEYS = (r"syncedlyrics|synced lyrics", r"lyrics(-.*)?|unsyncedlyrics|unsynced lyrics|uslt(-.*)?|©lyr")
LRC_TIME = re.compile(r"^\s*\[\d{1,3}:\d{2}", re.MULTILINE)

#: format characters that words are made of: joiners of Persian, of the scripts of India and of emoji
JOINERS = frozenset("\u200c\u200d")


@dataclass(frozen=True)
class Tags:
    title: str = ""
    artist: str = ""
    lyrics: str = ""  #: LRC or plain


def read_tags(source: BinaryIO, demuxer: str, *, place: Path) -> Tags:
    """Read the tags of a sound file; what cannot be read, or is too much to be tags, is left out."""
    door = take_in(source, demuxer)
    listing = ["-map", "0:a:0", "-c", "copy", "-t", "0", "-map_chapters", "-1", "-f", "ffmetadata", "pipe:1"]
    try:
        done = run([*door, *listing], place=place, leash=TAGS_LEASH, inputs=[source])
    except (BadMedia, OverLimit):
        return Tags()
    tags = parse_tags(done.output.decode("utf-8", "replace"))
    return Tags(
        title=show_line(tags.get("title", "")),
        artist=show_line(tags.get("artist", "") or tags.get("album_artist", "")),
        lyrics=show_text(_lyrics(tags)),
    )


def save_cover(source: BinaryIO, demuxer: str, *, place: Path) -> Path | None:
    """Write the cover picture as `cover.jpg` in `place`; None where there is none that can be read."""
    door = take_in(source, demuxer, "-max_pixels", str(COVER_PIXELS))
    side = f"scale={COVER_SIDE}:{COVER_SIDE}:force_original_aspect_ratio=decrease:flags=area"
    smaller = f"{side}:out_range=full,format=yuvj420p"
    picture = ["-map", "0:disp:attached_pic", "-frames:v", "1", "-vf", smaller, "-c:v", "mjpeg", "-q:v", COVER_QUALITY]
    to = place / "cover.jpg"
    arguments = [*door, *picture, *NOTHING_PERSONAL, "-f", "mjpeg", to.name]
    try:
        run(arguments, place=place, leash=COVER_LEASH, inputs=[source])
    except (BadMedia, OverLimit):
        return None
    return to if to.is_file() and to.stat().st_size else None


def parse_tags(listing: str) -> dict[str, str]:
    """Read ffmpeg's metadata text: `key=value` lines, special characters behind a backslash, keys in small letters."""
    tags: dict[str, str] = {}
    for line in re.findall(r"(?:\\.|[^\\\n])+", listing, re.DOTALL):
        if line[0] in ";[":
            continue
        key, equals, value = _split(line)
        if equals and key not in tags:  # the file's own come before those of its streams
            tags[key] = value
    return tags


def show_line(text: str, length: int = NAME_LENGTH) -> str:
    """Return text of a stranger's as one line that can be shown: no control or direction marks, not too long."""
    line = " ".join(show_text(text[: 20 * length]).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def show_text(text: str, length: int = LYRICS_LENGTH) -> str:
    """Return lines of a stranger's as they can be shown, without control and direction marks, cut to a length."""
    text = text[: 4 * length].replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(char for char in text if char == "\n" or char in JOINERS or unicodedata.category(char)[0] != "C")
    return unicodedata.normalize("NFC", kept)[:length].strip()


def _split(line: str) -> tuple[str, str, str]:
    """Cut a line at its first bare equals sign and take the backslashes away."""
    found = re.match(r"((?:\\.|[^\\=])*)(=?)(.*)", line, re.DOTALL)
    assert found  # it matches anything
    key, equals, value = (re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in found.groups())
    return key.lower(), equals, value


def _lyrics(tags: dict[str, str]) -> str:
    """Return the lyrics among the tags, timed ones first; of several kinds the longest."""
    found = [
        (bool(LRC_TIME.search(text)), -rank, len(text), text)
        for key, text in tags.items()
        for rank, pattern in enumerate(LYRICS_KEYS)
        if re.fullmatch(pattern, key) and text.strip()
    ]
    return max(found)[-1] if found else ""
