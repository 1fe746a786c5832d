"""A wish that cannot be met, or would eat the memory, is refused before anything is built."""

import pytest

from enbloc.core.errors import InputError
from enbloc.phantom import PhantomSpec, TumourSpec

NAN = float("nan")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"position_mm": (0.0, NAN, 0.0)}, "position_mm"),
        ({"position_mm": (0.0, 0.0, 1e9)}, "position_mm"),
        ({"wedges": (("T12", 80.0),)}, "wedges"),
        ({"wedges": (("T12", NAN),)}, "wedges"),
        ({"shape": (100_000, 100_000, 100_000)}, "shape"),
        ({"shape": (0, 10, 10)}, "shape"),
        ({"spacing_mm": (1.0, 1.0, 0.0)}, "spacing_mm"),
        ({"scale": NAN}, "scale"),
        ({"orientation": "RAR"}, "orientation"),
        ({"levels": ("T12", "L2")}, "levels"),
    ],
)
def test_patient(wish, field):
    with pytest.raises(InputError) as refused:
        PhantomSpec(**wish)
    assert refused.value.field == field


@pytest.mark.parametrize("disc_mm", [-1.0, 50.0, NAN])
def test_disc(disc_mm):
    with pytest.raises(InputError) as refused:
        TumourSpec(disc_mm=disc_mm)
    assert refused.value.field == "tumour.disc_mm"


def test_a_wedged_patient_on_a_given_grid_is_allowed():
    spec = PhantomSpec(wedges=(("T12", 15.0),), shape=(80, 80, 80), position_mm=(0.0, -200.0, 900.0))
    assert spec.wedges == (("T12", 15.0),)
