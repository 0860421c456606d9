# ruff: noqa: RUF001 - lyrics of many scripts
"""Lyrics of every kind, and what people send instead."""

from __future__ import annotations

import contextlib
import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BadLyrics, OverLimit, UserError
from pipeline.lyrics import LINES_MOST, Lyrics, decode_lyrics, fit_lines, read_lyrics, shifted
from pipeline.storyboard import LYRICS_MOST, Line, Word
from tests.media import MEDIA, needs_media


def starts(lyrics: Lyrics) -> list[float | None]:
    return [line.start for line in lyrics.lines]


def texts(lyrics: Lyrics) -> list[str]:
    return [line.text for line in lyrics.lines]


# LRC


def test_an_lrc_keeps_its_times_to_the_millisecond():
    lyrics = read_lyrics("[ti:A Song]\n[ar:Them]\n[00:12.345]one\n[00:17.6]two\n[01:02.03]three\n[00:02:50]zero")
    assert (lyrics.title, lyrics.artist, lyrics.timed) == ("A Song", "Them", "lines")
    assert starts(lyrics) == [2.5, 12.345, 17.6, 62.03]
    assert lyrics.notes == ("One line went back in time; they were put in order.",)


def test_a_line_ends_where_the_next_begins_or_when_it_is_sung():
    lyrics = read_lyrics("[00:10.00]a line of some length\n[00:14.00]the next one\n[01:00.00]much later\n[01:03.50]")
    assert lyrics.lines[0].end == 14.0
    assert 15.0 < (lyrics.lines[1].end or 0) < 20.0
    assert lyrics.lines[2].end == 63.5


def test_several_stamps_are_several_lines_and_an_offset_moves_them_all():
    lyrics = read_lyrics("[offset:+500]\n[00:30.00][00:10.00]again\n[00:20.00]once")
    assert list(zip(starts(lyrics), texts(lyrics), strict=True)) == [(9.5, "again"), (19.5, "once"), (29.5, "again")]


@pytest.mark.parametrize(
    "text",
    [
        "[00:12.00]<00:12.00>When <00:12.50>the <00:13.00>truth <00:13.80>",
        "[00:12.00] <00:12.00> When <00:12.50> the <00:13.00> truth <00:13.80>",
        "[00:12.00]When [00:12.50]the [00:13.00]truth[00:13.80]",
        "[00:12.00]When <00:12.50>the <00:13.00>tr<00:13.30>uth<00:13.80>",
    ],
)
def test_words_with_times_keep_them(text: str):
    lyrics = read_lyrics(text)
    assert lyrics.timed == "words"
    assert lyrics.lines[0].text == "When the truth"
    assert [(word.text, word.start, word.end) for word in lyrics.lines[0].words] == [
        ("When", 12.0, 12.5),
        ("the", 12.5, 13.0),
        ("truth", 13.0, 13.8),
    ]


def test_chinese_words_are_characters():
    lyrics = read_lyrics("[00:01.00]<00:01.00>月<00:01.40>亮<00:02.00>")
    assert [(word.text, word.start) for word in lyrics.lines[0].words] == [("月", 1.0), ("亮", 1.4)]


def test_words_that_go_back_in_time_lose_their_times_and_the_line_stays():
    lyrics = read_lyrics("[00:12.00]<00:12.50>one <00:12.10>two <00:13.00>three")
    assert (lyrics.lines[0].text, lyrics.lines[0].start, lyrics.lines[0].words) == ("one two three", 12.0, ())


def test_broken_times_are_placed_anew_and_said_so():
    lyrics = read_lyrics(
        "[00:05.00]good\n[99:99.99]over\n[-1:00]under\n[aa:bb]letters\n[offset:+999999]\n[00:09.00]end"
    )
    assert starts(lyrics) == [5.0, None, None, None, 9.0]
    assert texts(lyrics) == ["good", "over", "under", "letters", "end"]
    assert any("cannot be meant" in note for note in lyrics.notes)
    assert any("3 lines" in note for note in lyrics.notes)


@needs_media
def test_the_wild_lrc_is_no_crash():
    lyrics = read_lyrics((MEDIA / "hostile" / "lrc_bad_times.lrc").read_text())
    assert [line.start for line in lyrics.lines if line.start is not None] == [2.0, 5.5, 10.0, 20.0, 30.0]
    assert lyrics.notes


@needs_media
def test_a_real_lrc_has_the_times_of_its_lines():
    name = MEDIA / "lyrics" / "Fantasma_-_Los_Rombos"
    lyrics = read_lyrics(name.with_suffix(".lrc").read_text())
    with name.with_suffix(".lines.csv").open() as file:
        truth = [float(row["start_time"]) for row in csv.DictReader(file)]
    assert starts(lyrics) == pytest.approx(truth, abs=0.0051)


# SRT


def test_srt_keeps_both_times_and_joins_rows():
    lyrics = read_lyrics(
        "1\n00:00:01,250 --> 00:00:02,500\n<i>Hello</i>\nworld\n\n2\n00:00:05,000 --> 00:00:04,000\n♪ la la ♪\n\n"
        "3\n00:00:03,000 --> 00:00:06,000\nbetween\n"
    )
    assert [(line.text, line.start, line.end) for line in lyrics.lines[:2]] == [
        ("Hello world", 1.25, 2.5),
        ("between", 3.0, 6.0),
    ]
    assert lyrics.lines[2].text == "la la"
    assert (lyrics.lines[2].end or 0) > 5.0
    assert lyrics.notes


def test_webvtt_and_ass_are_read_too():
    vtt = read_lyrics("WEBVTT\n\n00:01.000 --> 00:04.000\nHi <b>there</b>\n")
    assert [(line.text, line.start, line.end) for line in vtt.lines] == [("Hi there", 1.0, 4.0)]
    ass = read_lyrics(
        "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:01.50,0:00:03.00,Default,,0,0,0,,{\\b1}bold{\\b0} words\n"
    )
    assert [(line.text, line.start, line.end) for line in ass.lines] == [("bold words", 1.5, 3.0)]


# plain lines


def test_marks_are_understood_in_several_languages():
    lyrics = read_lyrics(
        "[Verse 1]\na\n\n(Chorus)\nb\n\nStrophe 2:\nc\n\nEstribillo:\nd\n\n**Bridge**\ne\n\nPRE-CHORUS\nf\n\n"
        "Couplet 3\ng\n\nRefrain: h\n\n[Chorus 2: Anna & Bob]\ni\n\n[Produced by X]\nj\n\n【サビ】\nk"
    )
    assert [(line.part, line.text) for line in lyrics.lines] == [
        ("verse 1", "a"),
        ("chorus", "b"),
        ("verse 2", "c"),
        ("chorus", "d"),
        ("bridge", "e"),
        ("pre-chorus", "f"),
        ("verse 3", "g"),
        ("chorus", "h"),
        ("chorus 2", "i"),
        ("", "j"),
        ("chorus", "k"),
    ]


def test_a_bare_mark_repeats_the_chorus_and_repeats_are_written_out():
    lyrics = read_lyrics("[Chorus]\nfly\nhigh (x2)\n\n[Verse]\nwalk\n\n[Chorus]\n\n[Chorus x2]\n\n[Verse]\nrun\n(2x)")
    assert texts(lyrics) == ["fly", "high", "high", "walk", *["fly", "high", "high"] * 3, "run", "run"]
    assert len({line.stanza for line in lyrics.lines if line.part == "chorus"}) == 4


def test_words_that_look_like_marks_are_sung():
    lyrics = read_lyrics(
        "Solo\nchorus of angels sing\n(oh yeah)\nhttp://example.com/?a=b\n12345\nBis\nverse after verse"
    )
    assert texts(lyrics) == [
        "Solo",
        "chorus of angels sing",
        "(oh yeah)",
        "http://example.com/?a=b",
        "12345",
        "Bis",
        "verse after verse",
    ]


def test_repeats_without_end_end():
    lyrics = read_lyrics("[Chorus]\nla\nlo\n" + "[Chorus x99]\n" * 1200)
    assert len(lyrics.lines) == LINES_MOST
    assert "left out" in lyrics.notes[-1]


# what people send instead


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "\ufeff\u200b\u202e", "[ti:A]\n[ar:B]", "[Chorus]\n[Verse]", "♪ ♪", "---"]
)
def test_nothing_to_sing_is_said(text: str):
    with pytest.raises(BadLyrics) as refusal:
        read_lyrics(text)
    assert refusal.value.hint


def test_bytes_are_no_lyrics():
    with pytest.raises(BadLyrics) as refusal:
        read_lyrics("\x00\x01\x02\ufffd\x7f" * 40)
    assert refusal.value.hint


def test_too_much_is_refused_with_a_hint():
    with pytest.raises(OverLimit) as refusal:
        read_lyrics("la " * 20_000)
    assert refusal.value.hint


@pytest.mark.parametrize("word", ["word ", "a", "我", "אב ", "🎉", "e\u0301", "words, and ", "👩\u200d👩\u200d👧"])
def test_a_line_without_end_becomes_lines_to_sing(word: str):
    text = word * (LYRICS_MOST // len(word))
    lyrics = read_lyrics(text)
    assert len(lyrics.lines) > 100
    assert max(len(line.text) for line in lyrics.lines) <= 90
    if len(lyrics.lines) < LINES_MOST:
        assert "".join("".join(texts(lyrics)).split()) in "".join(text.split()).replace("e\u0301", "é")


def test_direction_overrides_go_and_joiners_stay():
    lyrics = read_lyrics(
        "\ufeffשלום \u202eעולם\u202c\r\n👩\u200d👩\u200d👧 family\r\nنمی\u200cخواهم\r\nZ" + "\u0301" * 50
    )
    assert texts(lyrics)[:3] == ["שלום עולם", "👩\u200d👩\u200d👧 family", "نمی\u200cخواهم"]
    assert len(texts(lyrics)[3]) < 10


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("\ufeffpiñata".encode(), "piñata"),
        ("piñata".encode("utf-16"), "piñata"),
        (b"\xfe\xff" + "月亮".encode("utf-16-be"), "月亮"),
        ("plain words".encode("utf-16-le"), "plain words"),
        ("la tristeza es muy extraña".encode("cp1252"), "la tristeza es muy extraña"),
    ],
)
def test_bytes_become_text(data: bytes, text: str):
    assert decode_lyrics(data) == text


def test_letters_that_cannot_be_told_are_said():
    with pytest.raises(BadLyrics, match="cannot be told"):
        decode_lyrics("Я помню чудное мгновенье".encode("cp1251"))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("[]<>:.0123456789x()\n- >abc")), max_size=300))
def test_any_text_is_lyrics_or_a_sentence(text: str):
    try:
        lyrics = read_lyrics(text)
    except UserError:
        return
    assert lyrics.lines
    known = [line.start for line in lyrics.lines if line.start is not None]
    assert known == sorted(known)
    for line in lyrics.lines:
        assert line.text.strip()
        assert line.end is None or line.start is None or line.end > line.start
        assert all(word.end >= word.start for word in line.words)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_a_sentence(data: bytes):
    with contextlib.suppress(BadLyrics):
        assert isinstance(decode_lyrics(data), str)


# into the track

LINES = (
    Line("one two", 1.0, 2.0, (Word("one", 1.0, 1.5), Word("two", 1.5, 2.0))),
    Line("three", 8.5, 9.5, (Word("three", 8.5, 9.5),)),
)


def test_shifting_moves_lines_and_words():
    moved = shifted(LINES, 0.4, duration=10)
    assert [(line.start, line.end) for line in moved] == [(1.4, 2.4), (8.9, 9.9)]
    assert moved[0].words[1] == Word("two", 1.9, 2.4)
    assert shifted(moved, -0.4, duration=10) == LINES


def test_what_leaves_the_track_is_cut_off_or_dropped():
    assert [(line.start, line.end) for line in shifted(LINES, 1.0, duration=10)] == [(2.0, 3.0), (9.5, 10)]
    early = shifted(LINES, -1.5, duration=10)
    assert (early[0].start, early[0].end, early[0].words) == (0.0, 0.5, ())
    assert shifted(LINES, 60, duration=10) == ()


def test_lyrics_far_too_long_for_a_track_keep_what_can_be_read():
    lyrics = read_lyrics("\n".join(f"line number {number}" for number in range(500)))
    kept, notes = fit_lines(lyrics.lines, 35.0)
    assert len(kept) == 100
    assert "too long for this track" in notes[0]
    assert fit_lines(lyrics.lines[:8], 35.0) == (lyrics.lines[:8], ())


def test_lines_behind_the_end_are_left_out_and_said():
    lyrics = read_lyrics("[00:01.00]in\n[05:00.00]out")
    kept, notes = fit_lines(lyrics.lines, 60.0)
    assert [line.text for line in kept] == ["in"]
    assert "after the track's end" in notes[0]
