"""Measured numbers: a value lies in its range."""

from __future__ import annotations

import pytest

from enbloc.core.evidence import Measured


def test_a_measured_value_lies_in_its_range() -> None:
    assert Measured(2.0, 2.0, 2.0).value == 2.0
    for value in (0.9, 3.1, float("nan")):
        with pytest.raises(ValueError, match="does not lie between"):
            Measured(value, 1.0, 3.0)
