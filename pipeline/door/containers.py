"""What kind of file it is, by its first bytes: the one demuxer that may open it, or a sentence that says what it is.

Names and types that came with a file are never looked at. Only what is on the list below gets in; playlists, manifests
and scripts that make a demuxer open other files are not on it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import BadMedia

HEAD_BYTES = 64 * 1024  # enough for APNG's frame control, WebP's flags and three packets of a transport stream

#: an AVI may carry subtitles as a text track, and a playlist in it was once followed (CVE-2017-9993)
GAB2_WITHIN_BYTES = 1024 * 1024

EXPORT = "Send a video: MP4, MOV, WebM, MKV, AVI or an animated GIF."
EXPORT_SOUND = "Send a sound file: MP3, M4A, WAV, FLAC, OGG, Opus, AAC or AIFF."

MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"styp", b"sidx", b"free", b"skip", b"wide", b"pnot"})
STILL_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"jxl "}
)  # Apple, AV1 and JPEG XL stills

SEQUENCE_BRAND = b"msf1"  # a row of pictures beside the still: it moves

STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"OggS", "ogg"),
)

#: demuxers of `find_demuxer` whose files never have a sound
SILENT = frozenset({"gif", "apng", "webp_anim"})

#: MPEG audio: thousands of bits per second by version (1; 2 and 2.5) and layer (3, 2), 0 where none is said
MPEG_BITRATES = {
    (True, 1): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 1): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MPEG_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # Hz, by version
FRAMES_IN_A_ROW = 3  # by chance one header in two hundred bytes looks like one, three in the right places never do

#: what people send by mistake: a pattern at the very start, and what to call it
KNOWN: tuple[tuple[bytes, str], ...] = (
    (rb"\xff\xd8\xff|\x89PNG|BM.{4}\0\0\0\0|II\*\0|MM\0\*|\xff\x0a|\0\0\0\x0cJXL |8BPS", "a still image"),
    (rb"ID3|\xff[\xe2-\xff]|fLaC|RIFF....WAVE|FORM....AIF|\.snd|MThd", "a sound file"),
    (rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd", "an archive"),
    (rb"%PDF", "a PDF document"),
    (rb"MZ|\x7fELF|#!|\xcf\xfa\xed\xfe", "a program"),
    (rb"\s*#EXTM3U|\s*ffconcat|\s*\[playlist\]|v=0\r?\n|\s*<\?xml.{0,400}<MPD|\s*<MPD", "a playlist, not a video"),
    (rb"\s*<(!doctype|html|head|body|\?xml|svg|script)", "a web page or an XML document"),
    (rb"YUV4MPEG2|\x00\x00\x01\xb3|\x00\x00\x00\x01|DKIF", "a bare video stream without a container"),
)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a plain file for reading; a pipe, a device or a folder under that name is refused without waiting for it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as exc:
        raise BadMedia("The file cannot be opened.", hint="Is it there, and may it be read?") from exc
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BadMedia("This is not a file.", hint="Name the file itself.")
    with os.fdopen(handle, "rb", buffering=0) as source:
        yield source


def find_demuxer(source: BinaryIO) -> str:
    """Return the name of ffmpeg's demuxer for the file; raises BadMedia that says what the file is instead."""
    source.seek(0)
    head = source.read(HEAD_BYTES)
    if not head:
        raise BadMedia("The file is empty.", hint="Send it again; the upload may have broken off.")
    for start, demuxer in STARTS:
        if head.startswith(start):
            return demuxer
    if head[:4] == b"RIFF":
        return _riff(head, source)
    if head[:8] == b"\x89PNG\r\n\x1a\n" and b"acTL" in head.partition(b"IDAT")[0]:
        return "apng"
    if head[4:8] in MP4_BOXES:
        return _mp4(head)
    if any(_packets(head, first, step) for first, step in ((0, 188), (4, 192))):
        return "mpegts"
    raise _not_a_video(head)


def find_sound_demuxer(source: BinaryIO) -> str:
    """Return the name of ffmpeg's demuxer for a sound file, or for a video whose sound is meant.

    Raises BadMedia that says what the file is instead.
    """
    head = _after_tag(source)
    if not head:
        raise BadMedia("The file is empty.", hint="Send it again; the upload may have broken off.")
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[:4] == b"fLaC":
        return "flac"
    try:
        demuxer = find_demuxer(source)
    except BadMedia as exc:
        if _looks_like(head) in ("", "a sound file") and (bare := _bare_frames(head)):
            return bare
        raise _not_a_sound(head, exc) from exc
    if demuxer in SILENT:
        raise _is("a moving picture without sound", sound=True)
    return demuxer


def _after_tag(source: BinaryIO) -> bytes:
    """Return the head of the file behind its ID3v2 tags, whose sizes are written in seven bits a byte."""
    at = 0
    for _ in range(3):  # editors put a tag before a tag now and then
        source.seek(at)
        head = source.read(HEAD_BYTES)
        if head[:3] != b"ID3" or len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
            break
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        at += 10 + size + (10 if head[5] & 0x10 else 0)
    return head if at == 0 or head.strip(b"\0") else b"ID3" + head


def _bare_frames(head: bytes) -> str | None:
    """Return "mp3" or "aac" where three frames in a row begin with their headers, whatever lies before the first."""
    for start in re.finditer(rb"\xff[\xe2-\xff]", head):
        for demuxer, length in (("mp3", _mpeg_frame), ("aac", _adts_frame)):
            at, frames = start.start(), 0
            while frames < FRAMES_IN_A_ROW and (size := length(head[at : at + 7])):
                at, frames = at + size, frames + 1
            if frames == FRAMES_IN_A_ROW:
                return demuxer
    return None


def _mpeg_frame(header: bytes) -> int:
    """Return the length in bytes of the MPEG audio frame that begins so; 0 where none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3  # layer: 1 is the third, 2 the second
    kbits, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer not in (1, 2) or kbits in (0, 15) or rate == 3:
        return 0
    samples = 1152 if layer == 2 or version == 3 else 576
    bits = MPEG_BITRATES[version == 3, layer][kbits] * 1000
    return samples // 8 * bits // MPEG_RATES[version][rate] + (header[2] >> 1 & 1)


def _adts_frame(header: bytes) -> int:
    """Return the length in bytes of the AAC frame that begins so; 0 where none does."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > 7 else 0


def _riff(head: bytes, source: BinaryIO) -> str:
    kind = head[8:12]
    if kind == b"AVI ":
        source.seek(0)
        if b"GAB2\0" in source.read(GAB2_WITHIN_BYTES):
            raise BadMedia(
                "The AVI file carries a text track that is not read here.", hint="Export it without subtitles."
            )
        return "avi"
    if kind == b"WEBP":
        if head[12:16] == b"VP8X" and len(head) > 20 and head[20] & 0x02:  # the animation flag
            return "webp_anim"
        raise _is("a still image")
    raise _not_a_video(head)


def _mp4(head: bytes) -> str:
    if head[4:8] == b"ftyp" and head[8:12] in STILL_BRANDS and SEQUENCE_BRAND not in head[8:64]:
        raise _is("a still image")
    return "mov"


def _packets(head: bytes, first: int, step: int) -> bool:
    """Whether three transport packets in a row begin with their sync byte."""
    return len(head) > first + 2 * step and all(head[first + n * step] == 0x47 for n in range(3))


def _not_a_video(head: bytes) -> BadMedia:
    what = _looks_like(head)
    if what:
        return _is(what)
    return BadMedia("The file is of a kind that is not known here, or it is damaged.", hint=EXPORT)


def _not_a_sound(head: bytes, reason: BadMedia) -> BadMedia:
    if head[:4] == b"MThd":
        return _is("a MIDI file", sound=True)
    what = _looks_like(head)
    if what and what != "a sound file":
        return _is(what, sound=True)
    known = reason.sentence if head[:4] == b"RIFF" and "text track" in reason.sentence else ""
    return BadMedia(known or "The file is of a kind that is not known here, or it is damaged.", hint=EXPORT_SOUND)


def _looks_like(head: bytes) -> str:
    """Say what people would call the file; "" where it looks like nothing that is known."""
    found = (what for pattern, what in KNOWN if re.match(pattern, head, re.DOTALL | re.IGNORECASE))
    return next(found, "a text" if b"\0" not in head and len(head) > 8 else "")


def _is(what: str, *, sound: bool = False) -> BadMedia:
    if sound:
        return BadMedia(f"The file is {what.removesuffix(', not a video')}, not a sound file.", hint=EXPORT_SOUND)
    return BadMedia(f"The file is {what}, not a video." if "video" not in what else f"The file is {what}.", hint=EXPORT)
