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
