"""How each piece leaves: a way through poses that is checked against everything that stays."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Part
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.geometry import Array, Box, Vector
from enbloc.core.side_by_side import side_by_side
from enbloc.knowledge.removal_tables import RemovalTable, removal_table
from enbloc.resection.body import Body, body_of
from enbloc.resection.clearance import Clearance
from enbloc.resection.corridor import corridor_mm
from enbloc.resection.field import Millimetres
from enbloc.resection.nouns import Piece
from enbloc.resection.obstacles import (
    SIGHT_MM,
    Distances,
    Near,
    Obstacle,
    open_room,
    rod_on,
    room_around,
    roots_of,
    standing,
)
from enbloc.resection.path import in_ras, swept, triple, wholly_out
from enbloc.resection.pieces import FRAGMENT, POSTERIOR, REMAINING
from enbloc.resection.removal_answers import BESIDE_IT, NONE_FOUND, SAME_WAY
from enbloc.resection.removal_nouns import Path, PieceRemoval, Removal, RemovalSettings, Root, Tried, Way
from enbloc.resection.theatre import Theatre
from enbloc.resection.ways import UP, Found, along, ranges_of, search

BY_DEFAULT = RemovalSettings()
TURNED = (Way.TURNED_LEFT, Way.TURNED_RIGHT)
BESIDE_MM = ((3.0, 0.0), (2.0, 2.0))
"""To the side of the turn, and ahead: by so much a way of another piece is moved where it is not free itself."""
ROD_SIDE = {Way.TURNED_LEFT: "right", Way.TURNED_RIGHT: "left"}


def taken_out(scene: Scene, pieces: Sequence[Piece], known: Sequence[PieceRemoval] | None = None) -> Removal:
    """How the pieces leave, the arches first, cranial to caudal, then the rest, the largest first.

    `known`: how the pieces of other cuts leave. Then the answer is a shorter one: where a piece of the same name may go
    one of the ways found, no other is searched; ways are searched only until one is found, from behind before to the
    front, and where the other piece had one not for more room; and distances to single structures are not told.
    """
    paths = None if known is None else {each.piece: each.paths for each in known}
    out = list(one_by_one(scene, pieces, paths))
    return Removal(
        pieces=tuple(out),
        corridor_mm=_corridor(scene, pieces, out),
        because=(_reason(out, removal_table()),),
        caveats=tuple(_caveats(scene, out)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What every piece of one plan shares. `room`: what `stands` leaves. `roots` with their obstacles; `rods` by the
    way that they stand against. `kept`: roots to be spared. `axis`: about which blocks are turned. `distances`: to
    what they share and to what is met on the way.
    """

    theatre: Theatre
    settings: RemovalSettings
    stands: tuple[Obstacle, ...]
    room: Millimetres
    roots: tuple[tuple[Root, Obstacle], ...]
    rods: Mapping[Way, Obstacle | None]
    kept: frozenset[Root]
    axis: Vector
    distances: Distances

    @classmethod
    def of(
        cls,
        theatre: Theatre,
        settings: RemovalSettings = BY_DEFAULT,
        roots_kept: tuple[Root, ...] = (),
        rod: bool = True,
        axis: Vector = UP,
        distances: Distances | None = None,
    ) -> Scene:
        """`roots_kept`: roots that no piece may run through unless nothing else is found. `rod`: a temporary rod holds
        the column on the side away from which a block is turned. `axis`: along the theatre's axes. `distances`: of the
        same patient with other pieces.
        """
        table = removal_table()
        distances = Distances(theatre.step_mm) if distances is None else distances
        stands = tuple(standing(theatre, table, settings))
        return cls(
            theatre,
            settings,
            stands,
            room_around(stands, open_room(theatre.owner.shape), distances),
            tuple(_roots(theatre, table, settings)),
            {way: _rod(theatre, side, table) for way, side in ROD_SIDE.items()} if rod else {},
            frozenset(roots_kept),
            axis,
            distances,
        )

    def with_pieces(self, theatre: Theatre, axis: Vector) -> Scene:
        """For other pieces of the same patient. Where they are together the same voxels, all that stays, stays."""
        distances = self.distances.beside()
        if theatre.owner is self.theatre.owner and np.array_equal(theatre.pieces > 0, self.theatre.pieces > 0):
            return replace(self, theatre=theatre, axis=axis, distances=distances)
        return Scene.of(theatre, self.settings, tuple(self.kept), bool(self.rods), axis, distances)

    def near(self, obstacle: Obstacle) -> Near | None:
        return self.distances.to(obstacle.name, obstacle.mask)

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
    scene: Scene, pieces: Sequence[Piece], known: Mapping[str, tuple[Path, ...]] | None
) -> Iterator[PieceRemoval]:
    """Each time the first piece that gets out past those that are left, arches before the rest; where none does, the
    first of them is told as not found and counts as out. `known`: as in `way_out`, by piece in the
    order in which those left, which is tried first.
    """
    left = list(in_order(pieces))
    if known is not None:
        before = list(known)
        left.sort(key=lambda piece: before.index(piece.name) if piece.name in known else len(before))
    while left:
        arches = [piece for piece in left if piece.name.startswith(POSTERIOR)]
        first: PieceRemoval | None = None
        for piece in arches or left[:1]:
            stays = [other for other in pieces if other in left or other.name.startswith(REMAINING)]
            stays = [other for other in stays if other is not piece]
            found = way_out(scene, piece, stays, None if known is None else known.get(piece.name, ()))
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
    yield from sorted(arches, key=lambda piece: [level.rank for level in piece.levels])
    yield from sorted((piece for piece in leaves if piece not in arches), key=lambda piece: -piece.volume_mm3)


def ways_for(piece: Piece) -> tuple[tuple[Way, ...], ...]:
    """In the order in which they are preferred; of those that stand together none comes before another."""
    if piece.name.startswith(POSTERIOR):
        return ((Way.DORSALLY,),)
    from_behind = (Way.DORSALLY, *TURNED) if piece.name.startswith(FRAGMENT) else TURNED
    return from_behind, (Way.ANTERIORLY,)


def way_out(scene: Scene, piece: Piece, stays: Sequence[Piece], known: Sequence[Path] | None = None) -> PieceRemoval:
    """Of all ways, sought two at a time, the best: from behind before from the front, then fewest kept roots divided,
    then the most room. `known`: see `taken_out`.
    """
    theatre = scene.theatre
    pivot = theatre.from_start(theatre.centre_mm)
    body = body_of(theatre.rigid(piece.label), theatre.step_mm, pivot)
    ways = ways_for(piece)
    if known is None:
        found = side_by_side(lambda way: _one_way(scene, body, way, stays), itertools.chain(*ways))
    else:
        found = tuple(_until_found(scene, body, ways, known, stays))
    ranked = sorted((each for each in found if each.tried.found), key=lambda each: _rank(scene, each))
    best = ranked[0] if ranked else None
    met = () if best is None or known is not None else _clearances(scene, body, best)
    clearances = sorted(met, key=lambda clearance: clearance.distance_mm.value)
    return PieceRemoval(
        piece=piece.name,
        found=best is not None,
        way=None if best is None else best.tried.way,
        about_mm=triple(theatre.frame.to_world(theatre.centre_mm)),
        poses=() if best is None else in_ras(theatre, best.found.poses),
        clearances=tuple(clearances),
        roots_that_must_go=() if best is None else best.must_go,
        tried=tuple(each.tried for each in found),
        says=_says(piece, best, clearances, [each.tried for each in found]),
        paths=tuple(Path(each.tried.way, each.found.poses) for each in ranked),
    )


def _until_found(
    scene: Scene, body: Body, ways: Sequence[Sequence[Way]], known: Sequence[Path], stays: Sequence[Piece]
) -> Iterator[OneWay]:
    def sought(way: Way) -> OneWay:
        return _one_way(scene, body, way, stays, first=bool(known), in_short=True)

    for together in ways:
        free = (_same_way(scene, body, path, stays) for path in known if path.way in together)
        same = next((each for each in free if each is not None), None)
        found = (same,) if same else side_by_side(sought, together)
        yield from found
        if any(each.tried.found for each in found):
            return


def _rank(scene: Scene, each: OneWay) -> tuple[bool, int, float, int]:
    kept = len(scene.kept.intersection(each.must_go))
    least = each.tried.least_mm if each.tried.least_mm is not None else 0.0
    return each.tried.way is Way.ANTERIORLY, kept, -round(least, 1), len(each.must_go)


def _same_way(scene: Scene, body: Body, path: Path, stays: Sequence[Piece]) -> OneWay | None:
    """The way that another piece may go, or one beside it, where this body may and spares the roots to be kept; gone on
    with until the body is wholly out.
    """
    theatre = scene.theatre
    ways = [wholly_out(body, path.way, poses, theatre.extent_mm) for poses in beside(path, scene.settings)]
    box = functools.reduce(Box.union, (swept(body, poses, theatre) for poses in ways))
    obstacles, room = next(_among(scene, path.way, stays, box))
    for poses in ways:
        least = along(body, room, theatre.step_mm, poses, scene.settings.check_mm)
        if least >= 0.0:
            tried = Tried(path.way, True, least, 0, SAME_WAY if poses is ways[0] else BESIDE_IT)
            return _told(scene, body, tried, Found(poses, 0, poses[-1]), obstacles)
    return None


def beside(path: Path, settings: RemovalSettings) -> Iterator[Array]:
    """The path, and a turn moved to its side, and ahead, as far as the settings let a piece go; all but its start, so
    that its straight way out keeps its direction.
    """
    yield path.poses
    if path.way not in TURNED or len(path.poses) < 3:
        return
    for aside_mm, ahead_mm in BESIDE_MM:
        poses = path.poses.copy()
        poses[1:, 0] += -aside_mm if path.way is Way.TURNED_LEFT else aside_mm
        poses[1:, 1] += ahead_mm
        far = np.abs(poses[:-1, :2]).max(axis=0)
        if far[0] <= settings.sideways_mm and far[1] <= settings.lengthways_mm:
            yield poses


def _among(
    scene: Scene, way: Way, stays: Sequence[Piece], box: Box | None = None
) -> Iterator[tuple[list[Obstacle], Millimetres]]:
    """Obstacles of one piece beside what stands in every piece's way, and the room that all leave: sparing the roots
    to be kept, then without them. `box`: where alone its own obstacles are
    looked at.
    """
    for spare in (True, False) if any(root in scene.kept for root, _ in scene.roots) else (False,):
        obstacles = scene.obstacles(way, stays, spare)
        yield obstacles, room_around(obstacles, scene.room, scene.distances, box)


def _one_way(
    scene: Scene, body: Body, way: Way, stays: Sequence[Piece], first: bool = False, in_short: bool = False
) -> OneWay:
    """In the plane, then freed; sparing the roots to be kept, then without. `first`: the first way found will do.
    `in_short`: what holds the body is not told.
    """
    step = scene.theatre.step_mm
    looked, last = 0, None
    obstacles: list[Obstacle] = []
    for obstacles, room in _among(scene, way, stays):
        for span in ranges_of(way, scene.axis, scene.settings):
            found = search(body, room, step, span, scene.settings, first=first)
            looked += found.looked
            if len(found.poses):
                least = least_along(scene, body, found.poses, Near(Box((0, 0, 0), room.shape), room))
                tried = Tried(way, True, least, looked, _because_found(found, span.free))
                return _told(scene, body, tried, found, obstacles)
            last = found if last is None or found.turned_deg > last.turned_deg else last
    assert last is not None
    held = () if in_short else held_by(scene, body, way, last.farthest, (*scene.stands, *obstacles))
    return OneWay(Tried(way, False, None, looked, _because_not(way, last.turned_deg, held)), last, (), ())


def _told(scene: Scene, body: Body, tried: Tried, found: Found, obstacles: Sequence[Obstacle]) -> OneWay:
    """A root that stood in the way and kept its room is not looked at again."""
    past = obstacles if tried.least_mm is not None and tried.least_mm >= 0.0 else ()
    roots = [(root, obstacle) for root, obstacle in scene.roots if obstacle not in past]
    return OneWay(tried, found, (*scene.stands, *obstacles), tuple(_divided(scene, body, found.poses, roots)))


def held_by(scene: Scene, body: Body, way: Way, pose: Array, obstacles: Sequence[Obstacle]) -> tuple[str, ...]:
    """The obstacles that a step on from `pose` presses into too far: a turn, or a move out where none is turned."""
    onward = np.zeros(6)
    if way in TURNED:
        turn = np.deg2rad(2.0 * scene.settings.turn_step_deg) * scene.axis
        onward[3:] = turn if way is Way.TURNED_LEFT else -turn
    else:
        onward[1] = 3.0 if way is Way.ANTERIORLY else -3.0
    ways = np.stack([pose, pose + onward])
    deep = [
        (least_along(scene, body, ways, where) + each.yield_mm, each.name)
        for each, where in _beside(scene, body, ways, obstacles)
    ]
    return tuple(name for mm, name in sorted(deep) if mm < 0.0)


def _clearances(scene: Scene, body: Body, way: OneWay) -> Iterator[Clearance]:
    """To each obstacle that the path comes near."""
    doubt = scene.theatre.step_mm
    beside = tuple(_beside(scene, body, way.found.poses, way.obstacles))
    distances = side_by_side(lambda one: least_along(scene, body, way.found.poses, one[1]), beside)
    for (obstacle, _), mm in zip(beside, distances, strict=True):
        if mm < SIGHT_MM:
            yield Clearance(obstacle.name, Measured(mm, mm - doubt, mm + doubt))


def _beside(scene: Scene, body: Body, poses: Array, obstacles: Sequence[Obstacle]) -> Iterator[tuple[Obstacle, Near]]:
    """Those that the path may come nearer than SIGHT_MM."""
    theatre = scene.theatre
    voxels = int(np.ceil(SIGHT_MM / theatre.step_mm)) + 1
    around = swept(body, poses, theatre).grown((voxels, voxels, voxels), theatre.shape)
    for obstacle in obstacles:
        seen = scene.near(obstacle) if obstacle.mask[around.slices].any() else None
        if seen is not None:
            yield obstacle, seen


def least_along(scene: Scene, body: Body, poses: Array, seen: Near) -> float:
    """The least distance between body and obstacle along the path; from SIGHT_MM on a bound only."""
    step = scene.theatre.step_mm
    here = body.seen_from(np.array(seen.box.lower) * step)
    return along(here, seen.mm, step, poses, scene.settings.check_mm)


def _divided(scene: Scene, body: Body, poses: Array, roots: Sequence[tuple[Root, Obstacle]]) -> Iterator[Root]:
    """Those into which the path presses farther than they yield."""
    named = {obstacle.name: root for root, obstacle in roots}
    for obstacle, seen in _beside(scene, body, poses, [obstacle for _, obstacle in roots]):
        if least_along(scene, body, poses, seen) < -obstacle.yield_mm:
            yield named[obstacle.name]


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
