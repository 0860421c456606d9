"""The spotting session: where music starts and ends, what it feels, and which moments it must catch."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipeline.cuesheet import EMOTIONS, SLACK_S, Brief, Cue, CueSheet, Emotion, HitPoint, Scene, Style
from pipeline.errors import BadSheet
from pipeline.keys import read_key
from pipeline.spotting.keyplan import pick_mode, plan_keys
from pipeline.spotting.tempomap import Stretch, lay_bars
from pipeline.spotting.wishes import MOOD_WORDS, Wish, understand

#: what a partition of the scenes into cues costs, in seconds times squared distance on the (valence, arousal) plane:
NEW_CUE = 0.6  # a change of music; moods 0.8 apart for 4 s each are worth it
FULL_CUE_S = 7.0  # under this a motif cannot be stated and answered ...
SHORT_CUE = 2.0  # ... and a cue of no length costs this; 4 s cost a fifth of it
SHORTEST_CUE_S = 3.0  # under this there is a sting, not a cue; such scenes share one whatever it costs
LONG_CUE_S = 40.0  # a listener wants something new
CLOSED_CHAPTER = 1.0  # what a fade through black takes off the cost of a new cue
HEAVY = 0.86  # weight from which the composer takes a breath before the hit
HEAVY_EVERY_S = 15.0  # at most one such hit in this time, or none of them is special
SAME_HIT_S = 0.02  # hits of an edited sheet that are nearer than half a frame are one
CLOSE_JOLT_S = 0.9  # a jolt this near to a cut is part of the cut

#: beats per minute that a style can carry without becoming another one
STYLE_TEMPO: dict[Style, tuple[float, float]] = {
    "cinematic": (60, 126), "ambient": (56, 80), "electronic": (100, 130), "folk": (84, 122),
    "lofi": (70, 90), "playful": (102, 142), "tense": (72, 132), "epic": (88, 140),
}  # fmt: skip

#: where the seven emotions sit on Russell's circumplex: (valence, arousal); disgust is told by its table, not its place
EMOTION_PLACE: dict[Emotion, tuple[float, float]] = {
    "happiness": (0.7, 0.5), "sadness": (-0.6, -0.5), "disgust": (-0.6, 0.2), "anger": (-0.6, 0.8),
    "fear": (-0.7, 0.5), "surprise": (0.2, 0.8), "neutrality": (0.0, -0.2),
}  # fmt: skip

#: moods that a plan may be named after; a subset of the client's own words, one for each region
_MOOD_NAMES = (
    "joyful", "cheerful", "uplifting", "excited", "energetic", "triumphant", "hopeful", "tender", "warm", "calm",
    "serene",
    "dreamy", "nostalgic", "wistful", "melancholic", "lonely", "mournful", "dark", "mysterious", "tense", "ominous",
    "anxious",
    "angry", "aggressive", "dramatic", "intense", "powerful", "adventurous", "confident", "cool", "neutral",
)  # fmt: skip


@dataclass(frozen=True)
class _Group:
    """Scenes that share a cue, and how they feel together."""

    scenes: tuple[Scene, ...]
    valence: float
    arousal: float

    @property
    def length(self) -> float:
        return self.scenes[-1].end - self.scenes[0].start


def spot(scenes: Sequence[Scene], brief: Brief, *, duration: float, frame_rate: float) -> CueSheet:
    """Make the cue sheet: cues that tile the clip, each with mood, style, tempo, key, bars and hit points.

    Raises Refused for a key that is none. The directions in words are a writer's work and still empty.
    """
    wish = understand(brief)
    home = read_key(wish.brief.key) if wish.brief.key else None
    rng = random.Random(f"spotting {brief.seed}")
    groups = [_feel(group, wish, scenes) for group in share_cues(scenes)]
    style = wish.brief.style or pick_style(scenes, *_mean([(g.valence, g.arousal, g.length) for g in groups]))
    modes = [pick_mode(group.valence, group.arousal, style, rng) for group in groups]
    keys = plan_keys(modes, [group.valence for group in groups], home=home, rng=rng)
    hits = weigh_hits(scenes)
    tempi = _tempi(groups, style, wish)
    cues = [
        _cue(number, group, wish, style, key=str(key), tempo=tempo, hits=hits)
        for number, (group, key, tempo) in enumerate(zip(groups, keys, tempi, strict=True), 1)
    ]
    sheet_cues = tuple(with_bars(cues, steady=wish.steady))
    return CueSheet(
        duration=duration,
        frame_rate=frame_rate,
        seed=brief.seed,
        scenes=tuple(scenes),
        cues=sheet_cues,
        brief=brief,
    )


def with_bars(cues: Sequence[Cue], *, steady: bool = False) -> list[Cue]:
    """Lay the click track anew: bars that fit each cue's tempo, start, end and hit points."""
    stretches = [
        Stretch(cue.start, cue.end, cue.tempo, tuple(h for h in cue.hits if h.kind != "jolt" and h.time > cue.start))
        for cue in cues
    ]
    laid = []
    for cue, bars in zip(cues, lay_bars(stretches, steady=steady), strict=True):
        beats = sum(bar.beats for bar in bars)
        laid.append(replace(cue, bars=bars, tempo=round(min(240.0, max(30.0, 60 * beats / cue.length)), 2)))
    return laid


def share_cues(scenes: Sequence[Scene]) -> list[tuple[Scene, ...]]:
    """Group neighbouring scenes into cues: alike moods together, no cue too short to say something.

    The cheapest partition, found by dynamic programming over the scene borders.
    """
    unlike = _unlikeness(scenes)
    best = [0.0] + [math.inf] * len(scenes)
    cut_at = [0] * (len(scenes) + 1)
    for end in range(1, len(scenes) + 1):
        for start in range(end - 1, -1, -1):
            cost = best[start] + unlike(start, end) + _cost_of_shape(scenes, start, end)
            if cost < best[end]:
                best[end], cut_at[end] = cost, start
            if scenes[end - 1].end - scenes[start].start > 3 * LONG_CUE_S:
                break
    groups: list[tuple[Scene, ...]] = []
    end = len(scenes)
    while end:
        groups.append(tuple(scenes[cut_at[end] : end]))
        end = cut_at[end]
    return groups[::-1]


def _unlikeness(scenes: Sequence[Scene]) -> Callable[[int, int], float]:
    """Return how badly one mood serves scenes [start, end): seconds times squared distance from their mean."""
    moods = np.array([(s.valence, s.arousal) for s in scenes])
    lengths = np.array([s.length for s in scenes])
    sums = np.zeros((len(scenes) + 1, 4))  # of length, of both coordinates weighted by it, and of their squares
    sums[1:, 0] = np.cumsum(lengths)
    sums[1:, 1:3] = np.cumsum(moods * lengths[:, None], axis=0)
    sums[1:, 3] = np.cumsum((moods**2).sum(axis=1) * lengths)

    def unlike(start: int, end: int) -> float:
        length, valence, arousal, squares = (sums[end] - sums[start]).tolist()
        return float(max(0.0, squares - (valence**2 + arousal**2) / length))

    return unlike


def _cost_of_shape(scenes: Sequence[Scene], start: int, end: int) -> float:
    """What it costs to give scenes [start, end) a cue of their own, for its length and for where it begins."""
    first = scenes[start]
    length = scenes[end - 1].end - first.start
    cost = SHORT_CUE * max(0.0, 1 - length / FULL_CUE_S) ** 2
    if end - start > 1:
        cost += max(0.0, length / LONG_CUE_S - 1)
    if length < SHORTEST_CUE_S and end - start < len(scenes):
        cost += 1000.0
    if start:
        cost += NEW_CUE - (CLOSED_CHAPTER if first.entry == "fade" else 0.0) - 0.3 * first.strength
    return cost


def _mean(moods: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Mean (valence, arousal) of (valence, arousal, weight)."""
    total = sum(weight for _, _, weight in moods) or 1.0
    return sum(v * w for v, _, w in moods) / total, sum(a * w for _, a, w in moods) / total


def _feel(group: tuple[Scene, ...], wish: Wish, scenes: Sequence[Scene]) -> _Group:
    """The group's mood: the picture's, moved to where the client wants the film, a little louder when asked for."""
    valence, arousal = _mean([(s.valence, s.arousal, s.length) for s in group])
    if wish.mood is not None:
        film = _mean([(s.valence, s.arousal, s.length) for s in scenes])
        valence = wish.mood[0] + 0.4 * (valence - film[0])
        arousal = wish.mood[1] + 0.4 * (arousal - film[1])
    arousal += 0.6 * (wish.brief.intensity - 0.5)
    return _Group(group, _signed(valence), _signed(arousal))


def _signed(value: float) -> float:
    return round(min(1.0, max(-1.0, value)), 3)


def pick_style(scenes: Sequence[Scene], valence: float, arousal: float) -> Style:
    """The style for a whole film, from how it looks and feels; a client's own choice goes before this."""
    length = sum(scene.length for scene in scenes) or 1.0
    motion = sum(s.look.motion * s.length for s in scenes) / length
    light = sum(s.look.light * s.length for s in scenes) / length
    saturation = sum(s.look.saturation * s.length for s in scenes) / length
    warmth = sum(s.look.warmth * s.length for s in scenes) / length
    if valence < -0.3 and arousal > 0.1:
        return "epic" if arousal > 0.55 and motion > 0.5 else "tense"
    if arousal > 0.4:
        if valence > 0.4 and saturation > 0.45 and light > 0.4:
            return "playful"
        if valence > 0.1:
            return "electronic"
        return "epic" if valence < -0.1 or arousal > 0.6 else "cinematic"
    if arousal < -0.25:
        if light < 0.35 and warmth > 0.05:
            return "lofi"
        return "ambient" if motion < 0.25 else "cinematic"
    if valence > 0.2:
        return "folk" if warmth > -0.05 else "electronic" if arousal > 0.2 else "cinematic"
    return "cinematic"


def _tempi(groups: Sequence[_Group], style: Style, wish: Wish) -> list[float]:
    """Beats per minute for each cue: halfway between its own mood's and the film's, inside what the style carries."""
    if wish.brief.tempo is not None:
        return [wish.brief.tempo] * len(groups)
    film = _mean([(g.valence, g.arousal, g.length) for g in groups])
    low, high = STYLE_TEMPO[style]
    mean = _law(*film)
    return [min(high, max(low, math.sqrt(mean * _law(g.valence, g.arousal)))) for g in groups]


def _law(valence: float, arousal: float) -> float:
    """Beats per minute of a mood, 56-150: arousal weighs four times valence (Eerola 2013 ranks tempo so)."""
    return min(150.0, max(56.0, 92 + 34 * arousal + 8 * valence))


def weigh_hits(scenes: Sequence[Scene]) -> list[HitPoint]:
    """Every cut, weighed by how it strikes the eye and turns the mood, and the jolts between them; in order of time."""
    cuts: list[HitPoint] = []
    for before, scene in pairwise(scenes):
        turn = math.dist((before.valence, before.arousal), (scene.valence, scene.arousal))
        weight = 0.25 + 0.5 * scene.strength + 0.25 * min(1.0, turn)
        weight *= 0.75 if min(before.length, scene.length) < 1.0 else 1.0  # in a flurry of cuts none is a landmark
        kind = scene.entry if scene.entry != "start" else "cut"
        cuts.append(HitPoint(scene.start, round(min(1.0, weight), 3), kind))
    cuts = _few_landmarks(cuts)
    jolts = [
        HitPoint(jolt.time, round(0.6 * jolt.weight, 3), "jolt")
        for scene in scenes
        for jolt in scene.jolts
        if all(abs(jolt.time - cut.time) >= CLOSE_JOLT_S for cut in cuts)
    ]
    return sorted([*cuts, *jolts], key=lambda hit: hit.time)


def _few_landmarks(cuts: list[HitPoint]) -> list[HitPoint]:
    """Lower the weight of all heavy hits but the heaviest within each stretch of time."""
    kept: list[float] = []
    weights = {cut.time: cut.weight for cut in cuts}
    for cut in sorted(cuts, key=lambda hit: -hit.weight):
        if cut.weight < HEAVY:
            continue
        if all(abs(cut.time - at) >= HEAVY_EVERY_S for at in kept):
            kept.append(cut.time)
        else:
            weights[cut.time] = HEAVY - 0.01
    return [replace(cut, weight=weights[cut.time]) for cut in cuts]


def _cue(
    number: int, group: _Group, wish: Wish, style: Style, *, key: str, tempo: float, hits: Sequence[HitPoint]
) -> Cue:
    start, end = group.scenes[0].start, group.scenes[-1].end
    return Cue(
        number=f"1m{number}",
        start=start,
        end=end,
        scenes=tuple(scene.index for scene in group.scenes),
        seen=_seen(group.scenes),
        style=style,
        emotion=_emotion(group, wish),
        mood=name_mood(group.valence, group.arousal),
        valence=group.valence,
        arousal=group.arousal,
        intensity=round(min(1.0, max(0.0, wish.brief.intensity + 0.2 * group.arousal)), 3),
        tempo=tempo,
        key=key,
        bars=(),
        hits=tuple(hit for hit in hits if start <= hit.time < end),
        exclude=wish.brief.exclude,
    )


def _emotion(group: _Group, wish: Wish) -> Emotion:
    """The emotion that rules the group's time, or the one nearest to the mood that the client asked for."""
    if wish.mood is not None:
        place = (group.valence, group.arousal)
        return min(EMOTIONS, key=lambda emotion: math.dist(place, EMOTION_PLACE[emotion]))
    seconds: Counter[Emotion] = Counter()
    for scene in group.scenes:
        seconds[scene.emotion] += scene.length  # type: ignore[assignment]
    return seconds.most_common(1)[0][0]


def name_mood(valence: float, arousal: float) -> str:
    """The mood word nearest to a place on the (valence, arousal) plane."""
    return min(_MOOD_NAMES, key=lambda word: math.dist((valence, arousal), MOOD_WORDS[word]))


def _seen(scenes: Sequence[Scene]) -> str:
    """What the cue's picture shows: its longest scene, and the next different one."""
    longest = sorted(scenes, key=lambda scene: -scene.length)
    captions = list(dict.fromkeys(scene.caption for scene in longest if scene.caption))[:2]
    return "; then ".join(captions)


def reread(text: str | bytes) -> CueSheet:
    """Read a cue sheet that a person may have edited and lay what their edit has moved; raises BadSheet.

    Hit points go to the cue that they now fall into; a new mood in words moves valence and arousal. The click track is
    laid anew when a cue's tempo, start, end or hits no longer fit its bars, and stays as it is otherwise, so that an
    untouched sheet plays the same again.
    """
    try:
        raw = json.loads(text)
        cues = [dict(cue) for cue in raw["cues"]]
        hits = sorted((hit for cue in cues for hit in cue.pop("hits", [])), key=lambda hit: float(hit["time"]))
        hits = [hit for i, hit in enumerate(hits) if not i or hit["time"] - hits[i - 1]["time"] >= SAME_HIT_S]
        for cue in cues:
            cue["hits"] = [hit for hit in hits if cue["start"] <= hit["time"] < cue["end"]]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as exc:
        raise BadSheet(
            "This is not a cue sheet: it is not JSON with a list of cues.",
            hint="Give the cues.json that a job has left beside its film.",
        ) from exc
    bars = {str(cue.get("number")): cue.pop("bars", ()) for cue in cues}
    bare = _remooded(CueSheet.from_json(json.dumps({**raw, "cues": [{**cue, "bars": []} for cue in cues]})))
    if all(_fits(cue, bars.get(cue.number, ())) for cue in bare.cues):
        kept = json.dumps({**raw, "cues": [{**cue, "bars": bars[str(cue["number"])]} for cue in cues]})
        return _remooded(CueSheet.from_json(kept))
    moved = [
        replace(
            cue,
            scenes=tuple(s.index for s in bare.scenes if s.start < cue.end - SLACK_S and s.end > cue.start + SLACK_S),
        )
        for cue in bare.cues
    ]
    return bare.with_cues(tuple(with_bars(moved)))


def relaid(sheet: CueSheet, directed: CueSheet) -> CueSheet:
    """Return the directed sheet with the click track laid anew where a writer has moved a tempo of `sheet`."""
    if [cue.tempo for cue in sheet.cues] == [cue.tempo for cue in directed.cues]:
        return directed
    return directed.with_cues(tuple(with_bars(directed.cues, steady=understand(sheet.brief).steady)))


def _remooded(sheet: CueSheet) -> CueSheet:
    """Let valence and arousal follow the mood's word where only that was changed; raises Refused for an unknown key."""
    wish = understand(sheet.brief)
    cues = []
    for cue in sheet.cues:
        read_key(cue.key)
        felt = _feel(tuple(sheet.scenes[i] for i in cue.scenes if 0 <= i < len(sheet.scenes)), wish, sheet.scenes)
        untouched = (cue.valence, cue.arousal) == (felt.valence, felt.arousal)
        asked = MOOD_WORDS.get(cue.mood.strip().lower())
        if asked and untouched and cue.mood != name_mood(cue.valence, cue.arousal):
            cue = replace(cue, valence=asked[0], arousal=asked[1])
        cues.append(cue)
    return sheet.with_cues(tuple(cues))


def _fits(cue: Cue, bars: Sequence[dict[str, float]]) -> bool:
    """Whether bars as they stand in the JSON still tile the cue at its tempo, with its cuts where they were."""
    try:
        ends = [bar["start"] + bar["beats"] * 60 / bar["bpm"] for bar in bars]
        starts = [*(bar["start"] for bar in bars[1:]), cue.end]
        beats = sum(bar["beats"] for bar in bars)
        tiled = abs(bars[0]["start"] - cue.start) < SLACK_S
    except (KeyError, IndexError, TypeError, ZeroDivisionError, OverflowError):
        return False
    tiled = tiled and all(abs(end - start) < SLACK_S for end, start in zip(ends, starts, strict=True))
    return tiled and abs(60 * beats / cue.length - cue.tempo) < 0.02
