"""The commands. Exit codes: 0 done, 2 the input is wrong (one line on stderr), 1 a bug (traceback), 130 interrupted."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from enbloc import __version__
from enbloc.core.errors import InputError, nearest, one_line
from enbloc.core.levels import Level, is_level

RESEARCH_USE = "Research use only. A guideline: the final decision is individual."

app = typer.Typer(
    name="enbloc",
    help=f"Planning of total en bloc spondylectomy. {RESEARCH_USE}",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

CasePath = Annotated[str, typer.Argument(metavar="CASE", help="case.toml, or the folder that holds it.")]
WithSlices = Annotated[
    bool,
    typer.Option("--with-slices", help="Put slices to scroll through into the report: pixels of the patient's image."),
]
WithoutRemoval = Annotated[
    bool, typer.Option("--without-removal", help="Seek no way out of the pieces, which saves some seconds.")
]
OutFolder = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results.")]


def main() -> None:
    """Entry point of the program `enbloc`."""
    one_thread_a_product()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app(prog_name="enbloc")
    except InputError as error:
        sys.stderr.write(f"enbloc: {one_line(str(error))}\n")
        sys.exit(2)
    finally:
        gc.freeze()  # else a third of a second goes into sorting what the end of the process frees anyway


def one_thread_a_product() -> None:
    """Keeps numpy's matrix library, which reads this when it loads, to one thread, unless the user has said otherwise.

    Our products are many and small, and work that pays for threads has its own.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def version(wanted: bool) -> None:
    if wanted:
        say(f"enbloc {__version__}")
        raise typer.Exit


def say(text: str) -> None:
    """Text to stdout; characters the terminal cannot show are replaced, never a reason to fail."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command("plan")
def plan_command(
    case: CasePath,
    out: OutFolder = None,
    json: Annotated[bool, typer.Option("--json", help="Print plan.json to stdout and nothing else.")] = False,
    with_slices: WithSlices = False,
    without_removal: WithoutRemoval = False,
) -> None:
    """Plan CASE: extent, type and reasons; with --out also plan.json, report, scene and labels."""
    from enbloc.cli.run import chosen, run
    from enbloc.cli.summary import summary
    from enbloc.planning import plan_json

    if with_slices and out is None:
        raise InputError("there is no report to put slices into", field="--with-slices", hint="add --out DIR")
    done = run(case, out, with_slices, chosen(without_removal))
    if json:
        sys.stdout.write(plan_json(done.plan))
    else:
        say(f"{RESEARCH_USE}\n\n{summary(done.plan)}\n\n{done.where}")


@app.command()
def resect(
    case: CasePath,
    out: OutFolder = None,
    cut: Annotated[
        list[str] | None,
        typer.Option(
            "--cut",
            metavar="NAME=PLANE",
            help="Score your own cut: left=x,y,z:nx,ny,nz (RAS mm) or left=azimuth:tilt:offset. May be repeated.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the resection as JSON and nothing else.")] = False,
    without_removal: WithoutRemoval = False,
) -> None:
    """The best cuts for CASE with their margins; with --cut, your own beside them."""
    from enbloc.cli.cuts import parse_cuts

    written = parse_cuts(cut or [])
    from enbloc.cli.resect import as_json, resected, sheet
    from enbloc.cli.run import chosen

    done = resected(case, out, written, chosen(without_removal))
    if json:
        sys.stdout.write(as_json(done))
    else:
        say(f"{RESEARCH_USE}\n\n{sheet(done)}\n\n{done.where}")


@app.command()
def perfuse(
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="case.toml, or the folder that holds it.")] = None,
    level: Annotated[
        list[str] | None, typer.Option("--level", help="Vertebra to take out, else that of CASE. May be repeated.")
    ] = None,
    embolise: Annotated[
        list[str] | None, typer.Option("--embolise", help="T11-left, or T11 for both sides, instead of the rule's.")
    ] = None,
    feeder: Annotated[
        list[str] | None, typer.Option("--feeder", help="Artery that feeds the cord, as on angiography: T9-left.")
    ] = None,
    no_feeder: Annotated[
        bool, typer.Option("--no-feeder", help="Angiography was done and found no feeder of the cord.")
    ] = False,
    systolic: Annotated[float | None, typer.Option("--systolic", help="Systolic pressure in mmHg.")] = None,
    histology: Annotated[str | None, typer.Option("--histology", help="Key of the histology table.")] = None,
    particles: Annotated[bool, typer.Option("--particles", help="Particles instead of coils.")] = False,
    close_feeders: Annotated[
        bool, typer.Option("--close-feeders", help="Close arteries of the cord as well, to see what that does.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON and nothing else.")] = False,
) -> None:
    """What closing segmental arteries leaves to vertebra and cord, and the blood to be lost."""
    from enbloc.cli import perfuse as perfusion

    if no_feeder and feeder:
        raise InputError("feeders are named, and none is said to be there", field="--no-feeder")
    asked = perfusion.Asked(
        levels=level or [],
        embolise=embolise or None,
        feeders=[] if no_feeder else feeder or None,
        systolic_mmhg=systolic,
        histology=histology,
        particles=particles,
        close_feeders=close_feeders,
    )
    found = perfusion.perfused(case, asked)
    if json:
        sys.stdout.write(perfusion.as_json(found))
    else:
        say(f"{RESEARCH_USE}\n\n{perfusion.sheet(found)}")


@app.command()
def shorten(
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="case.toml, or the folder that holds it.")] = None,
    segment_height_mm: Annotated[
        float | None, typer.Option("--segment-height-mm", help="Instead of CASE: height of the smallest segment.")
    ] = None,
    level: Annotated[
        list[str] | None, typer.Option("--level", help="Instead of CASE: heights expected of adults. May be repeated.")
    ] = None,
    planned_mm: Annotated[
        float | None, typer.Option("--planned-mm", help="Shortening; that of CASE when left out.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the shortening as JSON and nothing else.")] = False,
) -> None:
    """How far the column may be shortened: safe, warning, danger, cord flow, cage and rods."""
    from enbloc.cli import shorten as shortening

    found = shortening.shortened(case, segment_height_mm, level or [], planned_mm)
    if json:
        sys.stdout.write(shortening.as_json(found))
    else:
        say(f"{RESEARCH_USE}\n\n{shortening.sheet(found)}")


@app.command()
def check(case: CasePath) -> None:
    """Show what the inputs of CASE look like, and what contradicts what. Ends with 2 when it cannot be planned."""
    from enbloc.cli.check import inspect, sheet

    findings = inspect(case)
    say(f"{RESEARCH_USE}\n\n{sheet(findings)}")
    if any(finding.severity == "refused" for finding in findings):
        raise typer.Exit(2)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for case and results.")] = Path(
        "enbloc-demo"
    ),
    with_slices: WithSlices = False,
) -> None:
    """Make the shipped synthetic patient and plan it."""
    from enbloc.cli.run import run
    from enbloc.cli.summary import summary
    from enbloc.cli.synthetic import make_demo

    case = out / "case"
    make_demo(case)
    done = run(str(case), out, with_slices)
    say(f"{RESEARCH_USE}\n\nA synthetic patient, made in {case}\n\n{summary(done.plan)}\n\n{done.where}")


@app.command()
def phantom(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for images, case.toml and truth.json.")],
    level: Annotated[str, typer.Option(help="Vertebra that carries the tumour, T1 to L5.")] = "T12",
    kind: Annotated[int, typer.Option("--type", min=1, max=7, help="Tomita type of the tumour.")] = 4,
    side: Annotated[str, typer.Option(help="left or right.")] = "left",
    spacing: Annotated[float, typer.Option(help="Voxel size in mm.")] = 1.0,
    slices: Annotated[float | None, typer.Option(help="Slice distance in mm; as --spacing when left out.")] = None,
    scheme: Annotated[str, typer.Option(help="Label scheme.")] = "totalsegmentator-v2",
    orientation: Annotated[str, typer.Option(help="Axis order of the stored images.")] = "RAS",
    density: Annotated[str, typer.Option(help="Tumour in bone: lytic, mixed or blastic.")] = "lytic",
    both_sides: Annotated[
        bool, typer.Option("--both-sides", help="The tumour grows on the other side as well.")
    ] = False,
    loss: Annotated[
        float | None, typer.Option(help="Share of its height that the vertebra has lost, 0 to 0.8.")
    ] = None,
    form: Annotated[str, typer.Option(help="How it lost height: wedge, biconcave or crush.")] = "wedge",
    seed: Annotated[int, typer.Option(help="Seed of the noise and of the tumour's surface.", min=0)] = 0,
) -> None:
    """Make a synthetic patient with known truth."""
    from enbloc.cli.synthetic import make

    if not is_level(level):
        raise InputError(f"{level!r} is not a vertebral level", field="--level", hint=nearest(level, Level))
    make(
        out,
        level=Level(level),
        kind=kind,
        side=side,
        spacing_mm=(spacing, spacing, spacing if slices is None else slices),
        scheme=scheme,
        orientation=orientation,
        density=density,
        both_sides=both_sides,
        collapse=None if loss is None else (loss, form),
        seed=seed,
    )
    say(f"{RESEARCH_USE}\n\nA synthetic patient of type {kind} at {level}, made in {out}\nPlan it: enbloc plan {out}")


@app.command()
def score(
    instrument: Annotated[str | None, typer.Argument(metavar="INSTRUMENT", help="Its name; --list shows all.")] = None,
    answers: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Items or case fields, such as kps=80.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the instruments and what they ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the score as JSON and nothing else.")] = False,
) -> None:
    """Work out one instrument from answers; what is not answered stays open."""
    from enbloc.cli import score as scoring

    if listing:
        say(scoring.listing())
        return
    if instrument is None:
        raise InputError("no instrument was named", field="INSTRUMENT", hint="enbloc score --list names them all")
    found = scoring.scored(instrument, answers or [])
    say(scoring.as_json(found) if json else f"{RESEARCH_USE}\n\n{scoring.sheet(found)}")


@app.command("why")
def why_command(
    plan: Annotated[str, typer.Argument(metavar="PLAN.json", help="A plan written before.")],
    path: Annotated[
        str | None, typer.Argument(metavar="PATH", help="A part of it, such as tumour.tomita_type.")
    ] = None,
) -> None:
    """Show the tree of reasons behind a plan or a part of it."""
    from enbloc.planning import why

    say(f"{RESEARCH_USE}\n\n{why(plan, path)}")


@app.command()
def facts(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="A topic or a figure; none: list them.")] = None,
) -> None:
    """Show published outcome figures with their sources; early and late series always together."""
    from enbloc.cli.facts import topic_sheet, topics_sheet
    from enbloc.knowledge import outcomes_about

    say(f"{RESEARCH_USE}\n\n{topics_sheet() if key is None else topic_sheet(*outcomes_about(key))}")


@app.command()
def schema(of: Annotated[str, typer.Argument(metavar="case|plan", help="Which document.")]) -> None:
    """Print the JSON Schema of case.toml or plan.json."""
    from json import dumps

    from enbloc.case import case_schema
    from enbloc.planning import plan_schema

    schemas = {"case": case_schema, "plan": plan_schema}
    if of not in schemas:
        raise InputError(f"there is no schema of {of!r}", field="schema", hint="case or plan")
    sys.stdout.write(dumps(schemas[of](), ensure_ascii=False, indent=2) + "\n")
