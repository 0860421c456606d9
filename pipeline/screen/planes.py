"""Pictures as planes of brightness and colour (BT.709, limited range, 4:2:0), and how sheets are laid over each other.

A sheet is read once for each shot; a frame of the film is then one affine warp for each sheet, laid from back to front.
OpenCV warps four interleaved bytes in the time of one, so that what moves together lies together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadMedia
from pipeline.pictures import Painting

Bytes = NDArray[np.uint8]

BLACK, WHITE, GREY = 16, 235, 128  # of limited range; grey is colour without colour

#: brightness and the two colour differences of 8-bit blue, green, red and the alpha that they were multiplied with
#: (ITU-R BT.709-6, sections 3 and 4); without an alpha the last column is a constant of 255
_LUMA = np.array([0.0722, 0.7152, 0.2126])
_BLUE, _RED = np.array([1.0, 0, 0]) - _LUMA, np.array([0, 0, 1.0]) - _LUMA
TO_YUV = np.vstack(
    [
        np.append(_LUMA * 219, BLACK) / 255,
        np.append(_BLUE / 1.8556 * 224, GREY) / 255,
        np.append(_RED / 1.5748 * 224, GREY) / 255,
    ]
)

SHEETS_MOST = 4  # of a picture: each costs a quarter of the encoder's own work; neighbours in depth become one
DRIFTING_FOR_ONE = 2  # sheets that drift cost as much as one that stands: they are drawn at half the size
SHARP = 1.15  # pixels of a sheet for each of the film's, where it has to be made larger: room for the moves
SHARP_MOST = 1.3  # beyond it a sheet is made smaller: a warp that leaves pixels out flickers
MARGIN = 2  # pixels of nothing round what a sheet shows, so that its edges stay soft
SEEN = 2  # of 255: alpha below it is not looked at


STILL = (0.0, 0.0)
SNAP = 64  # to the pixel: what has drifted a whole round lies where it lay, whatever floats say


class Frame:
    """One picture of the film in planar 4:2:0, as it goes to the encoder; both sides are even."""

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        self.size = size
        self.bytes: Bytes = np.empty(width * height * 3 // 2, np.uint8)
        luma, u, v = np.split(self.bytes, [width * height, width * height * 5 // 4])
        self.luma = luma.reshape(height, width)
        self.u = u.reshape(height // 2, width // 2)
        self.v = v.reshape(height // 2, width // 2)

    @property
    def planes(self) -> tuple[Bytes, Bytes, Bytes]:
        return self.luma, self.u, self.v

    def take(self, other: Frame) -> None:
        np.copyto(self.bytes, other.bytes)


@dataclass(frozen=True)
class Sheet:
    """One layer of a picture, cropped to what it shows; its colours are multiplied with its alpha."""

    depth: float  #: 0 infinitely far, 1 right before the camera
    size: tuple[int, int]  #: of the whole sheet
    at: tuple[int, int]  #: where in it the crop begins; even
    solid: int  #: the row of the whole sheet from which on nothing shines through
    luma: Bytes = field(repr=False)  #: (h, w)
    chroma: tuple[Bytes, Bytes] = field(repr=False)  #: u and v, (h/2, w/2)
    #: what shines through (255 - alpha) in either size; None where the sheet covers all
    through: tuple[Bytes, Bytes] | None = field(default=None, repr=False)
    #: its own widths and heights a second, right and down; what drifts is soft, and has its luma at half the size too
    drift: tuple[float, float] = STILL

    @property
    def nbytes(self) -> int:
        return sum(plane.nbytes for plane in (self.luma, *self.chroma, *(self.through or ())))


@dataclass(frozen=True)
class Slide:
    """A sheet with its planes interleaved, as it is projected."""

    sheet: Sheet
    luma: Bytes = field(repr=False)  #: (h, w); with what shines through (h, w, 4): brightness, that, that, that
    chroma: Bytes = field(repr=False)  #: (h/2, w/2, 4): u, v, what shines through, the same

    @property
    def covers(self) -> bool:
        return self.sheet.through is None


@dataclass(frozen=True)
class Window:
    """What is seen of a sheet: pixel (x, y) of the film shows its pixel (left + step * x, top + step * y)."""

    step: float
    left: float
    top: float


def read_sheets(painting: Painting, size: tuple[int, int]) -> tuple[Sheet, ...]:
    """Read a painting's layers for a film of that size, from back to front; raises BadMedia for what is no picture."""
    layers = [_Paint(layer.depth, layer.drift, _to_scale(_read(layer.file), size)) for layer in painting.layers]
    first = _Paint(layers[0].depth, STILL, _opaque(layers[0].image))
    return tuple(_sheet(paint) for paint in _merged([first, *layers[1:]]))


def mount(sheet: Sheet) -> Slide:
    """Make a sheet ready for the projector, which takes a hundredth of the time of reading it."""
    if sheet.drift != STILL:
        return _endless(sheet)
    if sheet.through is None:
        return Slide(sheet, sheet.luma, _bytes(cv2.merge([*sheet.chroma, *sheet.chroma])))
    large, small = sheet.through
    luma = cv2.merge([sheet.luma, large, large, large])
    return Slide(sheet, _bytes(luma), _bytes(cv2.merge([*sheet.chroma, small, small])))


def _endless(sheet: Sheet) -> Slide:
    """Mount a sheet twice in each direction, so that wherever it has drifted, what is seen of it lies together."""
    assert sheet.through is not None
    planes = cv2.merge([sheet.luma, *sheet.chroma, sheet.through[1]])
    height, width = sheet.luma.shape
    planes = cv2.copyMakeBorder(planes, 0, height, 0, width, cv2.BORDER_WRAP)
    return Slide(sheet, sheet.luma, _bytes(planes))


def drifted(window: Window, sheet: Sheet, seconds: float) -> Window:
    """Return what is seen of a sheet that has drifted for so long; of one that stands, the same."""
    if sheet.drift == STILL:
        return window
    across, down = (
        round(share * seconds % 1 * side * SNAP) / SNAP for share, side in zip(sheet.drift, sheet.size, strict=True)
    )
    return Window(window.step, window.left - across, window.top - down)


class Projector:
    """Lays sheets on a frame. Its scratch memory is used again for every frame: one projector, one thread."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._luma, self._chroma, self._thin = (np.empty(size[0] * size[1] * n, np.uint8) for n in (4, 1, 2))

    def show(self, slides: Sequence[Slide], windows: Sequence[Window], frame: Frame) -> None:
        """Fill the frame; the first slide must cover it. What is hidden behind a solid part is left out."""
        until = self._size[1]
        rows = []
        for slide, window in zip(reversed(slides), reversed(windows), strict=True):
            rows.append(until)
            until = min(until, _solid_from(slide.sheet, window))
        for slide, window, last in zip(slides, windows, reversed(rows), strict=True):
            if slide.covers:
                self._cover(slide, window, frame, last)
            elif slide.sheet.drift != STILL:
                self._waft(slide, window, frame, last)
            else:
                self._lay(slide, window, frame, last)

    def _cover(self, slide: Slide, window: Window, frame: Frame, last: int) -> None:
        width, at = self._size[0], slide.sheet.at
        if not last:
            return
        _warp(slide.luma, _affine(window, (0, 0), at), frame.luma[:last], cv2.BORDER_REPLICATE)
        chroma = self._chroma[: last // 2 * width // 2 * 4].reshape(last // 2, width // 2, 4)
        _warp(slide.chroma, _chroma_affine(window, (0, 0), at), chroma, cv2.BORDER_REPLICATE)
        cv2.extractChannel(chroma, 0, frame.u[: last // 2])
        cv2.extractChannel(chroma, 1, frame.v[: last // 2])

    def _lay(self, slide: Slide, window: Window, frame: Frame, last: int) -> None:
        x0, y0, x1, y1 = _place(slide.sheet, window, (self._size[0], last))
        if x0 >= x1 or y0 >= y1:
            return
        at = slide.sheet.at
        luma = self._luma[: (y1 - y0) * (x1 - x0) * 4].reshape(y1 - y0, x1 - x0, 4)
        _warp(slide.luma, _affine(window, (x0, y0), at), luma, cv2.BORDER_CONSTANT, (0, 255, 255, 255))
        self._blend(frame.luma[y0:y1, x0:x1], luma, 0, 1)
        x0, y0, x1, y1 = x0 // 2, y0 // 2, x1 // 2, y1 // 2
        chroma = self._chroma[: (y1 - y0) * (x1 - x0) * 4].reshape(y1 - y0, x1 - x0, 4)
        _warp(slide.chroma, _chroma_affine(window, (x0, y0), at), chroma, cv2.BORDER_CONSTANT, (0, 0, 255, 255))
        self._blend(frame.u[y0:y1, x0:x1], chroma, 0, 2)
        self._blend(frame.v[y0:y1, x0:x1], chroma, 1, 2)

    def _waft(self, slide: Slide, window: Window, frame: Frame, last: int) -> None:
        """Lay a sheet that is endless in both directions, from planes of half the size."""
        width, rows = self._size[0], last // 2
        if not rows:
            return
        step, half = window.step, (slide.sheet.size[0] / 2, slide.sheet.size[1] / 2)
        left, top = ((edge + (step - 1) / 2) / 2 for edge in (window.left, window.top))
        matrix = np.array([[step, 0, left % half[0]], [0, step, top % half[1]]])
        over = self._chroma[: rows * width // 2 * 4].reshape(rows, width // 2, 4)
        _warp(slide.chroma, matrix, over, cv2.BORDER_REPLICATE)
        self._blend(frame.u[:rows], over, 1, 3)
        self._blend(frame.v[:rows], over, 2, 3)
        small = self._thin[: 2 * rows * width // 2].reshape(2, rows, width // 2)
        large = self._luma[: 2 * last * width].reshape(2, last, width)
        for channel, plane, drawn in zip((0, 3), small, large, strict=True):
            cv2.extractChannel(over, channel, plane)
            cv2.resize(plane, (width, last), drawn, interpolation=cv2.INTER_LINEAR)
        cv2.multiply(frame.luma[:last], large[1], frame.luma[:last], 1 / 255)
        cv2.add(frame.luma[:last], large[0], frame.luma[:last])

    def _blend(self, under: Bytes, over: Bytes, colour: int, through: int) -> None:
        """Lay one plane of what was warped over the frame's, in place."""
        thin = self._thin[: 2 * under.size].reshape(2, *under.shape)
        cv2.extractChannel(over, through, thin[0])
        cv2.extractChannel(over, colour, thin[1])
        cv2.multiply(under, thin[0], under, 1 / 255)
        cv2.add(under, thin[1], under)


def enlarge(frame: Frame, to: Frame, zoom: float) -> None:
    """Draw the middle of a frame, larger by `zoom`, on another."""
    for plane, drawn in zip(frame.planes, to.planes, strict=True):
        window = _middle(drawn, 1 / zoom)
        _warp(plane, _affine(window, (0, 0), (0, 0)), drawn, cv2.BORDER_REPLICATE)


def dim(frame: Frame, level: float, towards: int = BLACK) -> None:
    """Bring the frame nearer to a grey: 1 leaves it, 0 is all of that grey."""
    for plane, grey in zip(frame.planes, (towards, GREY, GREY), strict=True):
        cv2.convertScaleAbs(plane, plane, level, grey * (1 - level))


def brighten(frame: Frame, gain: float) -> None:
    """Multiply the light by 1 + `gain`; white stays white."""
    cv2.convertScaleAbs(frame.luma, frame.luma, 1 + gain, -BLACK * gain)
    np.minimum(frame.luma, WHITE, out=frame.luma)


def _read(file: Path) -> Bytes:
    """Return a PNG of ours as blue, green, red and perhaps alpha, which the colours are multiplied with."""
    image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.dtype != np.uint8:
        raise BadMedia("A picture of the film cannot be read.", hint="Draw it again.")
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.shape[2] == 4:
        alpha = image[:, :, 3].copy()
        image = cv2.multiply(image, cv2.merge([alpha] * 3 + [np.full_like(alpha, 255)]), scale=1 / 255)
    return _bytes(image)


def _bytes(image: NDArray[np.generic]) -> Bytes:
    return np.asarray(image, np.uint8)


def _opaque(image: Bytes) -> Bytes:
    """Return the backmost layer without alpha: over black, if it had one."""
    return np.ascontiguousarray(image[:, :, :3])


def _to_scale(image: Bytes, size: tuple[int, int]) -> Bytes:
    """Bring a layer near to the film's own pixels, so that a warp neither blurs nor flickers; sides become even."""
    height, width = image.shape[:2]
    sharp = min(width / size[0], height / size[1])
    scale = 1.0 if 1.05 <= sharp <= SHARP_MOST else SHARP / sharp
    to = round(width * scale / 2) * 2, round(height * scale / 2) * 2
    if to == (width, height):
        return image
    return _bytes(cv2.resize(image, to, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))


@dataclass(frozen=True)
class _Paint:
    """A layer as it is read."""

    depth: float
    drift: tuple[float, float]
    image: Bytes  #: (h, w, 3), or (h, w, 4) multiplied with its alpha


def _merged(layers: list[_Paint]) -> list[_Paint]:
    """Lay neighbours over each other, the nearest in depth first, until there are few enough; what drifts stays."""
    layers = list(layers)
    drifting = sum(layer.drift != STILL for layer in layers)
    most = SHEETS_MOST + drifting - -(-drifting // DRIFTING_FOR_ONE)
    while len(layers) > most:
        gaps = {
            i: abs(above.depth - below.depth)
            for i, (below, above) in enumerate(pairwise(layers))
            if below.drift == above.drift == STILL
        }
        if not gaps:
            break
        i = min(gaps, key=lambda i: gaps[i])
        below, above = layers[i : i + 2]
        layers[i : i + 2] = [_Paint((below.depth + above.depth) / 2, STILL, _over(below.image, above.image))]
    return layers


def _over(under: Bytes, over: Bytes) -> Bytes:
    through = cv2.merge([cv2.bitwise_not(over[:, :, 3].copy())] * under.shape[2])
    front = over[:, :, : under.shape[2]]
    return _bytes(cv2.add(cv2.multiply(under, through, scale=1 / 255), np.ascontiguousarray(front)))


def _sheet(paint: _Paint) -> Sheet:
    depth, image = paint.depth, paint.image
    if paint.drift != STILL:
        return _drifting(paint)
    size = image.shape[1], image.shape[0]
    if image.shape[2] == 3:
        yuv = _bytes(cv2.transform(image, np.column_stack([TO_YUV[:, :3], TO_YUV[:, 3] * 255])))
        luma, u, v = cv2.split(yuv)
        return Sheet(depth, size, (0, 0), 0, _bytes(luma), (_halved(u), _halved(v)))
    x0, y0, x1, y1 = _seen(image[:, :, 3])
    crop = np.ascontiguousarray(image[y0:y1, x0:x1])
    luma, u, v = cv2.split(_bytes(cv2.transform(crop, TO_YUV)))
    through = 255 - crop[:, :, 3]
    halves = _halved(u), _halved(v)
    return Sheet(depth, size, (x0, y0), _solid(image[:, :, 3]), _bytes(luma), halves, (through, _halved(through)))


def _drifting(paint: _Paint) -> Sheet:
    """Return a sheet that drifts, all planes at half the size; its colour lies a quarter of a sample off, unseen."""
    size = paint.image.shape[1], paint.image.shape[0]
    small = _bytes(cv2.resize(paint.image, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA))
    luma, u, v = cv2.split(_bytes(cv2.transform(small, TO_YUV)))
    through = 255 - small[:, :, 3]
    chroma = _bytes(u), _bytes(v)
    return Sheet(paint.depth, size, (0, 0), size[1], _bytes(luma), chroma, (through, through), paint.drift)


def _seen(alpha: Bytes) -> tuple[int, int, int, int]:
    """Return the even rectangle that holds all of a layer, with a margin where the sheet has one."""
    x, y, width, height = cv2.boundingRect((alpha >= SEEN).view(np.uint8))
    left, top = max(0, x - MARGIN) // 2 * 2, max(0, y - MARGIN) // 2 * 2
    right, bottom = min(alpha.shape[1], x + width + MARGIN), min(alpha.shape[0], y + height + MARGIN)
    return left, top, max(left + 2, -(-right // 2) * 2), max(top + 2, -(-bottom // 2) * 2)


def _solid(alpha: Bytes) -> int:
    """Return the row from which on a layer hides all that is behind it; the height where there is none."""
    open_rows = np.flatnonzero(alpha.min(axis=1) < 255)
    return int(open_rows[-1]) + 1 if len(open_rows) else 0


def _solid_from(sheet: Sheet, window: Window) -> int:
    """Return the even row of the film from which on a sheet hides what is behind it."""
    if sheet.solid >= sheet.size[1]:
        return sheet.size[1] * 2  # beyond any film's
    row = (sheet.solid + 1 - window.top) / window.step  # one more, for the warp reaches over
    return max(0, int(row) // 2 * 2 + 2)


def _halved(plane: NDArray[np.generic]) -> Bytes:
    """Return a plane at half the size, sited as MPEG-2 does: on the even columns, between the rows."""
    across, down = np.array([0.25, 0.5, 0.25]), np.array([0.5, 0.5])
    soft = cv2.sepFilter2D(_bytes(plane), -1, across, down, anchor=(1, 0), borderType=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(_bytes(soft)[::2, ::2])


def _middle(plane: Bytes, step: float) -> Window:
    height, width = plane.shape
    return Window(step, (width - 1) / 2 * (1 - step), (height - 1) / 2 * (1 - step))


def _place(sheet: Sheet, window: Window, within: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the even rectangle of the film in which a sheet's crop is seen."""
    height, width = sheet.luma.shape[:2]
    left, top = (sheet.at[0] - window.left) / window.step, (sheet.at[1] - window.top) / window.step
    right, bottom = left + width / window.step, top + height / window.step
    x0, y0 = (max(0, int(np.floor(edge) - 1) // 2 * 2) for edge in (left, top))
    x1, y1 = (min(most, int(np.ceil(edge) + 2) // 2 * 2) for edge, most in zip((right, bottom), within, strict=True))
    return x0, y0, x1, y1


def _affine(window: Window, film: tuple[int, int], sheet: tuple[int, int]) -> NDArray[np.float64]:
    """Return the matrix from a part of the film that begins at `film` to the crop that begins at `sheet`."""
    left = window.left + window.step * film[0] - sheet[0]
    top = window.top + window.step * film[1] - sheet[1]
    return np.array([[window.step, 0, left], [0, window.step, top]])


def _chroma_affine(window: Window, film: tuple[int, int], sheet: tuple[int, int]) -> NDArray[np.float64]:
    """The same between the planes of half the size; `film` in their own pixels, `sheet` in the sheet's."""
    left = window.left / 2 + window.step * film[0] - sheet[0] / 2
    top = (window.top + (window.step - 1) / 2) / 2 + window.step * film[1] - sheet[1] / 2
    return np.array([[window.step, 0, left], [0, window.step, top]])


def _warp(
    plane: Bytes, matrix: NDArray[np.float64], to: Bytes, border: int, value: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> None:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cv2.warpAffine(plane, matrix, (to.shape[1], to.shape[0]), to, flags, border, value)
