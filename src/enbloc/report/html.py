"""Plan to one self-contained HTML file. The template decides nothing: every sentence and number comes from the plan."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from enbloc.core.evidence import Skipped
from enbloc.core.files import write_whole
from enbloc.planning.nouns import Resection, Stability
from enbloc.planning.plan import Plan
from enbloc.report import (
    arteries,
    barriers,
    blood,
    carrying_out,
    curves,
    decisions,
    findings,
    flow,
    leaving,
    outcomes,
    resection,
    response,
    scores,
    steps,
    words,
)
from enbloc.report import stability as sins
from enbloc.report.early import EarlyPictures, early_pictures
from enbloc.report.morphometry import INTERVAL, OUTSIDE, sizes_shown
from enbloc.report.pictures import (
    BONE_WINDOW_HU,
    NOT_IMAGED,
    ZOOM,
    Picture,
    surface_pictures,
)
from enbloc.report.script import bundle, json_in_html, policy
from enbloc.report.scrolling import scrolling, without_slices
from enbloc.report.specimen import margin_key
from enbloc.report.stages import not_done
from enbloc.report.turnable import hexadecimal, turnable
from enbloc.scene import STYLES, Scene, build_scene
from enbloc.scene.planes import PIXEL_MM


def write_report(
    plan: Plan,
    path: str | PathLike[str],
    scene: Scene | None = None,
    *,
    early: EarlyPictures | None = None,
    with_slices: bool = False,
) -> Path:
    """Write the report, whole or not at all. Returns the path."""
    target = Path(path)
    write_whole(target, render_report(plan, scene, early=early, with_slices=with_slices))
    return target


def render_report(
    plan: Plan, scene: Scene | None = None, *, early: EarlyPictures | None = None, with_slices: bool = False
) -> str:
    """The report as HTML: pictures, style, script and data inside, no address. Equal plans give equal text.

    `scene` and `early` may be handed over where they were already made. `with_slices` puts the image's pixels around
    the lesion into the file, to scroll through; without it the still pictures are all that is shown of the image.
    """
    scene = build_scene(plan) if scene is None else scene
    early = early_pictures(plan) if early is None else early
    slices, surfaces = early.slices, surface_pictures(scene)
    titles = _titles(plan)
    turning = turnable(plan, scene, titles) if scene.meshes else None
    scrolled = scrolling(plan, titles) if with_slices else None
    with_script = turning is not None or scrolled is not None
    return _environment().get_template("report.html.j2").render(
        plan=plan,
        case=plan.case,
        tumour=None if isinstance(plan.tumour, Skipped) else plan.tumour,
        spine=None if isinstance(plan.spine, Skipped) else plan.spine,
        slices=slices,
        surfaces=surfaces,
        scene=scene,
        legend=_legend(plan, scene, titles),
        slices_note=_slices_note(plan, slices, scene),
        without_pictures=_without_pictures(plan, slices, surfaces),
        not_done=not_done(plan),
        sizes=sizes_shown(plan),
        sizes_mark=OUTSIDE,
        sizes_interval=INTERVAL,
        words=words,
        sins=sins,
        scores=scores,
        stability=_stability(plan),
        barriers=barriers,
        findings=findings,
        turnable=turning,
        scrolling=scrolled,
        with_slices=with_slices,
        without_slices=without_slices(plan) if with_slices else "",
        policy=policy(with_script),
        script=bundle() if with_script else None,
        decisions=decisions,
        outcomes=outcomes,
        resection=resection,
        carrying=carrying_out,
        leaving=leaving,
        steps=steps,
        arteries=arteries,
        response=response,
        blood=blood,
        flow=flow.shown(plan.perfusion, plan.shortening),
        **_cut_out(plan, scene, early),
    )  # fmt: skip


def _cut_out(plan: Plan, scene: Scene, early: EarlyPictures) -> dict[str, object]:
    """The resection with its pictures; `cut_out` is None where there is none."""
    found = plan.resection
    if not isinstance(found, Resection):
        return {"cut_out": None}
    return {
        "cut_out": found,
        "rings": curves.rings(found),
        "histogram": curves.histogram(found),
        "specimen": early.specimen,
        "steps_shown": steps.steps(plan, scene),
        "margin_key": margin_key(found.certificate.enough_mm),
        "no_go": words.plain(plan.spine.no_go_basis) if not isinstance(plan.spine, Skipped) else "no-go body",
    }


def _stability(plan: Plan) -> Stability | None:
    if isinstance(plan.tumour, Skipped) or isinstance(plan.tumour.stability, Skipped):
        return None
    return plan.tumour.stability


def _titles(plan: Plan) -> dict[str, str]:
    """What each kind of structure is called in this plan."""
    titles = {kind: style.title for kind, style in STYLES.items()}
    if plan.drawing is not None:
        titles["no-go"] = words.plain(plan.drawing.spine.no_go_basis)
    return titles


def _legend(plan: Plan, scene: Scene, titles: dict[str, str]) -> list[tuple[str, str, bool]]:
    """(title, colour, dashed) of each kind of structure in view."""
    present = {mesh.kind for mesh in scene.meshes}
    shown = [
        (titles[kind], hexadecimal(style.line), kind == "estimated")
        for kind, style in STYLES.items()
        if kind in present and kind != "rib" and style.shown
    ]
    imaged = plan.drawing is not None and plan.drawing.imaging.image is not None
    return [*shown, ("outside the image", hexadecimal(NOT_IMAGED), False)] if imaged else shown


def _slices_note(plan: Plan, slices: tuple[Picture, ...], scene: Scene) -> str:
    """How the slices were made, in words."""
    if plan.drawing is None or not slices:
        return ""
    imaging = plan.drawing.imaging
    along = f"{scene.frame_of}'s own axes, not the scanner's,"
    if scene.frame_of == "patient":
        along = "the scanner's axes, as no vertebra's own are known,"
    field = slices[0].width * PIXEL_MM / ZOOM
    parts = [
        f"Slices run along {along} through the lesion's centre. Field {field:.0f} mm, sampled every {PIXEL_MM:g} mm."
    ]
    if imaging.image is None:
        parts.append("There is no image: the grey is that of the labels.")
    else:
        spacing = " × ".join(f"{mm:.2g}" for mm in imaging.image.grid.spacing_mm)
        parts.append(f"Voxels of the image: {spacing} mm.")
        low, high = BONE_WINDOW_HU
        shown = "Grey from the slice's darkest to its brightest hundredth."
        parts.append(f"Bone window {low:.0f} to {high:.0f} HU." if imaging.modality == "ct" else shown)
    return " ".join(parts)


def _without_pictures(plan: Plan, slices: tuple[Picture, ...], surfaces: tuple[Picture, ...]) -> str:
    """Why pictures are missing; empty where none is."""
    if plan.drawing is None:
        return "This case has no images, so there are no pictures."
    missing = [name for name, found in (("slices", slices), ("3-D pictures", surfaces)) if not found]
    return f"No {' and no '.join(missing)}: no lesion was measured." if missing else ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_packaged),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["css_string"] = css_string
    environment.filters["json_in_html"] = json_in_html
    environment.globals["style"] = Markup(_packaged("report.css") + _packaged("live.css"))  # noqa: S704 - our own files
    return environment


def _packaged(name: str) -> str:
    return files("enbloc.report").joinpath(name).read_text(encoding="utf-8")


def css_string(text: str) -> Markup:
    """`text` as a CSS string, all but letters and digits escaped: it can end neither string nor style element."""
    escaped = re.sub(r"[^A-Za-z0-9]", lambda match: f"\\{ord(match.group()):06x}", text)
    return Markup(f'"{escaped}"')  # noqa: S704 - nothing but letters, digits and escapes is left
