"""What the planner is asked, read and checked; and which arteries the rule closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from enbloc.core.errors import InputError, nearest
from enbloc.core.levels import Level, is_level
from enbloc.knowledge.blood_loss_tables import remark
from enbloc.knowledge.perfusion_tables import column_levels, embolisation_head
from enbloc.perfusion.column import Site
from enbloc.perfusion.nouns import SIDES, Occlusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A checked question.

    `levels`: the column, cranial first. `wanted`: sites to be closed before the operation, by the rule or as asked
    (`asked`). `feeders`: sites known to feed the cord, the Adamkiewicz artery first; None when nobody looked.
    """

    levels: tuple[str, ...]
    resected: tuple[Level, ...]
    wanted: tuple[Site, ...]
    asked: bool
    feeders: tuple[Site, ...] | None
    close_feeders: bool
    systolic_mmhg: float | None
    occlusion: Occlusion
    histology: str | None

    @property
    def resected_sites(self) -> frozenset[Site]:
        return frozenset((level.value, side) for level in self.resected for side in (0, 1))

    def left_open(self) -> tuple[Site, ...]:
        """Wanted sites of levels where an artery feeds the cord: both sides of such a level are left alone."""
        known = () if self.close_feeders else self.feeders or ()
        levels = {level for level, _ in known}
        return tuple(site for site in self.wanted if site[0] in levels)

    def beside_feeders(self) -> tuple[Site, ...]:
        """Of the sites left open, those that do not feed the cord themselves."""
        return tuple(site for site in self.left_open() if site not in (self.feeders or ()))

    def embolised(self) -> tuple[Site, ...]:
        left = self.left_open()
        return tuple(site for site in self.wanted if site not in left)

    def closed(self) -> frozenset[Site]:
        """What has no inflow from the aorta when the vertebra is taken: embolised, or tied in the operation."""
        return frozenset(self.embolised()) | self.resected_sites


def read_request(
    resected: Sequence[Level | str],
    *,
    embolised: Sequence[str] | None,
    cord_feeders: Sequence[str] | None,
    adamkiewicz: str | None,
    systolic_mmhg: float | None,
    occlusion: Occlusion | str,
    histology: str | None,
    close_feeders: bool,
) -> Request:
    """Raises InputError naming the argument at fault."""
    taken = read_levels(resected)
    named = [*taken, *(Level(site[0]) for site in read_sites(embolised or (), "embolised"))]
    levels = levels_with(named)
    wanted = read_sites(embolised, "embolised") if embolised is not None else rule_sites(levels, taken)
    if not wanted:
        raise InputError("names no artery", field="embolised", hint="leave it out to close what the rule closes")
    return Request(
        levels=levels,
        resected=taken,
        wanted=tuple(sorted(wanted, key=lambda site: (levels.index(site[0]), site[1]))),
        asked=embolised is not None,
        feeders=read_feeders(cord_feeders, adamkiewicz),
        close_feeders=close_feeders,
        systolic_mmhg=read_pressure(systolic_mmhg),
        occlusion=read_occlusion(occlusion),
        histology=histology,
    )


def read_levels(names: Sequence[Level | str]) -> tuple[Level, ...]:
    if isinstance(names, str):
        raise InputError("is one word, not a list of levels", field="resected", hint=f"[{names!r}]")
    if not names:
        raise InputError("names no level", field="resected", hint="the vertebrae to be taken, as T12")
    found = [read_level(name, "resected") for name in names]
    for level in found:
        if found.count(level) > 1:
            raise InputError(f"{level} stands twice", field="resected")
    return tuple(sorted(found, key=lambda level: level.rank))


def read_level(name: Level | str, field: str) -> Level:
    try:
        level = Level(name)
    except ValueError:
        raise InputError(f"{name!r} is no vertebra", field=field, hint=nearest(str(name), list(Level))) from None
    if not level.in_scope:
        raise InputError(
            f"{level} is {level.region}: it has no segmental artery of this kind, and no experiment closed one there",
            field=field,
            hint="thoracic and lumbar levels only",
        )
    return level


def read_sites(names: Sequence[str], field: str) -> tuple[Site, ...]:
    """`T11-left`, or `T11` for both sides."""
    found: dict[Site, None] = {}
    for name in names:
        level, _, side = str(name).partition("-")
        if side and side not in SIDES:
            raise InputError(f"{name!r} names no side", field=field, hint=f"{level}-left or {level}-right")
        read = read_level(level, field)
        found |= dict.fromkeys((read.value, SIDES.index(one)) for one in ((side,) if side else SIDES))
    return tuple(found)


def read_feeders(cord_feeders: Sequence[str] | None, adamkiewicz: str | None) -> tuple[Site, ...] | None:
    if cord_feeders is None and adamkiewicz is None:
        return None
    great = () if adamkiewicz is None else (adamkiewicz,)
    for name in great:
        if "-" not in name:
            raise InputError(f"{name!r} names no side", field="adamkiewicz", hint=f"{name}-left or {name}-right")
    found = (*read_sites(great, "adamkiewicz"), *read_sites(cord_feeders or (), "cord_feeders"))
    return tuple(dict.fromkeys(found))


def read_pressure(systolic_mmhg: float | None) -> float | None:
    if systolic_mmhg is None:
        return None
    most = remark("pressure").most_mmhg
    if not isfinite(systolic_mmhg) or not 0.0 < systolic_mmhg <= most:
        raise InputError(
            f"{systolic_mmhg:g} mmHg is no blood pressure of a patient under anaesthesia",
            field="systolic_mmhg",
            hint=f"above 0, at most {most:g}",
        )
    return float(systolic_mmhg)


def read_occlusion(occlusion: Occlusion | str) -> Occlusion:
    try:
        return Occlusion(occlusion)
    except ValueError:
        raise InputError(
            f"{occlusion!r} is no way to close an artery", field="occlusion", hint=", ".join(Occlusion)
        ) from None


def levels_with(named: Sequence[Level]) -> tuple[str, ...]:
    """The usual column, and the supernumerary levels that are named."""
    usual = column_levels("human")
    return tuple(sorted({*usual, *(level.value for level in named)}, key=order))


def order(name: str) -> int:
    """Position of a level; S2 and below, which only continue the column, come last."""
    return Level(name).rank if is_level(name) else len(Level) + int(name[1:])


def rule_sites(levels: tuple[str, ...], resected: tuple[Level, ...]) -> tuple[Site, ...]:
    """Both sides of the resected levels and of as many neighbours above and below as the rule closes."""
    reach = int(embolisation_head()["neighbours"])
    places = [levels.index(level.value) for level in resected]
    wanted = sorted({i + step for i in places for step in range(-reach, reach + 1)})
    names = [levels[i] for i in wanted if 0 <= i < len(levels) and Level(levels[i]).in_scope]
    return tuple((name, side) for name in names for side in (0, 1))


def artery(site: Site) -> str:
    return f"{site[0]}-{SIDES[site[1]]}"


def risk_zone() -> frozenset[str]:
    return frozenset(embolisation_head()["risk_zone"])
