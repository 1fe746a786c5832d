"""Revised Tokuhashi score: six items, 0 to 15, higher is better."""

INSTRUMENT = "tokuhashi-2005"


def test_breast_primary_single_level_no_deficit(score):
    """Every item at its best."""
    score(
        {
            "general": "good",
            "extraspinal": "none",
            "vertebral": "one",
            "organs": "none",
            "primary": "breast",
            "palsy": "none",
        },
        gives=15,
        band="twelve-months-or-more",
    )


def test_every_item_at_its_worst(score):
    """Bedridden, paraplegic, lung cancer with unremovable metastases everywhere."""
    score(
        {
            "general": "poor",
            "extraspinal": "three-or-more",
            "vertebral": "three-or-more",
            "organs": "unremovable",
            "primary": "lung",
            "palsy": "complete",
        },
        gives=0,
        band="less-than-six-months",
    )


def test_kidney_in_the_middle(score):
    """Karnofsky 70 counts 1, one focus outside the spine 1, two vertebrae 1, no organs 2, kidney 3, Frankel D 1."""
    score(
        {
            "kps": 70,
            "extraspinal_bone_metastases": 1,
            "vertebral_metastases": 2,
            "organs": "none",
            "primary": "kidney",
            "frankel": "D",
        },
        gives=9,
        band="six-months-or-more",
    )


def test_karnofsky_80_is_good(score):
    """The cut-offs are 10 to 40, 50 to 70, 80 to 100; all other items at their worst."""
    score(
        {
            "kps": 80,
            "extraspinal": "three-or-more",
            "vertebral": "three-or-more",
            "organs": "unremovable",
            "primary": "stomach",
            "frankel": "A",
        },
        gives=2,
        band="less-than-six-months",
    )


def test_one_vertebra_counts_2(score):
    """Some copies print "0" where the table says one vertebra: the item is 3 or more, 2, 1."""
    score(
        {
            "general": "poor",
            "extraspinal": "three-or-more",
            "vertebral_metastases": 1,
            "organs": "unremovable",
            "primary": "pancreas",
            "palsy": "complete",
        },
        gives=2,
        band="less-than-six-months",
    )


def test_open_item_leaves_the_band_open(score):
    """11 without the foci outside the spine, which add 0 to 2."""
    score(
        {"general": "good", "vertebral": "one", "organs": "none", "primary": "rectum", "palsy": "incomplete"},
        gives=(11, 13),
    )
