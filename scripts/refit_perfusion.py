"""Fits the column to the calibration experiments again, prints how it does on all others, and writes the tables.

.venv/bin/python scripts/refit_perfusion.py            # print only
.venv/bin/python scripts/refit_perfusion.py --write    # and write knowledge/perfusion/parameters.toml, ensemble.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import enbloc
from enbloc.knowledge.perfusion_tables import experiments, root_outcomes
from enbloc.perfusion.calibrate import (
    FITTED,
    Compared,
    Fit,
    calibrate,
    compare,
    held_out,
    leave_one_out,
    rms,
    root_flows,
    sd_pct,
)
from enbloc.perfusion.ensemble import Ensemble, draw_ensemble, predict

FOLDER = Path(enbloc.__file__).parent / "knowledge" / "perfusion"
DIGITS = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the shipped tables")
    wanted = parser.parse_args()
    fit = calibrate()
    drawn = draw_ensemble(fit)
    sys.stdout.write("\n".join((fitted(fit), experiment_table(fit, drawn), nested_table(), "")))
    if wanted.write:
        (FOLDER / "parameters.toml").write_text(parameters_toml(fit, drawn), encoding="utf-8")
        (FOLDER / "ensemble.csv").write_text(ensemble_csv(drawn), encoding="utf-8")


def fitted(fit: Fit) -> str:
    numbers = ", ".join(f"{name} {getattr(fit, name):.4g}" for name in (*FITTED, "knee"))
    return f"fitted: {numbers}; squared misfit {fit.misfit:.2f} of 6 flows\n"


def experiment_table(fit: Fit, drawn: Ensemble) -> str:
    """Measured beside predicted, with the middle 90 % of the parameter sets."""
    spread = ranges(drawn)
    lines = [
        "| experiment | role | measured | predicted | 90 % of sets | error over SD |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [row(one, spread.get(one.experiment.id)) for one in compare(fit, experiments())]
    seen = {count: row.result for row in root_outcomes() for count in row.sets}
    lines += [
        f"| {count} sets of roots | held-out | {seen[count]} | {flow:.1f} | – | – |"
        for count, flow in root_flows(fit).items()
    ]
    by_group = {one.group: [] for one in held_out()}
    for one in compare(fit, held_out()):
        by_group[one.experiment.group].append(one)
    errors = ", ".join(f"{group} {rms(found):.1f}" for group, found in by_group.items())
    return "\n".join([*lines, "", f"RMS error of the held-out groups in points: {errors}", ""])


def ranges(drawn: Ensemble) -> dict[str, tuple[float, float]]:
    arteries = [one for one in experiments() if one.act == "arteries" and one.quantity != "cord-pressure"]
    found = predict(drawn.values, arteries)
    ends = [np.quantile(values, (0.05, 0.95)) for values in found]
    return {one.id: (float(low), float(high)) for one, (low, high) in zip(arteries, ends, strict=True)}


def row(one: Compared, spread: tuple[float, float] | None) -> str:
    e = one.experiment
    between = f"{spread[0]:.1f} to {spread[1]:.1f}" if spread else "–"
    over = f"{one.error_pct / sd_pct(e):+.2f}"
    return f"| {e.id} | {e.role} | {e.measured_pct:g} | {one.predicted_pct:.1f} | {between} | {over} |"


def nested_table() -> str:
    lines = [
        "| left out | structure chosen without it | RMS of the rest | measured | predicted | RMS |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in leave_one_out():
        measured = " / ".join(f"{c.experiment.measured_pct:g}" for c in one.compared)
        found = " / ".join(f"{c.predicted_pct:.1f}" for c in one.compared)
        errors = f"{one.rms_of_choice_pct:.1f} | {measured} | {found} | {rms(one.compared):.1f}"
        lines.append(f"| {one.group} | {one.structure} | {errors} |")
    return "\n".join(lines)


def parameters_toml(fit: Fit, drawn: Ensemble) -> str:
    numbers = [f"{name} = {getattr(fit, name):.{DIGITS}g}" for name in (*FITTED, "knee", "misfit")]
    return "\n".join(
        [
            "# Written by scripts/refit_perfusion.py --write; do not edit.",
            "# Conductances are relative to the pair of segmental arteries of a level.",
            "",
            "[fit]",
            'title = "Parameters of the arterial column, fitted to the calibration experiments of experiments.toml"',
            *numbers,
            'source = ["nambu2004", "ueda2005", "griffiths1973", "enbloc-decision"]',
            'checked = "unverified"',
            "",
            "[ensemble]",
            f"drawn = {drawn.drawn}",
            f"effective = {drawn.effective:.1f}",
            'source = "enbloc-decision"',
            'checked = "unverified"',
            "",
        ]
    )


def ensemble_csv(drawn: Ensemble) -> str:
    names = list(drawn.values)
    rows = zip(*(drawn.values[name] for name in names), strict=True)
    return "\n".join([",".join(names), *(",".join(f"{v:.{DIGITS}g}" for v in values) for values in rows), ""])


if __name__ == "__main__":
    main()
