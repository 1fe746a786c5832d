"""SINS: six items, 0 to 18, higher is less stable."""

INSTRUMENT = "sins-2010"
WORST = {
    "location": "junctional",
    "pain": "mechanical",
    "bone-lesion": "lytic",
    "alignment": "subluxation",
    "body-collapse": "over-half",
    "posterolateral": "bilateral",
}
BEST = {
    "location": "rigid",
    "pain": "none",
    "bone-lesion": "blastic",
    "alignment": "normal",
    "body-collapse": "none",
    "posterolateral": "none",
}


def test_worst_case(score):
    """3 + 3 + 2 + 4 + 3 + 3."""
    score(WORST, gives=18, band="unstable")


def test_best_case(score):
    """A total of 0 exists: the lowest band is 0 to 6, not 1 to 6 as one copy prints."""
    score(BEST, gives=0, band="stable")


def test_pain_counts_3_1_or_0(score):
    """Never 2, as one copy prints."""
    score({**BEST, "pain": "mechanical"}, gives=3, band="stable")
    score({**BEST, "pain": "occasional"}, gives=1, band="stable")


def test_collapse_includes_1_without_collapse(score):
    """More than half of the body involved, no height lost."""
    score({**BEST, "body-collapse": "body-involved"}, gives=1, band="stable")


def test_levels_of_the_operation(score):
    """T1, T2, T11, T12, L1 and L5 are junctional, L2 to L4 mobile, T3 to T10 semirigid."""
    rest = {key: value for key, value in BEST.items() if key != "location"}
    score({**rest, "level": "T2"}, gives=3, band="stable")
    score({**rest, "level": "T3"}, gives=1, band="stable")
    score({**rest, "level": "T10"}, gives=1, band="stable")
    score({**rest, "level": "T11"}, gives=3, band="stable")
    score({**rest, "level": "L1"}, gives=3, band="stable")
    score({**rest, "level": "L2"}, gives=2, band="stable")
    score({**rest, "level": "L5"}, gives=3, band="stable")


def test_bands_meet_between_6_and_7_and_12_and_13(score):
    """Mechanical pain 3, junctional 3: 6. A mixed lesion makes it 7."""
    score({**BEST, "location": "junctional", "pain": "mechanical"}, gives=6, band="stable")
    score(
        {**BEST, "location": "junctional", "pain": "mechanical", "bone-lesion": "mixed"},
        gives=7,
        band="potentially-unstable",
    )
    score({**WORST, "alignment": "normal", "bone-lesion": "blastic"}, gives=12, band="potentially-unstable")
    score({**WORST, "alignment": "normal", "bone-lesion": "mixed"}, gives=13, band="unstable")


def test_alignment_would_settle_it(score):
    """A lytic T12 with mechanical pain and less than half of its height lost: 10 and the alignment."""
    score(
        {
            "level": "T12",
            "pain": "mechanical",
            "bone-lesion": "lytic",
            "body-collapse": "under-half",
            "posterolateral": "none",
        },
        gives=(10, 14),
    )
