"""What several rooms' tests share: the Hypothesis profile, and phantoms that are built once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from enbloc.phantom import Phantom, PhantomSpec

# No deadline: compiled routines are slow on their first call, and the machine may be shared.
settings.register_profile("enbloc", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("enbloc")


@cache
def built(spec: PhantomSpec) -> Phantom:
    from enbloc.phantom import make_phantom

    return make_phantom(spec)


@pytest.fixture(scope="session")
def phantom():
    """`phantom(levels=..., ...)`: the phantom of that specification; equal ones are built once."""
    from enbloc.phantom import PhantomSpec

    def make(**wishes: object) -> Phantom:
        return built(PhantomSpec(**wishes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def score(request):
    """`score(answers, gives=total or (low, high), band=name)` for the instrument that a spec file names.

    Of a scale `gives` is the grade. Answers are written as on the command line.
    """
    from enbloc.knowledge import instrument
    from enbloc.scores import answered

    def expect(answers: dict[str, object], *, gives: object, band: str | None = None) -> None:
        shipped = instrument(request.module.INSTRUMENT)
        found = answered(shipped, {key: str(value) for key, value in answers.items()})
        total = found.parts["grade"].answer if shipped.scale else (found.low, found.high)
        assert total == (gives if shipped.scale or isinstance(gives, tuple) else (gives, gives))
        assert found.band == band

    return expect
