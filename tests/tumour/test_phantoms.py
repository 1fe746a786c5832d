"""Forty phantoms with known truth: every variant of every type, both sides, levels T2 to L5, spacings 0.7 to 3 mm.

Where the feature that decides the type is at least 3 voxels and 5 mm deep, the answer must be exact; below that the
truth must lie within the given range. Truth is from the phantom's implicit shapes, sampled finer than any voxel here.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import product

import pytest

from enbloc.anatomy import locate
from enbloc.case import StatedExtent
from enbloc.core.levels import Level
from enbloc.phantom import VARIANTS, Phantom, PhantomSpec, TumourSpec, make_phantom
from enbloc.tumour import Extent, Involvement, measure

COLUMN = [level for level in Level if Level.T1.rank <= level.rank <= Level.S1.rank]
COLUMN = [level for level in COLUMN if level not in (Level.T13, Level.L6, Level.L7)]
SPACINGS = [  # mostly everyday ones, some fine, some with thick slices
    (1.0, 1.0, 1.0),
    (1.5, 1.5, 1.5),
    (0.8, 0.8, 1.25),
    (1.5, 1.5, 1.5),
    (1.0, 1.0, 1.0),
    (0.9, 0.9, 3.0),
    (1.25, 1.25, 1.25),
    (0.7, 0.7, 0.7),
    (1.0, 1.0, 2.0),
    (3.0, 3.0, 3.0),
]
POSES = [  # scanner's grid turned, patient's curve
    {},
    {"oblique_deg": (12.0, 0.0, 0.0)},
    {"kyphosis_deg": 25.0},
    {"oblique_deg": (-20.0, 8.0, 15.0)},
    {"scoliosis_deg": 20.0},
    {"rotation_deg": (0.0, 12.0, 30.0)},
    {"kyphosis_deg": -15.0, "oblique_deg": (30.0, 0.0, 0.0)},
]
INDEX_LEVELS = ["T2", "T12", "L3", "T7", "L5", "T10", "L1", "T4", "L4", "T9", "T5", "L2", "T11"]


def around(level: str, count: int) -> tuple[Level, ...]:
    """`count` levels with `level` in the middle, or as near to it as the column's end allows."""
    place = COLUMN.index(Level(level))
    start = min(max(place - count // 2, 0), len(COLUMN) - count)
    return tuple(COLUMN[start : start + count])


def forty() -> list[PhantomSpec]:
    """Twenty variants, each once as it comes and once with a deciding feature of some millimetres only."""
    kinds = [(number, variant) for number, variants in VARIANTS.items() for variant in variants]
    specs = []
    for n, (small, (number, variant)) in enumerate(product((False, True), kinds)):
        tumour = TumourSpec(
            type=number,
            variant=variant,
            level=INDEX_LEVELS[n % len(INDEX_LEVELS)],
            side=("left", "right")[(n + small) % 2],
            deciding_mm=(1.0, 2.0, 3.5, 6.0)[n % 4] if small else None,
            clearance_mm=2.0,
            disc_mm=3.0 if n % 9 == 4 else None,
        )
        levels = around(str(tumour.level), 5 if number == 7 else 3)
        spacing = SPACINGS[n % len(SPACINGS)]
        specs.append(PhantomSpec(levels=levels, tumour=tumour, spacing_mm=spacing, seed=n, **POSES[n % len(POSES)]))
    return specs


SPECS = forty()
NAMES = [
    f"{n}-{s.tumour.type}-{s.tumour.kind}-{s.tumour.level}-{s.tumour.side}-{max(s.spacing_mm):g}mm"
    for n, s in enumerate(SPECS)
]


@cache
def made(place: int) -> tuple[Phantom, Extent]:
    phantom = make_phantom(SPECS[place])
    return phantom, measure(locate(phantom.imaging), StatedExtent())


def clear_mm(phantom: Phantom) -> float:
    """From this depth on a feature must be seen: 3 voxels of the coarsest axis, and 5 mm."""
    return max(3.0 * max(phantom.spec.spacing_mm), 5.0)


def deep_enough(phantom: Phantom) -> bool:
    depth = phantom.truth.deciding_depth_mm
    return depth is not None and depth >= clear_mm(phantom)


def test_the_forty_cover_what_they_should():
    assert len(SPECS) == 40
    assert {(s.tumour.type, s.tumour.kind) for s in SPECS} == {(t, v) for t, kinds in VARIANTS.items() for v in kinds}
    assert {s.tumour.level.region for s in SPECS} == {"thoracic", "lumbar"}
    assert {s.tumour.side for s in SPECS} == {"left", "right"}


@pytest.mark.parametrize("place", range(40), ids=NAMES)
def test_type(place):
    phantom, found = made(place)
    truth, tomita = phantom.truth.tomita_type, found.tomita_type
    if deep_enough(phantom):
        assert tomita.value == truth
    elif truth is None:
        assert tomita.value is None or tomita.borderline
    else:
        assert tomita.low is not None
        assert tomita.low <= truth <= tomita.high


@pytest.mark.parametrize("place", range(40), ids=NAMES)
def test_index_level(place):
    """The level whose bone (failing that, whose spaces) holds most tumour in truth, where it leads by a tenth."""
    phantom, found = made(place)
    bone, any_ = defaultdict(float), defaultdict(float)
    for zone in phantom.truth.zones:
        any_[zone.level] += zone.volume_mm3
        if zone.zone in ("body", "pedicle-left", "pedicle-right", "arch"):
            bone[zone.level] += zone.volume_mm3
    ranked = sorted((bone or any_).items(), key=lambda item: -item[1])
    if len(ranked) == 1 or ranked[0][1] > 1.1 * ranked[1][1]:
        assert found.index_level == ranked[0][0]


@pytest.mark.parametrize("place", range(40), ids=NAMES)
def test_zones(place):
    """Deep zones are involved, and nothing is called involved that holds no tumour in truth."""
    phantom, found = made(place)
    depth = defaultdict(float)
    for zone in phantom.truth.zones:
        depth[zone.level, zone.zone] = max(depth[zone.level, zone.zone], zone.depth_mm)
    involved = {(r.level, r.zone.value) for r in found.zones if r.involvement is Involvement.INVOLVED}
    assert {key for key, mm in depth.items() if mm >= clear_mm(phantom)} <= involved
    assert involved <= set(depth)


def test_most_of_them_are_clear_cases():
    """So that the exact branch above is not empty."""
    assert sum(deep_enough(made(place)[0]) for place in range(40)) >= 15
