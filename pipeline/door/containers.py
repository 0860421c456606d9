"""What kind of file it is, by its first bytes: the one demuxer that may open it, or a sentence that says what it is.

Names and types that came with a file are never looked at. Only what is on the list below gets in; playlists, manifests
and scripts that make a demuxer open other files are not on it.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from pipeline.errors import BadMedia

HEAD_BYTES = 64 * 1024  # enough for APNG's frame control, WebP's flags and three packets of a transport stream

#: an AVI may carry subtitles as a text track, and a playlist in it was once followed (CVE-2017-9993)
GAB2_WITHIN_BYTES = 1024 * 1024

EXPORT = "Send a video: MP4, MOV, WebM, MKV, AVI or an animated GIF."

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
    for pattern, what in KNOWN:
        if re.match(pattern, head, re.DOTALL | re.IGNORECASE):
            return _is(what)
    if b"\0" not in head and len(head) > 8:
        return _is("a text")
    return BadMedia("The file is of a kind that is not known here, or it is damaged.", hint=EXPORT)


def _is(what: str) -> BadMedia:
    return BadMedia(f"The file is {what}, not a video." if "video" not in what else f"The file is {what}.", hint=EXPORT)
