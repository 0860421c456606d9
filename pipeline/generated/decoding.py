"""The decode loop of MusicGen without the waste of a general one; the same tokens as transformers' own `generate`.

What is spared: keys and values have their place in memory from the start instead of being copied at every step; the
prompt's are computed once; the delay pattern is laid before the loop (pipeline/generated/delays.py); all rows share one
step. Guidance asks everything twice, with the prompt and without. Without it there is nothing to look at: the
states are zeros and so is what a layer gets from them, so those rows leave the prompt out altogether; and where all
rows start from the same music, they hear it without a prompt only once. A row that has all its frames leaves the batch.

On a GPU a step is captured once as a CUDA graph and replayed, so that Python costs nothing; where it cannot be captured
each step is run as it is. (Written against torch's documentation; it has not been run on a GPU yet.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn import functional

from pipeline.generated.decoder import Cross, Decoder
from pipeline.generated.delays import OPEN, delays, lay, straighten
from pipeline.generated.sampling import Sampling, draw, guide

Tensor = Any

TELL = 10  # steps between two reports: under a second on a processor, so that cancelling is felt at once
REACH = 256  # columns: a captured step always reads whole multiples of these


@dataclass(frozen=True)
class Condition:
    """What the prompts say to the decoder, one row for each."""

    states: Tensor  #: (rows, words, width), zeros where there is no word
    words: Tensor  #: (rows, words) bool
    #: of melody checkpoints, where the states stand before the music instead of beside it: what stands there without
    #: a prompt, (words, width)
    null: Tensor | None = None

    def of(self, rows: Sequence[int]) -> Condition:
        """Return the same for some of the rows."""
        return replace(self, states=self.states[list(rows)], words=self.words[list(rows)])


@dataclass
class _Run:
    """The batch while it is decoded: rows with their prompt first, then, with guidance, the same rows without."""

    told: int  # rows with their prompt
    columns: Tensor  # (told, codebooks, columns) int64, OPEN where still to be drawn
    chances: Tensor  # (columns, told, codebooks)
    cache: list[Tensor]  # of each layer: (2, all rows, heads, places, depth)
    answers: list[Tensor | None]  # of each layer: the prompt's keys and values, (2, told, heads, words, depth)
    deaf: Tensor | None  # (told, 1, 1, words): 0 where there is a word, else as low as can be
    places: Tensor  # (places, width)
    before: int  # places that a prompt takes before the music
    broken: Tensor  # (told,) bool: rows in which numbers came up that are none
    captured: tuple[int, Callable[[], None]] | None = None  # how far it reads, and what takes the next step


def decode(
    decoder: Decoder,
    condition: Condition,
    known: Tensor,
    frames: Sequence[int],
    chances: Sequence[Tensor],
    sampling: Sampling,
    tell: Callable[[int], None],
) -> tuple[list[Tensor], list[bool]]:
    """Return for each row the frames that come after the known ones, (codebooks, frames), and whether it is broken.

    `known` is (rows, codebooks, frames before); of row i `frames[i]` > 0 more are wanted; `chances[i]` holds numbers
    in 0..1, (at least frames + delay, codebooks): what a row draws depends on them, never on its neighbours. `tell` is
    given the frames that were made since the last time, over all rows; it may raise.
    """
    order = sorted(range(len(frames)), key=lambda row: -frames[row])  # so that those who leave first stand last
    counts = [frames[row] for row in order]
    known, before, last_delay = known[order], known.shape[-1], delays(decoder.codebooks, decoder.channels)[-1]
    made: list[Tensor] = [None] * len(order)
    broken = [False] * len(order)
    with torch.inference_mode():
        run = _start(decoder, condition.of(order), known, counts, [chances[row] for row in order], sampling)
        first = before
        while counts:
            until = before + counts[-1] + last_delay
            _advance(decoder, run, range(first, until), sampling, tell)
            first, staying = until, counts.index(counts[-1])
            for row in range(staying, len(counts)):
                straight = straighten(run.columns[row], before + counts[row], channels=decoder.channels)
                made[order[row]], broken[order[row]] = straight[:, before:].cpu(), bool(run.broken[row])
            counts = counts[:staying]
            _keep(run, staying)
    return made, broken


def _start(
    decoder: Decoder,
    condition: Condition,
    known: Tensor,
    counts: Sequence[int],
    chances: Sequence[Tensor],
    sampling: Sampling,
) -> _Run:
    """Lay the columns, make room for keys and values, and hear what is known."""
    rows, device = len(counts), decoder.device
    columns = lay(known, counts, channels=decoder.channels, empty=decoder.empty).to(device)
    before = 0 if condition.null is None else condition.states.shape[1]
    places = before + columns.shape[-1] - 1
    if captures(device):
        places = _whole(places)
    both = rows * (2 if sampling.guidance > 1 else 1)
    depth = decoder.width // decoder.attention_heads
    shape = (2, both, decoder.attention_heads, places, depth)
    run = _Run(
        told=rows,
        columns=columns,
        chances=_by_column(chances, known.shape[-1], columns.shape[-1]).to(device),
        cache=[torch.zeros(shape, dtype=decoder.dtype, device=device) for _ in decoder.layers],
        answers=[_answers(decoder, layer.cross, condition) for layer in decoder.layers],
        deaf=_deaf(condition, decoder) if condition.null is None else None,
        places=decoder.places(places),
        before=before,
        broken=torch.zeros(rows, dtype=torch.bool, device=device),
    )
    _hear(decoder, condition, run, known.shape[-1], guided=both > rows)
    return run


def captures(device: Any) -> bool:
    """Whether steps are captured once and replayed on such a device."""
    return bool(device.type == "cuda")


def _whole(places: int) -> int:
    return -(-places // REACH) * REACH


def _by_column(chances: Sequence[Tensor], known: int, columns: int) -> Tensor:
    """Return the chances by the column that they draw from: (columns, rows, codebooks)."""
    laid = torch.zeros(columns, len(chances), chances[0].shape[-1])
    for row, chance in enumerate(chances):
        count = min(len(chance), columns - known)
        laid[known : known + count, row] = chance[:count]
    return laid


def _answers(decoder: Decoder, cross: Cross | None, condition: Condition) -> Tensor | None:
    """Return a layer's keys and values of the prompts."""
    if cross is None:
        return None
    rows, words, _ = condition.states.shape
    answers = cross.answers(condition.states)
    return answers.view(rows, words, 2, decoder.attention_heads, -1).permute(2, 0, 3, 1, 4).contiguous()


def _deaf(condition: Condition, decoder: Decoder) -> Tensor:
    nothing = torch.zeros(condition.words.shape, dtype=decoder.dtype, device=decoder.device)
    return nothing.masked_fill(~condition.words, torch.finfo(decoder.dtype).min)[:, None, None, :]


def _hear(decoder: Decoder, condition: Condition, run: _Run, known: int, *, guided: bool) -> None:
    """Fill the cache with the prompt that stands before the music, where there is one, and with the known columns."""
    if run.before + known == 0:
        return
    heard = run.columns[..., :known]
    same = bool((heard == heard[:1]).all())  # then all rows without a prompt are one and the same
    music = _looks(decoder, heard)
    told = untold = music
    if condition.null is not None:
        null = condition.null[None].expand(run.told, -1, -1)
        told, untold = torch.cat([condition.states, music], dim=1), torch.cat([null, music], dim=1)
    rows = torch.cat([told, untold[:1] if same else untold]) if guided else told
    caches = run.cache
    run.cache = [cache[:, : len(rows)] for cache in caches]
    _pass(decoder, run, rows + run.places[: rows.shape[1]], at=None, reach=rows.shape[1], mask=None)
    if guided and same:
        for cache in caches:
            cache[:, run.told :] = cache[:, run.told : run.told + 1].clone()
    run.cache = caches


def _looks(decoder: Decoder, columns: Tensor) -> Tensor:
    """Return what the tokens of columns look like together: (rows, columns, width)."""
    shift = torch.arange(decoder.codebooks, device=columns.device) * (decoder.vocabulary + 1)
    return functional.embedding(columns.transpose(1, 2) + shift, decoder.tokens).sum(dim=2)


def _advance(decoder: Decoder, run: _Run, steps: range, sampling: Sampling, tell: Callable[[int], None]) -> None:
    """Draw the column after each of these."""
    advance = _replay if captures(decoder.device) else _repeat
    for start in range(steps.start, steps.stop, TELL):
        some = range(start, min(start + TELL, steps.stop))
        advance(decoder, run, some, sampling)
        tell(len(some) * run.told)


def _repeat(decoder: Decoder, run: _Run, steps: range, sampling: Sampling) -> None:
    """Take one step after the other, each reading just what has been heard."""
    for step in steps:
        _step(decoder, run, torch.tensor([step], device=decoder.device), step + run.before + 1, None, sampling)


def _replay(decoder: Decoder, run: _Run, steps: range, sampling: Sampling) -> None:
    """Take one step after the other, each a replay of one that was captured."""
    for step in steps:
        reach = _whole(step + run.before + 1)
        if run.captured is None or run.captured[0] != reach:
            run.captured = None  # what it has held is free before the next one is captured
            run.captured = reach, _capture(decoder, run, step, reach, sampling)
        else:
            run.captured[1]()
    torch.cuda.synchronize(decoder.device)


def _capture(decoder: Decoder, run: _Run, step: int, reach: int, sampling: Sampling) -> Callable[[], None]:
    """Take this step as it is, and return what takes the next one each time that it is called."""
    column = torch.tensor([step], device=decoder.device)
    ahead = torch.arange(reach, device=decoder.device)
    nothing = torch.zeros(1, 1, 1, reach, dtype=decoder.dtype, device=decoder.device)

    def take() -> None:
        unheard = nothing.masked_fill(ahead > column + run.before, torch.finfo(decoder.dtype).min)
        _step(decoder, run, column, reach, unheard, sampling)
        column.add_(1)

    current, side = torch.cuda.current_stream(decoder.device), torch.cuda.Stream(decoder.device)
    side.wait_stream(current)
    with torch.cuda.stream(side):
        take()  # libraries make their work space the first time, which cannot be captured
    current.wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            take()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:  # something in it cannot be captured on this machine
        return take
    replay: Callable[[], None] = graph.replay
    return replay


def _step(decoder: Decoder, run: _Run, column: Tensor, reach: int, mask: Tensor | None, sampling: Sampling) -> None:
    """Draw what is still open in the column after this one; `column` is a tensor (1,) so that a step can be captured.

    Attention reads the first `reach` places; a mask is added to what it finds there.
    """
    place = column + run.before
    rows = _looks(decoder, run.columns.index_select(2, column))
    if len(run.cache[0][0]) > run.told:
        rows = torch.cat([rows, rows])
    rows = _pass(decoder, run, rows + run.places.index_select(0, place), at=place, reach=reach, mask=mask)
    logits = decoder.heads(decoder.norm(rows[:, -1])).float().view(len(rows), decoder.codebooks, -1)
    if len(rows) > run.told:
        logits = guide(logits, sampling.guidance)
    drawn, broken = draw(logits, run.chances.index_select(0, column)[0], sampling)
    laid = run.columns.index_select(2, column + 1)
    run.columns.index_copy_(2, column + 1, torch.where(laid == OPEN, drawn.unsqueeze(-1), laid))
    run.broken |= broken


def _pass(decoder: Decoder, run: _Run, rows: Tensor, *, at: Tensor | None, reach: int, mask: Tensor | None) -> Tensor:
    """Send rows (all rows, columns, width) through the layers; their keys and values go to `at`, None: to the start."""
    heads, told = decoder.attention_heads, run.told
    split = (*rows.shape[:2], 3, heads, decoder.width // heads)
    for layer, cache, answers in zip(decoder.layers, run.cache, run.answers, strict=True):
        asked, *kept = layer.qkv(layer.norm(rows)).view(split).permute(2, 0, 3, 1, 4)
        for own, new in zip(cache, kept, strict=True):
            if at is None:
                own[:, :, :reach] = new
            else:
                own.index_copy_(2, at, new)
        keys, values = cache[:, :, :, :reach]
        rows = rows + layer.out(_attend(asked, keys, values, mask, causal=at is None))
        if layer.cross is not None and answers is not None:
            seen = rows[:told]
            asked = layer.cross.ask(layer.cross.norm(seen)).view(*seen.shape[:2], heads, -1).transpose(1, 2)
            seen += layer.cross.out(_attend(asked, answers[0], answers[1], run.deaf, causal=False))
        rows = rows + layer.narrow(layer.widen(layer.widen_norm(rows)))
    return rows


def _attend(asked: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, *, causal: bool) -> Tensor:
    """Return what was looked up, (rows, columns, width); the scale is in the weights that asked."""
    rows, heads, columns, depth = asked.shape
    if columns == 1 and asked.device.type == "cpu":
        # keys first, and a question that lies in one piece: 207 ms a step of eight cues after 10 s, where the fused
        # attention takes 242, the question first 235, and a question as it was cut out of the product 302
        scores = torch.matmul(keys, asked.contiguous().transpose(2, 3)).transpose(2, 3)
        found = torch.matmul((scores if mask is None else scores + mask).softmax(dim=-1), values)
    else:
        causal = causal and columns > 1
        found = functional.scaled_dot_product_attention(asked, keys, values, mask, is_causal=causal, scale=1.0)
    return found.transpose(1, 2).reshape(rows, columns, heads * depth)


def _keep(run: _Run, rows: int) -> None:
    """Let all rows but the first ones go; memory for a second copy is needed one layer at a time."""
    both = run.cache[0].shape[1] > run.told
    kept = [*range(rows), *range(run.told, run.told + rows)] if both else list(range(rows))
    for number in range(len(run.cache)):
        run.cache[number] = run.cache[number][:, kept]
    run.answers = [None if answers is None else answers[:, :rows] for answers in run.answers]
    run.deaf = None if run.deaf is None else run.deaf[:rows]
    run.columns, run.chances, run.broken = run.columns[:rows], run.chances[:, :rows], run.broken[:rows]
    run.told, run.captured = rows, None
