"""Drawing on a picture: outlines, letters, scale bar. Drawn twice as large and averaged, so that lines are smooth."""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from enbloc.scene.slices import Field

Colour = tuple[int, int, int]
Point = tuple[float, float]
Rgb = npt.NDArray[np.uint8]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


class Canvas:
    """A picture being drawn on. Coordinates and sizes are final pixels; `ink` on `halo` is the lettering."""

    def __init__(self, background: Rgb, zoom: int, ink: Colour, halo: Colour, fine: int = 1) -> None:
        """`zoom` is final size over size of `background`, `fine` drawing size over final size (lines want 2)."""
        self.height, self.width = background.shape[0] * zoom, background.shape[1] * zoom
        self._image = Image.fromarray(background)
        self._fine = fine
        if zoom * fine > 1:
            large = (self.width * fine, self.height * fine)
            self._image = self._image.resize(large, Image.Resampling.BICUBIC)
        self._draw = ImageDraw.Draw(self._image)
        self.ink, self.halo = ink, halo

    @property
    def grain(self) -> float:
        """Sizes are given for a picture 720 wide; a wider one is shown as small, so its lettering is larger."""
        return float(self.width) / 720.0

    def line(self, points: list[Point], colour: Colour, width: float, dashed: bool = False) -> None:
        """A poly-line with a dark casing, so that any colour stands out on any grey."""
        fine = [(x * self._fine + self._fine / 2, y * self._fine + self._fine / 2) for x, y in points]
        for piece in _dashes(fine, 9.0 * self._fine) if dashed else [fine]:
            for ink, extra in ((BLACK, 1.6), (colour, 0.0)):
                self._draw.line(piece, fill=ink, width=max(1, round((width + extra) * self._fine)), joint="curve")

    def text(self, x: float, y: float, text: str, size: float, anchor: str = "mm", ink: Colour | None = None) -> None:
        """Bold text with a halo; `anchor` in Pillow's letters (horizontal l m r, vertical a m d)."""
        self._draw.text(
            (x * self._fine, y * self._fine),
            text,
            font=_font(round(size * self._fine)),
            anchor=anchor,
            fill=ink or self.ink,
            stroke_width=round(1.6 * self._fine),
            stroke_fill=self.halo,
        )

    def letters(self, left: str, right: str, top: str, bottom: str, size: float) -> None:
        """The patient's sides at the four edges."""
        inset = size * 0.85
        self.text(inset, self.height / 2, left, size)
        self.text(self.width - inset, self.height / 2, right, size)
        self.text(self.width / 2, inset, top, size)
        self.text(self.width / 2, self.height - inset, bottom, size)

    def scale_bar(self, pixels_per_mm: float, length_mm: int, size: float) -> None:
        """A bar of `length_mm` in the lower right corner."""
        end, y = self.width - size, self.height - size
        start = end - length_mm * pixels_per_mm
        for ink, width in ((self.halo, 7), (self.ink, 3)):
            self._draw.line(
                [(start * self._fine, y * self._fine), (end * self._fine, y * self._fine)],
                fill=ink,
                width=width * self._fine,
            )
        self.text((start + end) / 2, y - size * 0.75, f"{length_mm} mm", size * 0.9)

    def dot(self, x: float, y: float, radius: float, ink: Colour) -> None:
        """A filled disc on a ring of the halo's colour."""
        for grown, colour in ((1.6, self.halo), (0.0, ink)):
            reach = (radius + grown) * self._fine
            box = (x * self._fine - reach, y * self._fine - reach, x * self._fine + reach, y * self._fine + reach)
            self._draw.ellipse(box, fill=colour)

    def png(self, colours: int | None = None, inks: tuple[Colour, ...] = ()) -> bytes:
        """PNG bytes without a date: equal drawings give equal bytes.

        `colours`: at most so many, for a smaller file, `inks` among them: the colours of lines, which fill too few
        pixels to be kept otherwise.
        """
        image = self._image.reduce(self._fine) if self._fine > 1 else self._image
        if colours is not None:
            image = _fewer(image, colours, inks)
        buffer = io.BytesIO()
        image.save(buffer, format="PNG", compress_level=4 if colours is None else 6)
        return buffer.getvalue()


def _fewer(image: Image.Image, colours: int, inks: tuple[Colour, ...]) -> Image.Image:
    """Each pixel as the nearest of the image's own main colours, the inks, and the inks half way to white."""
    kept = [*inks, *((r // 2 + 128, g // 2 + 128, b // 2 + 128) for r, g, b in inks)]
    smaller = image.reduce(2)  # has the same main colours
    main = smaller.quantize(colours - len(kept), method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    found = (main.getpalette() or [])[: 3 * (colours - len(kept))]
    palette = Image.new("P", (1, 1))
    palette.putpalette(found + [part for ink in kept for part in ink])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def contours(share: Field, zoom: float) -> list[list[Point]]:
    """The half level of `share` as closed lines, in pixels of a picture `zoom` times as large.

    A blur of one pixel takes the corners off the voxels; it moves a straight border nowhere.
    """
    from scipy.ndimage import gaussian_filter
    from skimage.measure import find_contours

    shift = (zoom - 1.0) / 2.0
    lines = find_contours(gaussian_filter(np.pad(share, 3), 1.0), 0.5)  # type: ignore[no-untyped-call]
    return [[((x - 3.0) * zoom + shift, (y - 3.0) * zoom + shift) for y, x in line] for line in lines]


def _dashes(points: list[Point], length: float) -> list[list[Point]]:
    """The line cut into dashes and gaps of about equal length; only the dashes."""
    steps = np.hypot(*np.diff(np.array(points), axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    pieces: list[list[Point]] = []
    previous = None
    for point, distance in zip(points, along, strict=True):
        number = int(distance // length)
        if number % 2 == 0:
            if number != previous:
                pieces.append([])
            pieces[-1].append(point)
        previous = number
    return [piece for piece in pieces if len(piece) > 1]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans Bold, found beside matplotlib without importing it."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise RuntimeError("matplotlib, which carries the font of the pictures, is not installed")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans-Bold.ttf"), size, layout_engine=ImageFont.Layout.BASIC)
