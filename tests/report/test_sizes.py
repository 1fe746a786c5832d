"""Sizes in the report: values as in the plan, a sign and a word outside the range, reasons for what is missing."""

from __future__ import annotations

from dataclasses import replace

from enbloc.anatomy import ExpectedRange, LevelMorphometry, PedicleMorphometry
from enbloc.core.evidence import Caveat, Measured
from enbloc.core.levels import Level
from enbloc.planning.plan import Plan
from enbloc.report import write_report
from enbloc.report.morphometry import sizes_shown
from scene.hand_made import a_plan

NAMES = [name for name in LevelMorphometry.__dataclass_fields__ if name.endswith(("_mm", "_deg"))]


def with_sizes() -> Plan:
    """T12 with a body of 20 +- 0.5 mm that should have 30 to 40, a wedge that rounds to zero, and nothing else."""
    nothing = PedicleMorphometry(None, None, None, None, None)
    sizes = dict.fromkeys(NAMES) | {
        "anterior_body_height_mm": Measured(20.04, 19.54, 20.54),
        "body_wedge_deg": Measured(-0.04, -1.0, 0.9),
    }
    one = LevelMorphometry(
        level=Level.T12,
        pedicle_left=nothing,
        pedicle_right=nothing,
        expected=(ExpectedRange("anterior_body_height_mm", 30.0, 40.0, True),),
        caveats=(Caveat("not-measured", "T12: canal depth not measured: no lamina"),),
        **sizes,
    )
    plan = a_plan()
    return replace(plan, spine=replace(plan.spine, morphometry=(one,)))


def test_short_and_full_table() -> None:
    shown = sizes_shown(with_sizes())
    assert shown is not None
    ((level, cells),) = shown.short.rows
    assert level == "T12"
    assert [(cell.text, cell.outside) for cell in cells[:4]] == [
        ("20.0", True),
        ("–", False),
        ("–", False),
        ("0.0", False),
    ]
    assert shown.full is not None
    full = {name: cell for name, (cell,) in shown.full.rows}
    height = full["Anterior body height"]
    assert (height.text, height.expected, height.outside) == ("20.0 ± 0.5 mm", "30.0 to 40.0", True)
    assert (full["Body wedge"].text, full["Body wedge"].expected) == ("0.0 ± 1.0 °", "no range")
    assert full["Pedicle left: narrowest area"].text == "not measured"


def test_the_report_says_outside_in_a_word(tmp_path) -> None:
    text = write_report(with_sizes(), tmp_path / "report.html").read_text(encoding="utf-8")
    assert "▲ outside" in text
    assert "T12: canal depth not measured: no lamina." in text


def test_the_report_says_what_an_interval_rests_on(tmp_path) -> None:
    """As docs/explanation/morphometry.md has it: half a voxel along the measure, and 1 % of it."""
    text = write_report(with_sizes(), tmp_path / "report.html").read_text(encoding="utf-8")
    assert "the voxels leave: 0.5 voxel along the measure and 1 % of it" in text


def test_no_sizes_no_section() -> None:
    assert sizes_shown(a_plan()) is None
