"""The embedded illustrator's studio: pictures painted by rule and seed, layer upon layer.

    canvas.py     the values: Canvas (pixels and coordinates), Sheet (a finished layer), Stage, Scenery; OVERSCAN
    palette.py    Palette: the colours of one picture from hour, weather, mood, seed, or the film's five colours
    brush.py      noise, gradients, masks, glow, strokes, dithering: all in relative coordinates
    sky.py land.py water.py trees.py    what worlds are made of
    worlds/       one file each, named as the world: `paint(picture, palette, *, canvas, rng) -> Scenery`
    figures.py    `stand(figure, stage, palette, *, canvas, rng) -> list[Sheet]`: who stands in the picture
    wardrobe.py   Wardrobe: how the film's cast looks, the same in every picture
    weather.py    `air(picture, stage, palette, *, canvas, rng) -> Air`: rain, snow, fog, lightning, what drifts
    hands.py      `treat(sheets, look, *, canvas, rng) -> list[Sheet]`: watercolour, ink, paper, neon, anime, pastel
    sheets.py     `sheets(picture, style, *, size) -> list[Sheet]`: all of it in order, back to front

How a world is written:

* It gets a `Canvas`, which is the frame times OVERSCAN, and paints all of it. Composition is in fractions of the canvas
  (0-1 across, 0-1 down); the camera shows about the middle 83 % of it, so what matters stays within 0.12-0.88. Sizes of
  things (a tree, a moon, a line's width) are in `canvas.short`s: 1.0 is the shorter side, so circles stay round in any
  shape. Nothing is ever in pixels: the same seed gives the same composition at 240 px and at 2160 px.
* It draws chance only from the `rng` it is given, and as often at every size (never "one number per pixel").
* It returns a Scenery: 3-5 sheets from back to front, the first opaque, each with a depth of 0 (infinitely far) to 1
  (right before the camera). Layers move against each other by up to 4 % of the width: what is behind a front layer
  goes on beneath it, and ground and ridges reach the canvas's lower edge or go on far below what hides them.
* `Scenery.stage` says where a figure may stand, how large a grown person is there, where the light comes from, and
  before which sheet figures and weather are put (`slot`): usually between the middle ground and the foreground.
* A sheet with a `drift` moves while the film runs and goes round: what leaves it at one side is painted at the other.
* Colours are BGR float32 arrays of three, 0-1, as displayed. `brush.sheet` finishes a layer to 8 bits and dithers.
* Lower third and centre carry titles in white: keep them calm and not brighter than about 0.75 over large areas.

Masks are (H, W) float32, 0-1. Colour fields are (H, W, 3) float32, 0-1.
"""

from pipeline.painter.canvas import OVERSCAN, Canvas, Scenery, Sheet, Stage

__all__ = ["OVERSCAN", "Canvas", "Scenery", "Sheet", "Stage"]
