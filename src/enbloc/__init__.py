"""Planning of total en bloc spondylectomy. Research use only: a guideline, the final decision is individual.

case = enbloc.read_case("my-case/case.toml")
imaging = enbloc.load_images(case)
plan = enbloc.plan(case, imaging)

print(enbloc.why(plan))
enbloc.write_report(plan, "t12.html")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enbloc.case import read_case
    from enbloc.images import load_images
    from enbloc.planning import plan, why
    from enbloc.report import write_report

__version__ = "0.1.0"
__all__ = ["__version__", "load_images", "plan", "read_case", "why", "write_report"]

_HOMES = {
    "read_case": "enbloc.case",
    "load_images": "enbloc.images",
    "plan": "enbloc.planning",
    "why": "enbloc.planning",
    "write_report": "enbloc.report",
}


def __getattr__(name: str) -> object:
    """Rooms are imported when their verb is first asked for, so that `import enbloc` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'enbloc' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
