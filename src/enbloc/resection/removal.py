"""How each piece leaves: a way through poses that is checked against everything that stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as made_by

import numpy as np

from enbloc.anatomy import Part, Spine
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.geometry import Array, Box, Vector, unit
from enbloc.core.side_by_side import side_by_side
from enbloc.core.volume import Imaging
from enbloc.knowledge.removal_tables import RemovalTable, removal_table
from enbloc.resection.body import Body, body_of
from enbloc.resection.clearance import Clearance
from enbloc.resection.corridor import corridor_mm
from enbloc.resection.field import Codes, Millimetres, OperativeField
from enbloc.resection.nouns import Cut, Gate, Piece, Tissue
from enbloc.resection.obstacles import (
    SIGHT_MM,
    Near,
    Obstacle,
    near,
    open_room,
    rod_on,
    room_around,
    roots_of,
    standing,
)
from enbloc.resection.path import in_ras, in_theatre, triple, wholly_out
from enbloc.resection.pieces import POSTERIOR, REMAINING
from enbloc.resection.removal_answers import NONE_FOUND
from enbloc.resection.removal_nouns import PieceRemoval, Removal, RemovalSettings, Root, Tried, Way
from enbloc.resection.theatre import Theatre, theatre_of
from enbloc.resection.ways import UP, Found, along, ranges_of, search

BY_DEFAULT = RemovalSettings()
SOFT = (Tissue.DISC,)
TURNED = (Way.TURNED_LEFT, Way.TURNED_RIGHT)
SAME_WAY = "the way of the piece that the chosen cuts leave is free for this one too"
NOTHING_KNOWN: Mapping[str, PieceRemoval] = {}
ROD_SIDE = {Way.TURNED_LEFT: "right", Way.TURNED_RIGHT: "left"}


def scene_of(
    field: OperativeField,
    label: Codes,
    cuts: Sequence[Cut],
    spine: Spine,
    imaging: Imaging,
    settings: RemovalSettings,
    roots_kept: tuple[Root, ...],
    beside: Scene | None = None,
) -> Scene:
    """What the pieces that `cuts` leave (`label`, on the field's voxels) have around them. `beside`: the same patient
    with other cuts and the same settings; what does not change with the cuts is not laid out again.
    """
    theatre = theatre_of(field, label, spine, imaging, None if beside is None else beside.theatre)
    axis = turn_axis(field, cuts)
    if beside is not None and beside.takes_out_the_same(theatre):
        return beside.parted_otherwise(theatre, axis)
    return Scene.of(theatre, settings, roots_kept, axis=axis)


def turn_axis(field: OperativeField, cuts: Sequence[Cut]) -> Vector:
    """The vertebra's own axis, made square to the cuts between vertebrae so that the block slides along them: to those
    through bone, or, where all pass through disc, which gives way, to all of them on average.
    """
    between = [cut for cut in cuts if cut.gate in (Gate.CRANIAL, Gate.CAUDAL)]
    bony = [cut for cut in between if cut.tissue not in SOFT]
    normals = [field.frame.axes @ np.array(cut.normal) for cut in bony or between]
    upward = [normal * np.sign(normal[2]) for normal in normals if normal[2] != 0.0]
    return unit(np.sum(upward, axis=0)) if upward else UP


def taken_out(scene: Scene, pieces: Sequence[Piece], before: Removal | None = None) -> Removal:
    """How the pieces leave, the arches first, cranial to caudal, then the rest, the largest first.

    `before`: how the pieces of other cuts leave. Where a piece of the same name may go the same way, nothing else is
    searched for it.
    """
    known = {} if before is None else {each.piece: each for each in before.pieces}
    out = list(one_by_one(scene, pieces, known))
    return Removal(
        pieces=tuple(out),
        corridor_mm=_corridor(scene, pieces, out),
        because=(_reason(out, removal_table()),),
        caveats=tuple(_caveats(scene, out)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What every piece of one plan shares. `room`: what `stands` leaves. `roots` with their obstacles; `rods` by the
    way that they stand against. `kept`: roots to be spared. `axis`: about which blocks are turned. `seen`: distances
    to obstacles by name, each taken once.
    """

    theatre: Theatre
    settings: RemovalSettings
    stands: tuple[Obstacle, ...]
    room: Millimetres
    roots: tuple[tuple[Root, Obstacle], ...]
    rods: Mapping[Way, Obstacle | None]
    kept: frozenset[Root]
    axis: Vector
    seen: dict[str, Near | None] = made_by(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        theatre: Theatre,
        settings: RemovalSettings = BY_DEFAULT,
        roots_kept: tuple[Root, ...] = (),
        rod: bool = True,
        axis: Vector = UP,
    ) -> Scene:
        """`roots_kept`: roots that no piece may run through unless nothing else is found. `rod`: a temporary rod holds
        the column on the side away from which a block is turned. `axis`: along the theatre's axes.
        """
        table = removal_table()
        stands = tuple(standing(theatre, table, settings))
        return cls(
            theatre,
            settings,
            stands,
            room_around(stands, open_room(theatre.owner.shape), theatre.step_mm),
            tuple(_roots(theatre, table, settings)),
            {way: _rod(theatre, side, table) for way, side in ROD_SIDE.items()} if rod else {},
            frozenset(roots_kept),
            axis,
        )

    def takes_out_the_same(self, other: Theatre) -> bool:
        """Whether the pieces there are together the voxels of the pieces here."""
        mine = self.theatre.pieces
        return mine.shape == other.pieces.shape and bool(np.array_equal(mine > 0, other.pieces > 0))

    def parted_otherwise(self, theatre: Theatre, axis: Vector) -> Scene:
        """With the same voxels taken out in other pieces: all that stays, stays."""
        lasting = {each.name for each in self.stands}
        seen = {name: near for name, near in self.seen.items() if name in lasting}
        return replace(self, theatre=theatre, axis=axis, seen=seen)

    def near(self, obstacle: Obstacle) -> Near | None:
        if obstacle.name not in self.seen:
            self.seen[obstacle.name] = near(obstacle.mask, self.theatre.step_mm)
        return self.seen[obstacle.name]

    def obstacles(self, way: Way, stays: Sequence[Piece], spare_roots: bool) -> list[Obstacle]:
        """Beside what stands in every piece's way."""
        found = [Obstacle(piece.name, self.theatre.rigid(piece.label), self.theatre.touch_mm) for piece in stays]
        rod = self.rods.get(way)
        found += [rod] if rod is not None else []
        return found + [each for root, each in self.roots if spare_roots and root in self.kept]


@dataclass(frozen=True, slots=True, eq=False)
class OneWay:
    """One way searched, the obstacles that it was searched among, and the roots that it divides."""

    tried: Tried
    found: Found
    obstacles: tuple[Obstacle, ...]
    must_go: tuple[Root, ...]


def one_by_one(
    scene: Scene, pieces: Sequence[Piece], known: Mapping[str, PieceRemoval] = NOTHING_KNOWN
) -> Iterator[PieceRemoval]:
    """Each time the first piece that gets out past those that are left, arches before the rest; where none does, the
    first of them is told as not found and counts as out. `known`: ways of pieces of the same name, tried first.
    """
    left = list(in_order(pieces))
    while left:
        arches = [piece for piece in left if piece.name.startswith(POSTERIOR)]
        first: PieceRemoval | None = None
        for piece in arches or left[:1]:
            stays = [other for other in pieces if other in left or other.name.startswith(REMAINING)]
            found = way_out(scene, piece, [other for other in stays if other is not piece], known.get(piece.name))
            first = first or found
            if found.found:
                first = found
                break
        assert first is not None
        left = [piece for piece in left if piece.name != first.piece]
        yield first


def in_order(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """What stays is left out."""
    leaves = [piece for piece in pieces if not piece.name.startswith(REMAINING)]
    arches = [piece for piece in leaves if piece.name.startswith(POSTERIOR)]
    yield from sorted(arches, key=lambda piece: min((level.rank for level in piece.levels), default=0))
    yield from sorted((piece for piece in leaves if piece not in arches), key=lambda piece: -piece.volume_mm3)


def ways_for(piece: Piece) -> tuple[Way, ...]:
    """In the order in which they are preferred."""
    if piece.name.startswith(POSTERIOR):
        return (Way.DORSALLY,)
    if piece.name.startswith("fragment"):
        return (Way.DORSALLY, *TURNED, Way.ANTERIORLY)
    return (*TURNED, Way.ANTERIORLY)


def way_out(scene: Scene, piece: Piece, stays: Sequence[Piece], known: PieceRemoval | None = None) -> PieceRemoval:
    """The `known` way where the piece may go it too; else of all ways, sought two at a time, the best: from behind
    before from the front, then fewest kept roots divided, then the most room.
    """
    theatre = scene.theatre
    pivot = theatre.from_start(theatre.centre_mm)
    body = body_of(theatre.rigid(piece.label), theatre.step_mm, pivot)
    same = None if known is None else _same_way(scene, body, known, stays)
    found = side_by_side(lambda way: _one_way(scene, body, way, stays), ways_for(piece)) if same is None else (same,)
    good = [each for each in found if each.tried.found]
    best = min(good, key=lambda each: _rank(scene, each), default=None)
    clearances = () if best is None else sorted(_clearances(scene, body, best), key=lambda c: c.distance_mm.value)
    about = triple(theatre.frame.to_world(theatre.centre_mm))
    return PieceRemoval(
        piece=piece.name,
        found=best is not None,
        way=None if best is None else best.tried.way,
        about_mm=about,
        poses=() if best is None else in_ras(theatre, best.found.poses),
        clearances=tuple(clearances),
        roots_that_must_go=() if best is None else best.must_go,
        tried=tuple(each.tried for each in found),
        says=_says(piece, best, clearances, [each.tried for each in found]),
    )


def _rank(scene: Scene, each: OneWay) -> tuple[bool, int, float, int]:
    kept = len(scene.kept.intersection(each.must_go))
    least = each.tried.least_mm if each.tried.least_mm is not None else 0.0
    return each.tried.way is Way.ANTERIORLY, kept, -round(least, 1), len(each.must_go)


def _same_way(scene: Scene, body: Body, known: PieceRemoval, stays: Sequence[Piece]) -> OneWay | None:
    """The `known` way of another piece, where this body may go it; gone on with until the body is wholly out."""
    if known.way is None:
        return None
    theatre = scene.theatre
    poses = wholly_out(body, known.way, in_theatre(theatre, known.poses), theatre.extent_mm)
    for obstacles, room in _among(scene, known.way, stays):
        least = along(body, room, theatre.step_mm, poses, scene.settings.check_mm)
        if least >= 0.0:
            farthest = poses[int(np.argmax(np.linalg.norm(poses[:, 3:], axis=1)))]
            tried = Tried(known.way, True, least, 0, SAME_WAY)
            return OneWay(
                tried, Found(poses, 0, farthest), (*scene.stands, *obstacles), tuple(_divided(scene, body, poses))
            )
    return None


def _among(scene: Scene, way: Way, stays: Sequence[Piece]) -> Iterator[tuple[list[Obstacle], Millimetres]]:
    """Obstacles of one piece beside what stands in every piece's way, and the room that all leave: sparing the roots
    to be kept, then without them.
    """
    for spare in (True, False) if any(root in scene.kept for root, _ in scene.roots) else (False,):
        obstacles = scene.obstacles(way, stays, spare)
        yield obstacles, room_around(obstacles, scene.room, scene.theatre.step_mm)


def _one_way(scene: Scene, body: Body, way: Way, stays: Sequence[Piece]) -> OneWay:
    """In the plane, then freed; sparing the roots to be kept, then without."""
    step = scene.theatre.step_mm
    looked, last = 0, None
    obstacles: list[Obstacle] = []
    for obstacles, room in _among(scene, way, stays):
        for span in ranges_of(way, scene.axis, scene.settings):
            found = search(body, room, step, span, scene.settings)
            looked += found.looked
            if len(found.poses):
                least = least_along(scene, body, found.poses, Near(Box((0, 0, 0), room.shape), room))
                tried = Tried(way, True, least, looked, _because_found(found, span.free))
                return OneWay(tried, found, (*scene.stands, *obstacles), tuple(_divided(scene, body, found.poses)))
            last = found if last is None or found.turned_deg > last.turned_deg else last
    assert last is not None
    held = held_by(scene, body, way, last.farthest, (*scene.stands, *obstacles))
    return OneWay(Tried(way, False, None, looked, _because_not(way, last.turned_deg, held)), last, (), ())


def held_by(scene: Scene, body: Body, way: Way, pose: Array, obstacles: Sequence[Obstacle]) -> tuple[str, ...]:
    """The obstacles that a step on from `pose` presses into too far: a turn, or a move out where none is turned."""
    onward = np.zeros(6)
    if way in TURNED:
        turn = np.deg2rad(2.0 * scene.settings.turn_step_deg) * scene.axis
        onward[3:] = turn if way is Way.TURNED_LEFT else -turn
    else:
        onward[1] = 3.0 if way is Way.ANTERIORLY else -3.0
    seen = [(each, scene.near(each)) for each in obstacles]
    ways = np.stack([pose, pose + onward])
    deep = [
        (least_along(scene, body, ways, where) + each.yield_mm, each.name) for each, where in seen if where is not None
    ]
    return tuple(name for mm, name in sorted(deep) if mm < 0.0)


def _clearances(scene: Scene, body: Body, way: OneWay) -> Iterator[Clearance]:
    """To each obstacle that the path comes near."""
    doubt = scene.theatre.step_mm
    for obstacle in way.obstacles:
        seen = scene.near(obstacle)
        mm = None if seen is None else least_along(scene, body, way.found.poses, seen)
        if mm is not None and mm < SIGHT_MM:
            yield Clearance(obstacle.name, Measured(mm, mm - doubt, mm + doubt))


def least_along(scene: Scene, body: Body, poses: Array, seen: Near) -> float:
    """The least distance between body and obstacle along the path; from SIGHT_MM on a bound only."""
    step = scene.theatre.step_mm
    here = body.seen_from(np.array(seen.box.lower) * step)
    return along(here, seen.mm, step, poses, scene.settings.check_mm)


def _divided(scene: Scene, body: Body, poses: Array) -> Iterator[Root]:
    """Roots into which the path presses farther than they yield."""
    for root, obstacle in scene.roots:
        seen = scene.near(obstacle)
        if seen is not None and least_along(scene, body, poses, seen) < -obstacle.yield_mm:
            yield root


def _roots(theatre: Theatre, table: RemovalTable, settings: RemovalSettings) -> Iterator[tuple[Root, Obstacle]]:
    yields = table.root_yield_mm if settings.root_yield_mm is None else settings.root_yield_mm
    for root, mask in roots_of(theatre, table).items():
        yield root, Obstacle(root.name, mask, yields)


def _rod(theatre: Theatre, side: str, table: RemovalTable) -> Obstacle | None:
    mask = rod_on(theatre, side, table)
    return None if mask is None else Obstacle(f"rod-{side}", mask, theatre.touch_mm)


def _because_found(found: Found, freed: bool) -> str:
    turned = float(np.rad2deg(np.linalg.norm(found.poses[-1, 3:])))
    within = "with height and tilts freed" if freed else "in the axial plane"
    return f"a way out {within}" + (f", turned by {turned:.0f}°" if turned > 0.0 else "")


def _because_not(way: Way, turned_deg: float, held: Sequence[str]) -> str:
    turned = f": turned by {turned_deg:.0f}° at most" if way in TURNED else ""
    return NONE_FOUND + turned + (f", then held by {', '.join(held)}" if held else "")


def _says(piece: Piece, best: OneWay | None, clearances: Sequence[Clearance], tried: Sequence[Tried]) -> str:
    if best is None:
        return f"{piece.name}: a way out was not found: {NONE_FOUND} ({', '.join(each.way for each in tried)})"
    nearest = clearances[0] if clearances else None
    beside = "" if nearest is None else f"; {_near(nearest)}"
    roots = ", ".join(root.name for root in best.must_go)
    return f"{piece.name}: {best.tried.way}" + beside + (f"; divides {roots}" if roots else "")


def _near(nearest: Clearance) -> str:
    mm = nearest.distance_mm.value
    if round(mm, 1) < 0.0:
        return f"{nearest.structure} has to give way by {-mm:.1f} mm"
    return f"nearest it comes to {nearest.structure}: {abs(mm):.1f} mm"


def _corridor(scene: Scene, pieces: Sequence[Piece], out: Sequence[PieceRemoval]) -> float | None:
    """For the largest block that was turned."""
    turned = next((each for each in out if each.way in TURNED), None)
    if turned is None or turned.way is None:
        return None
    piece = next(piece for piece in pieces if piece.name == turned.piece)
    theatre = scene.theatre
    block = theatre.pieces == piece.label
    body = block & (theatre.part == Part.BODY)
    stays = [each for each in pieces if each.name.startswith(REMAINING)]
    masks = [each.mask for each in (*scene.stands, *scene.obstacles(turned.way, stays, spare_roots=False))]
    masks += [each.mask for root, each in scene.roots if root not in turned.roots_that_must_go and root in scene.kept]
    return round(corridor_mm(theatre, block, body if body.any() else block, masks, turned.way), 1)


def _reason(out: Sequence[PieceRemoval], table: RemovalTable) -> Step:
    facts = tuple(each.says for each in out)
    gives = "every piece gets out" if all(each.found for each in out) else NONE_FOUND
    return Step("removal/search", facts, gives, table.source, table.checked)


def _caveats(scene: Scene, out: Sequence[PieceRemoval]) -> Iterator[Caveat]:
    theatre = scene.theatre
    yield Caveat(
        "removal-modelled",
        "soft tissue other than vessels and roots is taken as held aside; pieces, dura and vessels are taken as rigid "
        "within what they yield",
    )
    if not theatre.no_go_is_sac:
        text = "the dural sac is not labelled: the whole canal stands in the way, which is wider"
        yield Caveat("removal-around-canal", text)
    if scene.roots:
        yield Caveat("roots-modelled", "nerve roots are not labelled: their course is modelled from the pedicles")
    if not theatre.ribs and any(level.value.startswith("T") for level in theatre.levels):
        yield Caveat("ribs-not-labelled", "no rib is labelled: ribs were left out of what stands in the way")
    if not theatre.vessels:
        yield Caveat("vessels-not-in-the-way", "no vessel is labelled: none was kept clear of")
    pressed = [root.name for each in out for root in each.roots_that_must_go if root in scene.kept]
    if pressed:
        text = f"no way was found that spares {', '.join(dict.fromkeys(pressed))}, which the release list keeps"
        yield Caveat("kept-root-in-the-way", text)
    stuck = [each.piece for each in out if not each.found]
    if stuck and stuck[0] != out[-1].piece:
        text = f"pieces after {stuck[0]} were searched as if it were out"
        yield Caveat("searched-as-if-out", text)
