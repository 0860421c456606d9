"""The embedded composer: writes for a SoundFont orchestra, on any laptop, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.backends import Report, Session, Vendors
from pipeline.cuesheet import CueSheet
from pipeline.music import Audio, Recording, Take
from pipeline.orchestra.arrange import Arrangement, arrange, players_named
from pipeline.orchestra.midi import write_midi

RING_S = 3.0  # seconds that strings and cymbals may ring on past their cue


class Orchestra:
    """Composes, then has every part played dry; the mix gives the room."""

    name = "orchestra"
    licence = "The music is yours: written and played by Reelscore's own orchestra, free for any use."
    commercial = True

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        """Record every cue of the sheet; the same sheet gives the same samples."""
        from pipeline.orchestra import synth

        arrangements = arrange(sheet)
        total = sum(len(arrangement.parts) for arrangement in arrangements)
        done = 0
        takes: list[Take] = []
        for arrangement in arrangements:
            takes.append(_record(arrangement, sheet.duration, session.report, done, total))
            done += len(arrangement.parts)
        session.report("music", total, total)
        midi = write_midi(sheet, arrangements)
        return Recording(
            self.name, self.licence, tuple(takes), midi, _notes(arrangements), engine=synth.engine_in_use()
        )


def _record(arrangement: Arrangement, duration: float, report: Report, done: int, total: int) -> Take:
    from pipeline.orchestra import synth

    plan, parts = arrangement.plan, arrangement.parts
    times = [note.time for part in parts for note in part.notes]
    start = min([plan.cue.start, *times])
    end = min(duration, plan.cue.end + RING_S)
    stems: dict[str, Audio] = {}
    for number, part in enumerate(parts):
        report("music", done + number, total)
        audio = synth.play(part, start=start, end=end)
        stems[part.stem] = stems[part.stem] + audio if part.stem in stems else audio
    return Take(plan.cue.number, plan.seed, start, stems, players_named(parts))


def _notes(arrangements: Sequence[Arrangement]) -> tuple[str, ...]:
    """Say which exclusions were not understood, and which cues were left without players."""
    unknown = dict.fromkeys(word for arrangement in arrangements for word in arrangement.plan.out.unknown)
    silent = [a.plan.cue.number for a in arrangements if not a.parts]
    notes = [f"Nobody in the orchestra answers to {word!r}, so nothing was left out for it." for word in unknown]
    if silent:
        notes.append(f"Everything was excluded in {', '.join(silent)}: it is silent.")
    return tuple(notes)


def load(variant: str = "", vendors: Vendors | None = None) -> Orchestra:
    """Return the composer; it has no variants and needs no vendor."""
    del variant, vendors
    return Orchestra()
