"""A vertebra made of bricks, whose every size is counted by hand, as a label map of 1 mm voxels.

Body 40 (left to right) x 30 x 24 mm, canal 20 x 16 mm, pedicles 8 wide and 12 high, lamina 6 thick behind the canal.
"""

from __future__ import annotations

import numpy as np

from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid, Imaging, LabelMap

BODY, CANAL, PEDICLE, LAMINA_MM, DISC_MM = (40, 30, 24), (20, 16), (8, 12), 6, 8
SHAPE = (80, 90, 100)


def brick_column(names: tuple[str, ...] = ("T12", "L1"), lost_front_mm: int = 0) -> Imaging:
    """Vertebrae stacked with discs of DISC_MM between them; the first has lost so much of its front half's height."""
    values = np.zeros(SHAPE, np.uint8)
    top = SHAPE[2] - 12
    for label, _ in enumerate(names, start=1):
        place(values, label, top)
        if label == 1 and lost_front_mm:
            values[:, 65 - 10 :, top - lost_front_mm : top][values[:, 65 - 10 :, top - lost_front_mm : top] == 1] = 0
        top -= BODY[2] + DISC_MM
    grid = Grid(SHAPE, Affine(np.diag([1.0, 1.0, 1.0, 1.0])))
    return Imaging(grid, (LabelMap(values, grid, dict(enumerate(names, start=1))),), None, None, "ct", ())


def place(values: np.ndarray, label: int, top: int) -> None:
    """Middle at x = 40; the body's rear at y = 45, its front at 75."""
    rear, middle = 45, 40
    bottom = top - BODY[2]
    values[middle - 20 : middle + 20, rear : rear + BODY[1], bottom:top] = label
    pedicle_top = top - 2
    for inner in (middle - 10 - PEDICLE[0], middle + 10):
        values[inner : inner + PEDICLE[0], rear - CANAL[1] : rear, pedicle_top - PEDICLE[1] : pedicle_top] = label
    lamina = slice(rear - CANAL[1] - LAMINA_MM, rear - CANAL[1])
    values[middle - 18 : middle + 18, lamina, bottom:pedicle_top] = label
