"""Blood flow, loss and shortening in the tree of reasons: what each comes to, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from enbloc.planning.tree import Branch, step_branch
from enbloc.planning.why_cuts import Found, Show, in_mm, steps


def blood_branches(part: Found, name: str) -> tuple[Branch, ...] | None:
    """The branches of perfusion, shortening or a part of one, read from plan.json; None for anything else."""
    for keys, show in SHOWN:
        if keys <= part.keys():
            return tuple(show(part, name))
    return None


def perfusion(part: Found, name: str) -> Iterator[Branch]:
    under = f"{name}." if name else ""
    closed = ", ".join(part["embolised"]) or "no artery proposed"
    if part["outside"] is None:
        low, high = part["cord_flow_ci_pct"]
        cord = f"cord {part['cord_flow_pct']:.0f} % ({low:.0f} to {high:.0f})"
        flows = f"vertebra {part['vertebra_flow_pct']:.0f} %, {cord}"
    else:
        flows = f"no flow is given, {part['outside']}"
    open_ = (Branch(f"left open: {one['artery']}, {one['because']}") for one in part["left_open"])
    options = (each for i, one in enumerate(part["options"]) for each in option(one, f"{under}options.{i}"))
    handled = part["cord_handling"]["findings"]
    parts = [
        *evoked(part["evoked_potentials"], f"{under}evoked_potentials"),
        *(pressure(part["pressure"], f"{under}pressure") if part["pressure"] else ()),
        *options,
        *loss(part["blood_loss"], f"{under}blood_loss"),
        *(each for i, one in enumerate(handled) for each in handling(one, f"{under}cord_handling.findings.{i}")),
    ]
    said = (*steps(part), *map(step_branch, part["why_three"]), *open_, *parts, *notes(part["warnings"]))
    yield Branch(f"{name or 'perfusion'}: close {closed}: {flows}", said)


def option(part: Found, name: str) -> Iterator[Branch]:
    vertebra, cord = part["vertebra_flow_pct"], part["cord_flow_pct"]
    flows = f"vertebra {percent(vertebra)}, cord {percent(cord)}" if vertebra and cord else str(part["outside"])
    yield Branch(f"{name} ({part['title']}): {flows}", (*steps(part), *notes(part["warnings"])))


def evoked(part: Found, name: str) -> Iterator[Branch]:
    below = ", ".join(f"{share:.0%} below {at:.0f} %" for at, share in part["below"])
    yield Branch(f"{name}: of the model's samples {below or 'none is counted'}", tuple(steps(part)))


def pressure(part: Found, name: str) -> Iterator[Branch]:
    flow = part["cord_flow_pct"]
    left = part["outside"] if flow is None else f"the model leaves {percent(flow)} to the cord"
    yield Branch(f"{name}: at {part['systolic_mmhg']:g} mmHg systolic {left}", tuple(steps(part)))


def loss(part: Found, name: str) -> Iterator[Branch]:
    found = part["blood_loss_ml"]
    text = f"{name}: {found['value']:.0f} ml, nine operations in ten between {found['low']:.0f} and {found['high']:.0f}"
    unknown = (Branch(one) for one in part["missing"])
    yield Branch(text, (*steps(part), *unknown, *notes(part["caveats"])))


def handling(part: Found, name: str) -> Iterator[Branch]:
    yield Branch(f"{name} ({part['weight']}): {part['says']}", (*steps(part), *notes(part["caveats"])))


def shortening(part: Found, name: str) -> Iterator[Branch]:
    safe, danger = part["safe_mm"], part["warning_mm"]
    text = "limits not known" if safe is None else f"safe to {in_mm(safe)}, danger beyond {in_mm(danger)}"
    if part["phase"] is not None:
        text += f"; planned {part['planned_mm']:g} mm, phase {part['phase']}"
    if part["cord_flow_pct"] is not None:
        text += f", cord flow {percent(part['cord_flow_pct'])} of before"
    sac = sac_slack(part["dura"], f"{name}.dura" if name else "dura") if part["dura"] else ()
    unknown = (Branch(one) for one in part["missing"])
    yield Branch(f"{name or 'shortening'}: {text}", (*steps(part), *sac, *unknown, *notes(part["caveats"])))


def sac_slack(part: Found, name: str) -> Iterator[Branch]:
    yield Branch(f"{name}: slack at the earliest from {in_mm(part['onset_mm'])}", tuple(steps(part)))


def notes(caveats: list[dict[str, Any]]) -> Iterator[Branch]:
    yield from (Branch(f"note {caveat['id']}: {caveat['text']}") for caveat in caveats)


def percent(found: dict[str, Any]) -> str:
    return f"{found['value']:.0f} % ({found['low']:.0f} to {found['high']:.0f})"


SHOWN: tuple[tuple[frozenset[str], Show], ...] = (
    (frozenset({"verdict", "embolised", "why_three"}), perfusion),
    (frozenset({"kind", "embolised", "cord_change_pct"}), option),
    (frozenset({"below", "abnormal"}), evoked),
    (frozenset({"knee_map_mmhg", "paper_says"}), pressure),
    (frozenset({"shares", "spread_cv"}), loss),
    (frozenset({"weight", "says", "because"}), handling),
    (frozenset({"safe_mm", "possible_phases"}), shortening),
    (frozenset({"onset_mm", "free_length_mm"}), sac_slack),
)
"""The keys that each kind is known by."""
