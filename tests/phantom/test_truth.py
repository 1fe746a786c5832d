"""Reading type and depths off zones: hand-made zones, hand-made masks, and phantoms built for a type."""

import numpy as np
import pytest

from enbloc.core.levels import Level
from enbloc.phantom import VARIANTS, PhantomSpec, TumourSpec
from enbloc.phantom.build import pose_of
from enbloc.phantom.column import build_column
from enbloc.phantom.truth import ZoneTruth, _depth, deciding_depth, find_truth, tomita_type
from enbloc.phantom.tumour import grow

LADDER = (*(f"T{n}" for n in range(1, 13)), "L1", "L2", "L3", "L4", "L5", "S1")


def zone(name, level="T12", depth=5.0, lesion=0):
    return ZoneTruth(lesion, Level(level), name, 10.0, depth)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("body",), 1),
        (("pedicle-left",), 1),
        (("arch",), 1),
        (("body", "pedicle-left"), 2),
        (("arch", "pedicle-right"), 2),
        (("body", "pedicle-left", "arch"), 3),
        (("body", "arch"), 3),
        (("body", "canal"), 4),
        (("arch", "canal"), 4),
        (("body", "paravertebral"), 5),
        (("body", "canal", "paravertebral"), 5),
        (("body", "disc"), 1),
        (("canal",), None),
        (("paravertebral", "canal"), None),
        (("disc",), None),
        ((), None),
    ],
)
def test_type_of_zones(names, expected):
    """Rows C3-C9 of the published classification table."""
    assert tomita_type(tuple(zone(name) for name in names)) == expected


def test_neighbour_and_skip_win():
    """Rows C1 and C2; lesions in touching vertebrae are no skip lesions."""
    assert tomita_type((zone("body"), zone("disc"), zone("body", "L1"))) == 6
    assert tomita_type((zone("body"), zone("canal"), zone("body", "L2", lesion=1))) == 7
    assert tomita_type((zone("body"), zone("body", "L1", lesion=1))) == 1


def test_deciding_depth_is_the_shallowest_zone_that_matters():
    """Body 20, pedicle 8, canal 3: without the canal it is type 2, without the others still 4."""
    zones = (zone("body", depth=20.0), zone("pedicle-left", depth=8.0), zone("canal", depth=3.0))
    assert deciding_depth(zones) == 3.0
    assert deciding_depth((zone("body", depth=20.0), zone("canal", "T12", 3.0), zone("canal", "L1", 4.0))) == 4.0
    assert deciding_depth((zone("body", depth=9.0), zone("body", "L1", depth=2.0))) == 2.0
    assert deciding_depth((zone("body", depth=9.0), zone("body", "L2", depth=6.0, lesion=1))) == 6.0


def test_depth_of_a_slab():
    """Ten layers of 0.5 mm behind a wall: the last lies 9.5 layers from the wall's surface, 4.75 mm (rounding only)."""
    here, elsewhere = np.zeros((20, 6, 6), bool), np.zeros((20, 6, 6), bool)
    elsewhere[:5], here[5:15] = True, True
    assert _depth(here, elsewhere, 0.5) == pytest.approx(4.75, abs=1e-5)


def test_depth_of_a_lonely_ball():
    """Diameter of the ball itself, within two sampling steps."""
    axis = np.arange(-12, 13) * 0.5
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    ball = x**2 + y**2 + z**2 < 5.0**2
    assert _depth(ball, np.zeros_like(ball), 0.5) == pytest.approx(10.0, abs=1.0)


def truth_of(**wish):
    """Truth without voxels: the sampling does not know the scan's grid."""
    centre = LADDER.index(wish["level"])
    options = wish.pop("patient", {})
    spec = PhantomSpec(levels=LADDER[max(0, centre - 2) : centre + 3], tumour=TumourSpec(**wish), **options)
    column = build_column(spec)
    return find_truth(column, pose_of(spec), grow(spec, column))


EVERY_KIND = [(kind, variant) for kind, variants in VARIANTS.items() for variant in variants]


PLACES = (("T2", "right"), ("L5", "left"), ("T7", "left"), ("T12", "right"))
EVERY_KIND_TWICE = [
    (*kind, *place) for n, kind in enumerate(EVERY_KIND) for place in (PLACES[n % 4], PLACES[(n + 1) % 4])
]


@pytest.mark.parametrize(("kind", "variant", "level", "side"), EVERY_KIND_TWICE)
def test_the_truth_is_the_wish(kind, variant, level, side):
    truth = truth_of(type=kind, variant=variant, level=level, side=side)
    assert truth.tomita_type == kind
    other = "right" if side == "left" else "left"
    assert f"pedicle-{other}" not in truth.occupied()
    assert truth.volume_mm3 > 50.0


@pytest.mark.parametrize("level", LADDER[1:-1])
def test_every_level_can_carry_a_type_4_small_or_large(level):
    size = 0.6 if LADDER.index(level) % 2 else 1.2
    assert truth_of(type=4, level=level, side="left", size=size).tomita_type == 4


@pytest.mark.parametrize("wish", [0.5, 2.0, 5.0])
@pytest.mark.parametrize(("kind", "zone_name"), [(2, "pedicle-left"), (5, "paravertebral")])
def test_wished_depth_is_met(kind, zone_name, wish):
    """Held back by a plane or a parallel surface: off by the sampling step and the slant of blob against zone, 1 mm."""
    truth = truth_of(type=kind, level="L2", side="left", deciding_mm=wish)
    depth = next(z.depth_mm for z in truth.zones if z.zone == zone_name)
    assert depth == pytest.approx(wish, abs=1.0)


@pytest.mark.parametrize("kind", [1, 3, 4, 5, 6, 7])
def test_bent_and_crooked_patients(kind):
    bent = {"kyphosis_deg": 45.0, "scoliosis_deg": 20.0, "scale": 0.9, "asymmetry": 0.05, "seed": 3}
    assert truth_of(type=kind, level="T9", side="right", patient=bent).tomita_type == kind


def test_disc_contact_stays_one_vertebra():
    truth = truth_of(type=1, level="L1", side="left", disc_mm=2.0)
    assert truth.tomita_type == 1
    assert truth.occupied() == {"body", "disc"}
