"""Plan a case folder and print levels, extent, type with its reasons, and warnings; write the report beside it.

Usage: python plan_a_case.py CASE_FOLDER [REPORT.html]
"""

# ruff: noqa: INP001, T201 - a script that prints
from __future__ import annotations

import sys

import enbloc


def main(folder: str, report: str | None = None) -> None:
    case = enbloc.read_case(folder)
    plan = enbloc.plan(case, None if case.imaging is None else enbloc.load_images(case))

    for vertebra in plan.spine.levels:
        print(f"{vertebra.level:>6}  {'; '.join(vertebra.numbering.evidence)}")

    print(f"tumour {plan.tumour.volume_mm3 / 1000:.2f} mL at {', '.join(plan.tumour.levels)}")
    for row in plan.tumour.zones:
        print(f"{row.level:>6}  {row.zone:<14} {row.involvement:<9} {row.depth_mm:.1f} mm, noise {row.noise_mm:.1f} mm")

    print(enbloc.why(plan, "tumour.tomita_type"))
    for warning in plan.warnings:
        print(f"! {warning.text}")
    if report is not None:
        enbloc.write_report(plan, report)


if __name__ == "__main__":
    main(*sys.argv[1:])
