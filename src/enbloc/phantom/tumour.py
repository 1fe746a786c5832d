"""From a wished type to blobs and the zones that hold them back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from enbloc.core.errors import InputError
from enbloc.core.geometry import Array
from enbloc.core.levels import Level
from enbloc.phantom.column import Column
from enbloc.phantom.growth import ELLIPSOID, FUSE_MM, ROD, RULES, Rules, tumour_at
from enbloc.phantom.spec import PhantomSpec, TumourSpec

BUMPS = 6
BUMP_WAVELENGTH_MM = (9.0, 22.0)
UNBOUNDED_MM = 500.0


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """One connected tumour: blobs, bumps and rules as `growth` reads them, and the vertebra it grew from."""

    index: int
    blobs: Array
    bumps: Array
    rules: Rules

    def box_mm(self, column: Column) -> tuple[Array, Array]:
        """Lowest and highest corner of a box that holds the lesion, in the patient's own mm."""
        corners = np.concatenate([_corners(column, row) for row in self.blobs])
        spare = FUSE_MM + float(np.abs(self.bumps[:, 4]).sum()) if len(self.bumps) else FUSE_MM
        return corners.min(axis=0) - spare, corners.max(axis=0) + spare

    def distance(self, column: Column, points_mm: Array) -> Array:
        """Signed distance-like value at points (..., 3) in the patient's own mm."""
        flat = np.asarray(points_mm, dtype=np.float64).reshape(-1, 3)
        values = [tumour_at(self.blobs, self.bumps, self.rules, column.arrays, x, y, z, np.inf) for x, y, z in flat]
        found: Array = np.array(values).reshape(np.shape(points_mm)[:-1])
        return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """Where the blobs sit and which zones stay free.

    `allowed`: zone names; `reach`: overrides of the rules' numbers.
    """

    blobs: tuple[Array, ...]
    allowed: frozenset[str]
    reach: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Landmarks of one vertebra in its frame, for one side (`side` -1 left, +1 right as the shapes lie)."""

    column: Column
    index: int
    side: float
    size: float

    def ellipsoid(
        self, centre: tuple[float, float, float], half: tuple[float, float, float], index: int | None = None
    ) -> Array:
        """A blob whose half axes are scaled by the tumour's size; x counts outwards on the tumour's side."""
        x, y, z = centre
        where = self.index if index is None else index
        return _row(where, ELLIPSOID, [self.side * x, y, z, *(self.size * h for h in half)])

    def body(self, share: float, back: float, half: tuple[float, float, float], index: int | None = None) -> Array:
        """In the body: `share` of its half width to the side, `back` of its half depth.

        Half axes as shares of the body's.
        """
        v = self.column.shapes[self.index if index is None else index]
        w, d, h = float(v["width_up"]), float(v["depth_up"]), 0.5 * float(v["height"])
        return self.ellipsoid((share * w, -back * d, 0.0), (half[0] * w, half[1] * d, half[2] * h), index)

    def pedicle(self, backwards_mm: float) -> Array:
        """A rod through the pedicle, from the body to `backwards_mm` behind the middle of the canal."""
        row = self.column.limbs[self.index, 0].copy()
        start, end = row[0:3].copy(), row[3:6].copy()
        end = end + (end - start) / np.linalg.norm(end - start) * backwards_mm
        thick = min(1.0, self.size) * 0.95 * row[6]
        points = [self.side * start[0], *start[1:], self.side * end[0], *end[1:]]
        return _row(self.index, ROD, [*points, thick, thick, 0.0, 0.0, 1.0, row[11]])

    def arch(self) -> Array:
        """At the junction of lamina, articular and transverse process."""
        v = self.column.shapes[self.index]
        w, d = float(v["canal_w"]), float(v["canal_d"])
        y = float(v["canal_y"]) - 0.75 * d - 2.0
        return self.ellipsoid((w + 1.0, y, float(v["pedicle_z"]) - 4.0), (8.0, 7.0, 9.0))


def _row(index: int, kind: float, numbers: list[float]) -> Array:
    row = np.zeros(14)
    row[0], row[1] = index, kind
    row[2 : 2 + len(numbers)] = numbers
    return row


def _corners(column: Column, row: Array) -> Array:
    if row[1] == ELLIPSOID:
        low, high = row[2:5] - row[5:8], row[2:5] + row[5:8]
    else:
        thick = max(row[8], row[9]) * max(1.0, row[13])
        low, high = np.minimum(row[2:5], row[5:8]) - thick, np.maximum(row[2:5], row[5:8]) + thick
    box = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return column.to_patient(int(row[0]), box)


def grow(spec: PhantomSpec, column: Column) -> tuple[Lesion, ...]:
    """The lesions of the wished tumour.

    None without one. Raises InputError where the levels leave no room for the type.
    """
    tumour = spec.tumour
    if tumour is None:
        return ()
    index = column.levels.index(Level(tumour.level))
    side = (-1.0 if tumour.side == "left" else 1.0) * (-1.0 if spec.mirror else 1.0)
    rng = np.random.default_rng(spec.seed)
    if tumour.type == 7:
        main = replace(tumour, type=1, variant="body", deciding_mm=None)
        skip = replace(tumour, type=1, variant="body", size=0.7 * tumour.size)
        other = _skip_index(index, len(column.levels))
        return (
            _lesion(main, column, index, side, spec.mirror, rng),
            _lesion(skip, column, other, -side, spec.mirror, rng),
        )
    return (_lesion(tumour, column, index, side, spec.mirror, rng),)


def _skip_index(index: int, count: int) -> int:
    """Two levels up where there is room, else two levels down."""
    for other in (index - 2, index + 2):
        if 0 <= other < count:
            return other
    raise InputError(
        "type 7 needs a level two away from the tumour's", field="levels", hint="widen the range of levels"
    )


def _lesion(
    tumour: TumourSpec, column: Column, index: int, side: float, mirror: bool, rng: np.random.Generator
) -> Lesion:
    places = Places(column, index, side, tumour.size)
    recipe = _RECIPES[tumour.type, tumour.kind](tumour, places)
    blobs, rules = np.array(recipe.blobs), _rules(tumour, recipe, index, side, len(column.levels))
    bumps = _bumps(tumour, mirror, rng, blobs)
    if tumour.both_sides:
        blobs = np.concatenate([blobs, _other_side(blobs)])
        rules["pedicle_left"] = rules["pedicle_right"] = min(rules["pedicle_left"], rules["pedicle_right"])
    return Lesion(index, blobs, bumps, rules)


def _other_side(blobs: Array) -> Array:
    """The same blobs in the mirror of their vertebra: x of an ellipsoid's centre, and of both ends of a rod."""
    mirrored = blobs.copy()
    mirrored[:, 2] *= -1.0
    rods = blobs[:, 1] == ROD
    mirrored[rods, 5] *= -1.0
    return mirrored


def _bumps(tumour: TumourSpec, mirror: bool, rng: np.random.Generator, blobs: Array) -> Array:
    """Plane waves that dent the surface; the mirrored patient has the mirrored waves."""
    direction = rng.normal(size=(BUMPS, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = rng.uniform(*BUMP_WAVELENGTH_MM, size=BUMPS)
    phase = rng.uniform(0.0, 2.0 * np.pi, size=BUMPS)
    waves = 2.0 * np.pi * direction / length[:, None]
    if mirror:
        waves[:, 0] *= -1.0
    round_ones = blobs[blobs[:, 1] == ELLIPSOID]
    radius = float(round_ones[:, 5:8].min()) if len(round_ones) else 4.0
    height = np.full(BUMPS, tumour.roughness * radius / BUMPS * 2.0)
    return np.column_stack([waves, phase, height])


def _rules(tumour: TumourSpec, recipe: Recipe, index: int, side: float, count: int) -> Rules:
    own, far = ("pedicle_left", "pedicle_right") if side < 0.0 else ("pedicle_right", "pedicle_left")
    rules = np.zeros(1, RULES)
    for zone in ("body", "arch", "canal", "outside", "disc", "above", "below"):
        rules[zone] = 0.0 if zone in recipe.allowed else 1.0
    rules[own] = 0.0 if "pedicle" in recipe.allowed else 1.0
    rules[far] = 1.0
    rules["level"], rules["clearance"] = index, tumour.clearance_mm
    rules["y_low"], rules["y_high"] = -UNBOUNDED_MM, UNBOUNDED_MM
    for name in ("canal_reach", "outside_reach", "disc_reach", "above_reach", "below_reach"):
        rules[name] = UNBOUNDED_MM
    rules["sac"] = 1.0 if tumour.displaces_sac else 0.0
    if tumour.disc_mm is not None and "below" not in recipe.allowed and index + 1 < count:
        rules["disc"], rules["disc_reach"] = 0.0, tumour.disc_mm
    for name, value in recipe.reach:
        rules[name] = value
    return rules


def _wish(tumour: TumourSpec, usual: float) -> float:
    return tumour.deciding_mm if tumour.deciding_mm is not None else usual * tumour.size


def _tall(tumour: TumourSpec, usual: float) -> float:
    """Half height as a share of the body's: to the endplate and beyond when the disc is to be reached."""
    return usual if tumour.disc_mm is None else 1.5 / tumour.size


def _body_only(tumour: TumourSpec, at: Places) -> Recipe:
    if tumour.deciding_mm is not None:
        half = 0.5 * tumour.deciding_mm / tumour.size
        return Recipe((at.ellipsoid((5.0, 0.0, 0.0), (half * 1.15, half * 1.1, half)),), frozenset({"body"}))
    return Recipe((at.body(0.3, -0.05, (0.5, 0.62, _tall(tumour, 0.75))),), frozenset({"body"}))


def _pedicle_only(_: TumourSpec, at: Places) -> Recipe:
    row = at.column.limbs[at.index, 0]
    v = at.column.shapes[at.index]
    middle_y = 0.5 * (float(v["wall_y"]) + float(v["canal_y"]))
    share = (middle_y - row[1]) / (row[4] - row[1])
    x = row[0] + share * (row[3] - row[0])
    half = (0.9 * row[6], 0.6 * float(v["canal_d"]), 0.8 * float(v["pedicle_h"]))
    return Recipe((at.ellipsoid((float(x), middle_y, float(row[2])), half),), frozenset({"pedicle"}))


def _arch_only(_: TumourSpec, at: Places) -> Recipe:
    return Recipe((at.arch(),), frozenset({"arch"}))


def _body_pedicle(tumour: TumourSpec, at: Places) -> Recipe:
    wall = float(at.column.shapes[at.index]["wall_y"])
    reach = (("y_low", wall - _wish(tumour, 30.0)),)
    blobs = (at.body(0.4, 0.25, (0.5, 0.62, _tall(tumour, 0.75))), at.pedicle(0.0))
    return Recipe(blobs, frozenset({"body", "pedicle"}), reach)


def _pedicle_arch(tumour: TumourSpec, at: Places) -> Recipe:
    middle = float(at.column.shapes[at.index]["canal_y"])
    reach = (("y_high", middle + _wish(tumour, 30.0)),)
    return Recipe((at.arch(), at.pedicle(4.0)), frozenset({"pedicle", "arch"}), reach)


def _through(tumour: TumourSpec, at: Places) -> tuple[Array, ...]:
    return (at.body(0.4, 0.25, (0.5, 0.62, _tall(tumour, 0.75))), at.pedicle(6.0), at.arch())


def _through_pedicle(tumour: TumourSpec, at: Places) -> Recipe:
    middle = float(at.column.shapes[at.index]["canal_y"])
    reach = (("y_low", middle - _wish(tumour, 40.0)),)
    return Recipe(_through(tumour, at), frozenset({"body", "pedicle", "arch"}), reach)


def _epidural(at: Places, behind: bool = False) -> Array:
    """A blob lining the canal's wall on the tumour's side, in front or behind."""
    v = at.column.shapes[at.index]
    w, d = float(v["canal_w"]), float(v["canal_d"])
    y = float(v["canal_y"]) + (-0.75 * d if behind else 0.85 * d)
    z = float(v["pedicle_z"]) - 5.0 if behind else 0.0
    return at.ellipsoid((0.35 * w, y, z), (0.75 * w, 0.75 * d, 0.42 * float(v["height"])))


def _with_canal(base: str, at: Places, tumour: TumourSpec) -> Recipe:
    blobs = {
        "body": ((at.body(0.25, 0.4, (0.5, 0.62, _tall(tumour, 0.75))),), {"body"}),
        "body-pedicle": ((at.body(0.4, 0.25, (0.5, 0.62, _tall(tumour, 0.75))), at.pedicle(0.0)), {"body", "pedicle"}),
        "through-pedicle": (_through(tumour, at), {"body", "pedicle", "arch"}),
        "arch": ((at.arch(),), {"arch"}),
    }
    bone, zones = blobs[base]
    wish = (("canal_reach", _wish(tumour, 6.0)),)
    return Recipe((*bone, _epidural(at, base == "arch")), frozenset({*zones, "canal"}), wish)


def _beside(at: Places, reach_mm: float, arch: bool = False) -> Array:
    """A blob beside the body, or behind the transverse process, that reaches past `reach_mm`."""
    v = at.column.shapes[at.index]
    w, d, h = float(v["width_up"]), float(v["depth_up"]), float(v["height"])
    wide = max(7.0, 1.3 * reach_mm) / at.size
    if arch:
        return at.ellipsoid(
            (float(v["canal_w"]) + 5.0, float(v["canal_y"]) - float(v["canal_d"]) - 6.0, -3.0), (9.0, wide, 10.0)
        )
    return at.ellipsoid((0.85 * w, 0.05 * d, 0.0), (wide + 0.05 * w / at.size, 0.55 * d, 0.4 * h))


def _outside(base: str, at: Places, tumour: TumourSpec) -> Recipe:
    bones = {
        "body": ((at.body(0.4, 0.0, (0.5, 0.62, _tall(tumour, 0.75))),), {"body"}),
        "through-pedicle": (_through(tumour, at), {"body", "pedicle", "arch"}),
        "with-canal": (_through(tumour, at), {"body", "pedicle", "arch", "canal"}),
        "arch": ((at.arch(),), {"arch"}),
    }
    bone, zones = bones[base]
    reach_mm = _wish(tumour, 9.0)
    extra = (_epidural(at),) if base == "with-canal" else ()
    wish = (("outside_reach", reach_mm), ("canal_reach", 6.0 * tumour.size))
    return Recipe((*bone, *extra, _beside(at, reach_mm, base == "arch")), frozenset({*zones, "outside"}), wish)


def _neighbour(direction: int, at: Places, tumour: TumourSpec) -> Recipe:
    """Through the disc into the next body; upwards instead where there is none below, and the other way about."""
    count = len(at.column.levels)
    if count < 2:
        raise InputError("type 6 needs a neighbouring level", field="levels", hint="widen the range of levels")
    other = at.index + direction
    if not 0 <= other < count:
        direction, other = -direction, at.index - direction
    mine, theirs = at.column.shapes[at.index], at.column.shapes[other]
    x = at.side * 0.3 * float(mine["width_up"])
    end = at.column.to_patient(other, np.array([x, 0.0, direction * 0.1 * float(theirs["height"])]))
    local = (end - at.column.origin[at.index]) @ at.column.axes[at.index].T
    thick = at.size * 0.3 * float(mine["width_up"])
    bridge = _row(at.index, ROD, [x, 0.0, 0.0, *local, thick, thick, 0.0, 1.0, 0.0, 1.2])
    zone = "below" if direction > 0 else "above"
    wish = ((f"{zone}_reach", _wish(tumour, 9.0)),)
    return Recipe(
        (at.body(0.3, 0.0, (0.5, 0.62, 0.75)), bridge),
        frozenset({"body", zone, "disc"} if direction > 0 else {"body", zone}),
        wish,
    )


def _canal_only(tumour: TumourSpec, at: Places) -> Recipe:
    return Recipe((_epidural(at),), frozenset({"canal"}), (("canal_reach", _wish(tumour, 6.0) + tumour.clearance_mm),))


def _beside_only(tumour: TumourSpec, at: Places) -> Recipe:
    reach_mm = _wish(tumour, 12.0)
    return Recipe(
        (_beside(at, reach_mm),), frozenset({"outside"}), (("outside_reach", reach_mm + tumour.clearance_mm),)
    )


def _disc_only(_: TumourSpec, at: Places) -> Recipe:
    if at.index + 1 >= len(at.column.levels):
        raise InputError("a lesion of the disc needs a level below", field="levels", hint="widen the range of levels")
    v = at.column.shapes[at.index]
    half = (0.4 * float(v["disc_w"]), 0.4 * float(v["disc_d"]), 8.0)
    return Recipe(
        (at.ellipsoid((0.2 * float(v["disc_w"]), 0.0, -0.5 * float(v["height"]) - 4.0), half),), frozenset({"disc"})
    )


_RECIPES = {
    (1, "body"): _body_only,
    (1, "pedicle"): _pedicle_only,
    (1, "arch"): _arch_only,
    (2, "body-pedicle"): _body_pedicle,
    (2, "pedicle-arch"): _pedicle_arch,
    (3, "through-pedicle"): _through_pedicle,
    (4, "body"): lambda tumour, at: _with_canal("body", at, tumour),
    (4, "body-pedicle"): lambda tumour, at: _with_canal("body-pedicle", at, tumour),
    (4, "through-pedicle"): lambda tumour, at: _with_canal("through-pedicle", at, tumour),
    (4, "arch"): lambda tumour, at: _with_canal("arch", at, tumour),
    (5, "body"): lambda tumour, at: _outside("body", at, tumour),
    (5, "through-pedicle"): lambda tumour, at: _outside("through-pedicle", at, tumour),
    (5, "with-canal"): lambda tumour, at: _outside("with-canal", at, tumour),
    (5, "arch"): lambda tumour, at: _outside("arch", at, tumour),
    (6, "below"): lambda tumour, at: _neighbour(1, at, tumour),
    (6, "above"): lambda tumour, at: _neighbour(-1, at, tumour),
    (None, "canal"): _canal_only,
    (None, "paravertebral"): _beside_only,
    (None, "disc"): _disc_only,
}
