"""What must be released, what the saw may do and what stays, for the resections made by hand: T12, all four cuts.

The numbers are round ones that agree with each other, and nothing here was computed by what it tests.
"""

from __future__ import annotations

from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.levels import Level
from enbloc.resection.release_nouns import BY_LEVEL, INFERRED, LABELLED, Release
from enbloc.resection.risk import ArmCheck, Contamination, CutRisk, ExecutionRisk, Shares

CLEAR = Measured(0.62, 0.61, 0.63)


def releases() -> tuple[Release, ...]:
    """Two ribs before the saw, one ligament with the arch, one root kept before the body moves."""
    return (
        release(
            1, "approach", "rib-right-12-sawn", "rib shaft", "saw", side="right", keeps="anterior-block",
            basis=LABELLED, point_mm=(40.0, -30.0, 0.0), says="the stump stays with the specimen",
            caveats=(Caveat("rib-gap", "the label ends 3.0 mm short of the joint"),),
        ),
        release(2, "approach", "rib-left-12-out", "costovertebral joint", "cut", side="left", basis=INFERRED),
        release(3, "arch", "flavum-T12", "yellow ligament", "cut", frees=("posterior-arch",)),
        release(4, "block", "root-left-T12", "nerve root", "keep", side="left", checked="unverified"),
    )  # fmt: skip


def release(order: int, stage: str, name: str, structure: str, action: str, **more) -> Release:
    values = {
        "level": Level.T12,
        "side": None,
        "row": name.rpartition("-")[0],
        "frees": ("anterior-block",),
        "keeps": None,
        "basis": BY_LEVEL,
        "point_mm": None,
        "says": "",
        "source": "tomita2006",
        "checked": "secondary",
        "caveats": (),
    }
    return Release(name, order, stage, structure=structure, action=action, **{**values, **more})


def execution(names: tuple[str, ...]) -> ExecutionRisk:
    """The first cut is the likeliest to enter tumour, the others are as good as safe; 6 of 10 plans hold."""
    return ExecutionRisk(
        guidance="freehand",
        samples=10_000,
        seed=1,
        cuts=tuple(
            CutRisk(name, 4.75, Measured(0.65, 0.64, 0.66) if i == 0 else Measured(0.99, 0.985, 0.993), 8.5, -3.5)
            for i, name in enumerate(names)
        ),
        no_tumour_cut_probability=CLEAR if names else None,
        margin_for_95_mm=9.5 if names else None,
        shares=Shares(0.25, 0.7, 0.05) if names else Shares(0.0, 0.0, 0.0),
        label_shift_mm=0.5,
        label_growth_mm=1.0,
        thinning_mm=0.1,
        because=(Step("saw-error/offset", ("freehand",), "SD 5 mm", "pubmed32761627", "secondary"),),
        caveats=(Caveat("saw-error-not-of-spine", "saw error comes from pelvis, sacrum and knee"),),
    )


def contamination(area_mm2: float = 0.0) -> Contamination:
    """100 cells for each mm² of tumour that was cut; half of the animals at the top of the scale."""
    clean = area_mm2 == 0.0
    return Contamination(
        tool="t-saw",
        intralesional_area_mm2=area_mm2,
        cells=100.0 * area_mm2,
        take_scale=Measured(0.0, 0.0, 0.0) if clean else Measured(0.5, 0.3, 0.7),
        scale_says="fitted to animals",
        residual_mm3=0.0,
        residual_says="no tumour stays by the plan",
        contamination_says="no cut enters tumour" if clean else "cells are spread along the cut",
        rinse=() if clean else ("double-rinse-water",),
        arms=(ArmCheck("t-saw", 100.0, 0.5, 0.5, 0.4, Measured(0.5, 0.2, 0.8), Measured(0.5, 0.3, 0.7)),),
        because=(Step("contamination/one-hit", (f"{area_mm2:.1f} mm²",), "one hit", "abdelwanis2001", "secondary"),),
        caveats=() if clean else (Caveat("take-is-no-risk", "a scale from mice, not a patient's risk"),),
    )
