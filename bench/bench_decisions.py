"""Imageless cases planned in one process: time, memory, and that every recommendation has a reason.

The cases are random, every field known or unknown, with a fixed seed; none is planned twice.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from typing import Any

from ledger import Figures, headline, share, table, timed

CASES, SMALL = 10_000, 200
PLAN_S = 20.0
LEVELS = [f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)]
ZONES = ("body", "pedicle-left", "pedicle-right", "arch", "canal", "paravertebral")
YES_NO = (True, False)
CHOICES: dict[str, dict[str, tuple[Any, ...]]] = {
    "extent": {
        "adjacent_vertebra": YES_NO,
        "skip_lesion": (False, False, True),
        "encapsulated": YES_NO,
        "healthy_cut": YES_NO,
        "major_vessel_involved": YES_NO,
        "segmental_artery_involved": YES_NO,
    },
    "tumour": {
        "kind": ("metastasis", "metastasis", "primary-malignant", "primary-benign"),
        "histology": ("renal-cell-carcinoma", "breast-carcinoma", "lung-carcinoma", "chordoma", "giant-cell-tumour"),
        "growth": ("slow", "moderate", "rapid"),
        "enneking_stage": ("S1", "S2", "S3", "IA", "IB", "IIA", "IIB", "III"),
    },
    "status": {
        "ecog": (0, 1, 2, 3, 4),
        "kps": (20, 40, 60, 80, 100),
        "frankel": ("A", "B", "C", "D", "E"),
        "visceral_metastases": ("none", "treatable", "untreatable"),
        "bone_metastases": ("isolated", "multiple"),
        "epidural_grade": ("0", "1a", "1b", "1c", "2", "3"),
        "radiosensitivity": ("sensitive", "intermediate", "resistant"),
        "tolerates_surgery": YES_NO,
        "myelopathy": YES_NO,
        "pain": ("mechanical", "occasional", "none"),
        "albumin_g_dl": (2.9, 3.6, 4.2),
        "vertebral_metastases": (1, 2, 4),
        "extraspinal_bone_metastases": (0, 1, 5),
    },
    "history": {"prior_radiotherapy": YES_NO, "prior_surgery": YES_NO},
    "vessels": {"adamkiewicz": ("T9-left", "T10-left", "L1-left")},
}


def random_case(rng: random.Random, number: int) -> dict[str, Any]:
    """A case in which each fact is known with probability 0.7; levels and zones always."""
    case: dict[str, Any] = {"schema": "enbloc.case/1", "id": f"case-{number}"}
    for section, keys in CHOICES.items():
        case[section] = {key: rng.choice(values) for key, values in keys.items() if rng.random() < 0.7}
    first = rng.randrange(len(LEVELS))
    case["extent"]["levels"] = LEVELS[first : first + rng.choice((1, 1, 1, 2, 3))]
    case["extent"]["zones"] = rng.sample(ZONES, rng.randint(1, 5))
    return case


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--smoke", action="store_true", help="a few cases only")
    asked.add_argument("--cases", type=int, default=CASES)
    given = asked.parse_args()
    count = SMALL if given.smoke else given.cases

    from enbloc.case import Case
    from enbloc.planning import Settings, plan

    headline(f"{count} imageless cases in one process")
    rng = random.Random(4)
    cases = [Case.model_validate(random_case(rng, number)) for number in range(count)]
    without_flow = Settings(perfusion=False)
    actions: Counter[str] = Counter()
    unexplained = 0
    with timed() as cost:
        for case in cases:
            advice = plan(case, settings=without_flow).advice
            actions[advice.tes.action] += 1
            unexplained += sum(
                not any(step.source for step in getattr(advice, name).because) for name in advice.__dataclass_fields__
            )
    peak = "unknown" if cost.peak_mib is None else f"{cost.peak_mib:.0f}"
    table(
        ("cases", "wall s", "CPU s", "ms a case", "growth MiB"),
        [(count, f"{cost.wall_s:.2f}", f"{cost.cpu_s:.2f}", f"{1000 * cost.wall_s / count:.2f}", peak)],
    )
    table(("TES", "cases"), [(name, share(found, count)) for name, found in actions.most_common()])
    figures = Figures(given.smoke)
    figures.figure("time", f"{cost.wall_s:.2f} s", f"under {PLAN_S:g} s", cost.wall_s < PLAN_S, is_time=True)
    figures.figure("recommendations without a sourced step", str(unexplained), "0", unexplained == 0)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
