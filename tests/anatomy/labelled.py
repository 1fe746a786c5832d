"""Label maps with one thing wrong, made from a phantom's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from enbloc.core.volume import Imaging, LabelMap
from enbloc.phantom import Phantom


def relabelled(phantom: Phantom, values: np.ndarray, structures: Mapping[int, str] | None = None) -> Imaging:
    """The phantom's imaging, without a tumour, with other label values (or names)."""
    names = phantom.labels.structures if structures is None else structures
    labels = LabelMap(values, phantom.grid, names)
    return replace(phantom.imaging, labels=(labels,), tumour=None)


def value(phantom: Phantom, name: str) -> int:
    found = phantom.labels.value_of(name)
    assert found is not None, name
    return found


def swapped(phantom: Phantom, names: Mapping[str, str]) -> Imaging:
    """Every vertebra of `names` carries the value of the one it is mapped to."""
    before = phantom.labels.values
    values = before.copy()
    for old, new in names.items():
        values[before == value(phantom, old)] = value(phantom, new)
    return relabelled(phantom, values)
