"""How likely the cuts, sawn as surgeons saw, stay out of tumour: seeded draws of saw, frame and outline errors.

One draw holds a displacement that all cuts share (a shift, and a turn about the middle of all sections), an offset and
two tilts for each cut, and an error of the outline (shifted as a whole, grown or shrunk). A cut enters tumour when any
point of its displaced section comes nearer than half the kerf. All errors are normal and independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.geometry import Array
from enbloc.knowledge import LabelError, SawError, label_error, saw_error, saw_errors
from enbloc.resection.binomial import clopper_pearson
from enbloc.resection.execution_kernels import displaced_margins, steepest
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import Cut
from enbloc.resection.risk import ChooseBy, CutRisk, ExecutionRisk, ExecutionSettings, Ranked, Shares
from enbloc.resection.section_points import COVERING, SectionPoints, section_points
from enbloc.resection.threads import in_parts

BY_DEFAULT = ExecutionSettings()
AIM = 0.95
FOR_SHARES = 500
"""Draws for telling the causes apart."""
OUTLINE_MM = 0.15
"""A cut's outline was simplified by less than this."""


@dataclass(frozen=True, slots=True)
class Errors:
    """SDs of one kind of operation: mm along, degrees about. The shared part along and about each axis of space."""

    shared_mm: float = 0.0
    shared_deg: float = 0.0
    offset_mm: float = 0.0
    angle_deg: float = 0.0
    shift_mm: float = 0.0
    growth_mm: float = 0.0


def errors_of(saw: SawError, label: LabelError, voxel_mm: float) -> Errors:
    return Errors(
        saw.systematic_offset_mm,
        saw.systematic_angle_deg,
        saw.random_offset_mm,
        saw.random_angle_deg,
        label.shift_voxels * voxel_mm,
        label.growth_voxels * voxel_mm,
    )


def execution_risk(
    field: OperativeField, cuts: Sequence[Cut], settings: ExecutionSettings = BY_DEFAULT, errors: Errors | None = None
) -> ExecutionRisk:
    """The probability that no cut enters tumour. `errors`: in place of those of the tables.

    The result depends on the settings' seed and not on how many threads there are. Raises InputError for a guidance
    that the table does not hold and for a number of samples or a pitch that is not positive.
    """
    saw = saw_error(settings.guidance)
    check(settings)
    if errors is None:
        errors = errors_of(saw, label_error(), field.voxel_mm)
    sawn = [cut for cut in cuts if len(cut.polygon_mm) >= 3]
    trial = Trial.of(field, sawn, settings.pitch_mm)
    planned, margins = carried_out(trial, errors, settings.samples, settings.seed)
    return ExecutionRisk(
        guidance=settings.guidance,
        samples=settings.samples,
        seed=settings.seed,
        cuts=tuple(
            cut_risk(cut.name, float(planned[c]), margins[:, c], settings.confidence) for c, cut in enumerate(sawn)
        ),
        no_tumour_cut_probability=clear_share(margins, settings.confidence) if sawn else None,
        margin_for_95_mm=needed_margin(margins - planned) if sawn else None,
        shares=shares_of(trial, errors, settings.seed),
        label_shift_mm=errors.shift_mm,
        label_growth_mm=errors.growth_mm,
        thinning_mm=trial.thinning_mm,
        because=reasons(saw, errors),
        caveats=tuple(caveats(saw, [cut for cut in cuts if cut not in sawn])),
    )


def compare_guidances(
    field: OperativeField, cuts: Sequence[Cut], settings: ExecutionSettings = BY_DEFAULT
) -> tuple[ExecutionRisk, ...]:
    """The same cuts under every guidance of the table, in its order, with the same draws."""
    return tuple(execution_risk(field, cuts, replace(settings, guidance=name)) for name in saw_errors())


def by_probability(
    field: OperativeField, candidates: Mapping[str, Sequence[Cut]], settings: ExecutionSettings = BY_DEFAULT
) -> tuple[Ranked, ...]:
    """Whole plans by name, those first that most likely cut no tumour; equal ones by their least margin.

    All are tried with the same draws, so that a difference between two is one of the plans. Their cuts must correspond
    in order where they correspond in kind. A plan without any section is left out.
    """
    return ranked(field, candidates, replace(settings, choose_by=ChooseBy.PROBABILITY))


def ranked(
    field: OperativeField, candidates: Mapping[str, Sequence[Cut]], settings: ExecutionSettings = BY_DEFAULT
) -> tuple[Ranked, ...]:
    """As `by_probability`, or by least margin with the probability second: `settings.choose_by` says which."""
    found = []
    for name, cuts in candidates.items():
        risk = execution_risk(field, cuts, settings)
        if risk.no_tumour_cut_probability is not None:
            least = min(cut.margin_mm for cut in risk.cuts)
            found.append(Ranked(name, least, risk.no_tumour_cut_probability))

    def order(plan: Ranked) -> tuple[float, float]:
        chance, margin = -plan.no_tumour_cut_probability.value, -plan.margin_mm
        return (chance, margin) if settings.choose_by is ChooseBy.PROBABILITY else (margin, chance)

    return tuple(sorted(found, key=order))


def check(settings: ExecutionSettings) -> None:
    for name, value in (("samples", settings.samples), ("pitch_mm", settings.pitch_mm)):
        if not value > 0:
            raise InputError(f"{value:g} is not above 0", field=f"execution.{name}")
    if not 0.0 < settings.confidence < 1.0:
        raise InputError(f"{settings.confidence:g} is not between 0 and 1", field="execution.confidence")


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Cuts ready to be displaced, in voxels of the field."""

    field: OperativeField
    sections: tuple[SectionPoints, ...]
    half_kerf_mm: Array
    slope: float
    thinning_mm: float

    @classmethod
    def of(cls, field: OperativeField, cuts: Sequence[Cut], pitch_mm: float) -> Trial:
        slope = float(steepest(field.tumour_mm))
        return cls(
            field,
            tuple(section_points(field, cut, pitch_mm) for cut in cuts),
            np.array([0.5 * cut.kerf_mm for cut in cuts]),
            slope,
            slope / field.step_mm * (COVERING * pitch_mm + OUTLINE_MM),
        )

    @property
    def pivot(self) -> Array:
        middle: Array = np.mean([section.middle for section in self.sections], axis=0)
        return middle


def carried_out(trial: Trial, errors: Errors, samples: int, seed: int) -> tuple[Array, Array]:
    """Planned margins (cuts,) and those carried out (samples, cuts), mm."""
    count = len(trial.sections)
    if count == 0:
        return np.empty(0), np.empty((samples, 0))
    turn, move, growth = displacements(trial, errors, samples, seed)
    still = np.broadcast_to(np.eye(3), (1, count, 3, 3)).copy()
    planned = least_mm(trial, still, np.zeros((1, count, 3)))[0] - trial.half_kerf_mm
    return planned, least_mm(trial, turn, move) - growth[:, None] - trial.half_kerf_mm


def displacements(trial: Trial, errors: Errors, samples: int, seed: int) -> tuple[Array, Array, Array]:
    """Where the points p of each cut come to lie, in voxels against an outline held still: turn p + move, with shapes
    (samples, cuts, 3, 3) and (samples, cuts, 3); and how far the outline has grown, mm (samples,).

    Each cause has a stream of its own, so that the draws of one do not depend on how many there are of another.
    """
    step = trial.field.step_mm
    streams = np.random.SeedSequence(seed).spawn(2 + len(trial.sections))
    shared, label, *own = (np.random.default_rng(stream) for stream in streams)
    whole = shared.standard_normal((samples, 6))
    outline = label.standard_normal((samples, 4))
    turned = rotations(np.radians(errors.shared_deg) * whole[:, 3:])
    moved = (errors.shared_mm * whole[:, :3] - errors.shift_mm * outline[:, :3]) / step
    turn = np.empty((samples, len(trial.sections), 3, 3))
    move = np.empty((samples, len(trial.sections), 3))
    for c, (section, stream) in enumerate(zip(trial.sections, own, strict=True)):
        draw = stream.standard_normal((samples, 3))
        tilt = rotations(np.radians(errors.angle_deg) * draw[:, 1:] @ section.axes[1:])
        offset = errors.offset_mm / step * draw[:, :1] * section.axes[0]
        turn[:, c] = turned @ tilt
        # p -> pivot + turned (middle + offset + tilt (p - middle) - pivot) + moved
        onto = section.middle + offset - tilt @ section.middle - trial.pivot
        move[:, c] = trial.pivot + (turned @ onto[:, :, None])[:, :, 0] + moved
    return turn, move, errors.growth_mm * outline[:, 3]


def rotations(vector: Array) -> Array:
    """Rotation vectors (n, 3) in radians to matrices (n, 3, 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vector, axis=1)[:, None, None]
    x, y, z = vector.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    turned: Array = (
        np.eye(3) + np.sinc(angle / np.pi) * cross + 0.5 * np.sinc(0.5 * angle / np.pi) ** 2 * (cross @ cross)
    )
    return turned


def least_mm(trial: Trial, turn: Array, move: Array) -> Array:
    """The least distance to tumour over each displaced section, mm (samples, cuts); each sample by itself."""
    sections = trial.sections
    counts = [len(section.points) for section in sections]
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    starts = np.concatenate([s.starts[:-1] + b for s, b in zip(sections, begins, strict=True)] + [[sum(counts)]])
    first = np.concatenate([[0], np.cumsum([len(section.centre) for section in sections])]).astype(np.int64)
    points, centre, radius = (
        np.concatenate([getattr(section, name) for section in sections]) for name in ("points", "centre", "radius")
    )

    def part(rows: slice) -> Array:
        out = np.empty((rows.stop - rows.start, len(sections)))
        displaced_margins(
            trial.field.tumour_mm, trial.slope, points, starts.astype(np.int64), centre, radius, first,
            turn[rows], move[rows], out,
        )  # fmt: skip
        return out

    return in_parts(part, len(turn))


def clear_share(margins: npt.NDArray[np.float64], confidence: float) -> Measured:
    """The share of samples in which no margin (samples, cuts) is negative."""
    return clopper_pearson(int((margins >= 0.0).all(axis=1).sum()), len(margins), confidence)


def cut_risk(name: str, planned: float, margins: Array, confidence: float) -> CutRisk:
    return CutRisk(
        name,
        planned,
        clear_share(margins[:, None], confidence),
        needed_margin(margins[:, None] - planned),
        float(np.quantile(margins, 1.0 - AIM)),
    )


def needed_margin(change: Array) -> float:
    """The margin which, planned for every cut, 95 % of the samples leave above 0; `change`: carried out less planned.

    A margin is taken to change by the same amounts when it is larger: exact for a tumour that is smaller all round.
    """
    return max(0.0, -float(np.quantile(change.min(axis=1), 1.0 - AIM)))


def shares_of(trial: Trial, errors: Errors, seed: int) -> Shares:
    """Variance of the plan's least margin under each cause alone, over their sum."""
    causes = (
        Errors(shared_mm=errors.shared_mm, shared_deg=errors.shared_deg),
        Errors(offset_mm=errors.offset_mm, angle_deg=errors.angle_deg),
        Errors(shift_mm=errors.shift_mm, growth_mm=errors.growth_mm),
    )
    if not trial.sections:
        return Shares(0.0, 0.0, 0.0)
    spread = [float(carried_out(trial, cause, FOR_SHARES, seed)[1].min(axis=1).var()) for cause in causes]
    total = sum(spread)
    if total == 0.0:
        return Shares(0.0, 0.0, 0.0)
    systematic, random, label = (value / total for value in spread)
    return Shares(systematic, random, label)


def reasons(saw: SawError, errors: Errors) -> tuple[Step, ...]:
    """The rows that the draws were made with, and what they give."""
    label = label_error()
    return (
        Step(
            "saw-error/offset", (saw.title,), f"SD {saw.offset_mm:g} mm along a cut's normal, of it "
            f"{errors.shared_mm:.2g} mm shared by all cuts", saw.offset_source, saw.offset_checked,
        ),
        *(
            Step(
                "saw-error/parts", (saw.title,), f"SD {saw.angle_deg:g}° about each axis, of it "
                f"{errors.shared_deg:.2g}° shared; the shared part of the offset", source, saw.checked,
            )
            for source in saw.sources[1:]
        ),
        Step(
            "saw-error/label", (f"SD {label.shift_voxels:g} and {label.growth_voxels:g} voxels",),
            f"outline shifted with SD {errors.shift_mm:.2g} mm along each axis, grown or shrunk with SD "
            f"{errors.growth_mm:.2g} mm", label.source, label.checked,
        ),
        Step("binomial-interval", ("exact interval of a share",), "the interval of the probability", "clopper1934"),
    )  # fmt: skip


def caveats(saw: SawError, unsawn: Sequence[Cut]) -> list[Caveat]:
    found = [
        Caveat(
            "saw-error-not-of-spine",
            f"saw error ({saw.title}) comes from pelvis, sacrum and knee: no figure for vertebrae was found",
        ),
        Caveat(
            "interval-of-sampling",
            "the interval tells how well the draws settle the probability, not how well the error table fits",
        ),
    ]
    found += [Caveat("cut-without-section", f"{cut.name} has no section and is left out") for cut in unsawn]
    return found
