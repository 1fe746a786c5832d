"""Body collapse: the heights of a body against what its neighbours' heights lead one to expect."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from enbloc.anatomy import LevelMorphometry
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.levels import Level, are_neighbours, missing_between
from enbloc.knowledge import SinsReading, sins_reading
from enbloc.tumour.extent import Extent, Involvement, Zone
from enbloc.tumour.sins import StabilityItem, read_item, scored, unread

ITEM = "body-collapse"
DECIDING = ("anterior", "middle")
"""A body that gives way loses height here; a low posterior wall alone is the natural shape of L5."""
STATIONS = (*DECIDING, "posterior")

Sizes = Mapping[Level, LevelMorphometry]


@dataclass(frozen=True, slots=True)
class References:
    """The sound neighbours that heights are compared with, nearest above and nearest below, and those passed over."""

    found: tuple[Level, ...]
    passed_over: tuple[tuple[Level, str], ...]


def collapse_item(level: Level, sizes: Sequence[LevelMorphometry], extent: Extent) -> StabilityItem:
    by_level = {row.level: row for row in sizes}
    if level not in by_level:
        return unread(ITEM, Caveat("height-not-measured", left_out(level)))
    rule = sins_reading()
    references = find_references(level, by_level, extent, rule)
    losses = lost_heights(level, by_level, references.found, rule)
    deciding = [losses[name] for name in DECIDING if name in losses]
    if not deciding:
        return unread(ITEM, Caveat("height-not-measured", not_measured(level, references)))
    loss = greatest(deciding, complete=len(deciding) == len(DECIDING))
    filled = body_share(level, extent, rule)
    answer = best_option(loss.value, filled.value, rule)
    return read_item(
        ITEM,
        answer,
        () if is_too_tall(by_level[level]) else possible_options(loss, filled, rule),
        because=reasons(level, answer, loss, filled, references),
        measured={
            "lost_share": loss,
            "body_filled_share": filled,
            **{f"{name}_lost_share": v for name, v in losses.items()},
        },
        caveats=tuple(collapse_caveats(by_level[level], loss, losses, references, rule)),
    )


def find_references(level: Level, sizes: Sizes, extent: Extent, rule: SinsReading) -> References:
    """On each side the first body that holds no tumour, is of a height that adults have, and is not itself much lower
    than the next such body beyond it.
    """
    ladder = sorted((row for row in sizes if row.in_scope or row is level), key=lambda row: row.rank)
    place = ladder.index(level)
    diseased = {row.level for row in extent.zones if row.zone is Zone.BODY and row.involvement is Involvement.INVOLVED}
    found, passed_over = [], []
    for side in (ladder[:place][::-1], ladder[place + 1 :]):
        for n, other in enumerate(side):
            beyond = next((far for far in side[n + 1 :] if far not in diseased and not is_outlier(sizes[far])), None)
            if other in diseased:
                passed_over.append((other, "holds tumour in its body"))
            elif is_outlier(sizes[other]):
                passed_over.append((other, "has a height outside what is expected"))
            elif beyond is not None and looks_low(sizes[other], sizes[beyond], rule):
                passed_over.append((other, f"is itself much lower than {beyond}"))
            elif height(sizes[other], "anterior") is None and height(sizes[other], "middle") is None:
                passed_over.append((other, "has no measurable height"))
            else:
                found.append(other)
                break
    return References(tuple(found), tuple(passed_over))


def is_outlier(row: LevelMorphometry) -> bool:
    """Whether a deciding height lies outside what adults of its level are expected to measure."""
    names = [f"{name}_body_height_mm" for name in DECIDING]
    return any(one.outside for one in row.expected if one.measure in names)


def is_too_tall(row: LevelMorphometry) -> bool:
    """Whether a deciding height lies above what is expected. One below it is what collapse looks like, and no doubt."""
    heights = {f"{name}_body_height_mm": height(row, name) for name in DECIDING}
    tall = ((one, heights.get(one.measure)) for one in row.expected if one.outside)
    return any(found is not None and found.low > one.high for one, found in tall)


def looks_low(row: LevelMorphometry, beyond: LevelMorphometry, rule: SinsReading) -> bool:
    """Whether a deciding height is below the next body's by more than neighbours differ and collapse begins."""
    pairs = [(height(row, name), height(beyond, name)) for name in DECIDING]
    least = 1.0 - rule.none_below - rule.neighbour_variation
    return any(a.value < least * b.value for a, b in pairs if a is not None and b is not None)


def height(row: LevelMorphometry, station: str) -> Measured | None:
    return {
        "anterior": row.anterior_body_height_mm,
        "middle": row.middle_body_height_mm,
        "posterior": row.posterior_body_height_mm,
    }[station]


def lost_heights(level: Level, sizes: Sizes, references: Sequence[Level], rule: SinsReading) -> dict[str, Measured]:
    """Share of height lost at each station that can be compared: like with like, so that a natural wedge is none.

    The interval adds in squares what is independent: the doubt of the level's height, of its neighbours', and how far
    neighbours differ in nature.
    """
    found = {}
    for station in STATIONS:
        own = height(sizes[level], station)
        expected = expected_height(level, sizes, references, station, rule)
        if own is not None and expected is not None:
            left = own.value / expected.value
            doubt = left * math.hypot(relative_doubt(own), relative_doubt(expected))
            found[station] = Measured(1.0 - left, 1.0 - left - doubt, 1.0 - left + doubt)
    return found


def expected_height(
    level: Level, sizes: Sizes, references: Sequence[Level], station: str, rule: SinsReading
) -> Measured | None:
    """Interpolated by steps along the column; with one neighbour, its height, the less sure the farther it is."""
    near = [(len(missing_between(level, other)) + 1, height(sizes[other], station)) for other in references]
    known = [(steps, found) for steps, found in near if found is not None]
    if not known:
        return None
    total = sum(1.0 / steps for steps, _ in known)
    value = sum(found.value / steps for steps, found in known) / total
    own = math.hypot(*(relative_doubt(found) * found.value / steps for steps, found in known)) / total
    nature = rule.neighbour_variation if len(known) == 2 else rule.one_sided_variation * known[0][0]
    doubt = math.hypot(own, nature * value)
    return Measured(value, value - doubt, value + doubt)


def relative_doubt(size: Measured) -> float:
    """Half the interval, as a share of the value."""
    return 0.5 * (size.high - size.low) / size.value


def greatest(losses: Sequence[Measured], *, complete: bool) -> Measured:
    """The greatest loss; where a deciding height is missing, nothing bounds it from above."""
    high = max(loss.high for loss in losses) if complete else 1.0
    return Measured(max(loss.value for loss in losses), max(loss.low for loss in losses), high)


def body_share(level: Level, extent: Extent, rule: SinsReading) -> Measured:
    """Share of the body that tumour fills."""
    row = next((row for row in extent.zones if row.level is level and row.zone is Zone.BODY), None)
    share = 0.0 if row is None or row.share is None else min(1.0, row.share)
    low, high = (1.0 - rule.filled_doubt) * share, (1.0 + rule.filled_doubt) * share
    return Measured(share, low, min(1.0, high))


def best_option(loss: float, filled: float, rule: SinsReading) -> str:
    if loss > rule.half + rule.half_rounding:
        return "over-half"
    if loss >= rule.none_below:
        return "under-half"
    return "body-involved" if filled > rule.involved else "none"


def possible_options(loss: Measured, filled: Measured, rule: SinsReading) -> Collection[str]:
    """Every option that a loss and a share within their intervals could give."""
    losses = [loss.low, loss.value, loss.high]
    losses += [edge for edge in (rule.none_below, rule.half) if loss.low <= edge <= loss.high]
    return {best_option(lost, share, rule) for lost in losses for share in (filled.low, filled.value, filled.high)}


def reasons(level: Level, answer: str, loss: Measured, filled: Measured, references: References) -> tuple[Step, ...]:
    against = " and ".join(references.found)
    facts = [f"{level} has lost {percent(loss)} of its height against {against}"]
    if answer in ("none", "body-involved"):
        facts.append(f"tumour fills {percent(filled)} of its body")
    return scored(ITEM, answer, tuple(facts))


def percent(share: Measured) -> str:
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f} %)"


def collapse_caveats(
    row: LevelMorphometry, loss: Measured, losses: Mapping[str, Measured], references: References, rule: SinsReading
) -> Iterator[Caveat]:
    level = row.level
    if is_too_tall(row):
        text = f"{level} is taller than expected of adults: perhaps a fault of the label, so every option is open"
        yield Caveat("own-height-outlier", text)
    if abs(loss.value - rule.half) <= rule.half_rounding:
        half = f"{100 * rule.half:g} %"
        text = f"{level} has lost {half} of its height, which the score does not define: taken as less than {half}"
        yield Caveat("collapse-exactly-half", text)
    for other, why in references.passed_over:
        yield Caveat("neighbour-passed-over", f"{other} {why}, so heights are not compared with it")
    if len(references.found) == 1:
        yield Caveat("one-sided-comparison", f"only {references.found[0]} could be compared with: less sure")
    if any(not are_neighbours(level, other) for other in references.found):
        yield Caveat("distant-comparison", "no sound neighbour is next to the level: less sure")
    missing = [name for name in DECIDING if name not in losses]
    if missing:
        yield Caveat(
            "height-not-measured", f"the {missing[0]} height could not be measured, so the loss may be greater"
        )


def left_out(level: Level) -> str:
    if level.region == "sacral":
        return f"heights of sacral bodies are not measured, and {level} is one"
    return f"the body of {level} has no frame to measure heights in"


def not_measured(level: Level, references: References) -> str:
    if not references.found:
        return f"no sound body beside {level} is in view to compare its height with"
    return f"neither anterior nor middle height of {level} could be measured"
