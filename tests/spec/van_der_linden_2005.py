"""van der Linden's score: three items, 0 to 6, higher is better."""

INSTRUMENT = "van-der-linden-2005"


def test_group_c(score):
    """Karnofsky 90, breast, no visceral metastases: the only total of group C."""
    score({"kps": 90, "primary": "breast", "visceral": "absent"}, gives=6, band="group-C")


def test_group_b(score):
    """Karnofsky 60 counts 1, prostate 2, no visceral metastases 1."""
    score({"kps": 60, "histology": "prostate-carcinoma", "visceral": "absent"}, gives=4, band="group-B")


def test_group_a(score):
    """Karnofsky 40 counts 0, another primary 0, visceral metastases 0."""
    score({"kps": 40, "histology": "renal-cell-carcinoma", "visceral": "present"}, gives=0, band="group-A")
