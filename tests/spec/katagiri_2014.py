"""Katagiri's score of 2014: six items, 0 to 10, higher is worse."""

INSTRUMENT = "katagiri-2014"


def test_best_case(score):
    """Slow primary, nothing else, all six laboratory values normal."""
    score(
        {
            "primary": "slow",
            "visceral": "none",
            "laboratory": "normal",
            "performance": "no",
            "chemotherapy": "no",
            "skeletal": "no",
        },
        gives=0,
        band="total-0-to-3",
    )


def test_worst_case(score):
    """Every item at its worst."""
    score(
        {
            "primary": "rapid",
            "visceral": "disseminated",
            "laboratory": "critical",
            "performance": "yes",
            "chemotherapy": "yes",
            "skeletal": "yes",
        },
        gives=10,
        band="total-7-to-10",
    )


def test_hormones_part_breast_tumours(score):
    """Dependent on hormones 0 points, not dependent 2: graded by treatability, not by organ."""
    rest = {"visceral": "none", "laboratory": "normal", "performance": "no", "chemotherapy": "no", "skeletal": "no"}
    score({"histology": "breast-carcinoma", "hormone_dependent": "true", **rest}, gives=0, band="total-0-to-3")
    score({"histology": "breast-carcinoma", "hormone_dependent": "false", **rest}, gives=2, band="total-0-to-3")
    score({"histology": "breast-carcinoma", **rest}, gives=(0, 2), band="total-0-to-3")


def test_sarcoma_is_moderate_here(score):
    """Tomita's list would call a high-grade sarcoma rapid: lists of two scores are never exchanged."""
    score(
        {
            "histology": "osteosarcoma",
            "visceral": "none",
            "laboratory": "normal",
            "performance": "no",
            "chemotherapy": "no",
            "skeletal": "no",
        },
        gives=2,
        band="total-0-to-3",
    )


def test_a_critical_value_overrides(score):
    """Platelets of 90 000 settle the laboratory at 2, whatever the other values are."""
    score(
        {
            "primary": "slow",
            "visceral": "none",
            "platelets_per_ul": 90000,
            "performance": "no",
            "chemotherapy": "no",
            "skeletal": "no",
        },
        gives=2,
        band="total-0-to-3",
    )


def test_an_abnormal_value_may_still_become_critical(score):
    """CRP of 0.4 is abnormal; platelets, calcium and bilirubin are not known."""
    score(
        {
            "primary": "slow",
            "visceral": "none",
            "crp_mg_dl": 0.4,
            "performance": "no",
            "chemotherapy": "no",
            "skeletal": "no",
        },
        gives=(1, 2),
        band="total-0-to-3",
    )


def test_limits_of_the_laboratory(score):
    """At the limit CRP 0.4, LDH 250 are abnormal, albumin 3.7, platelets 100 000 normal, calcium 10.3 critical."""
    rest = {"primary": "slow", "visceral": "none", "performance": "no", "chemotherapy": "no", "skeletal": "no"}
    normal = {
        "crp_mg_dl": 0.39,
        "ldh_iu_l": 249,
        "albumin_g_dl": 3.7,
        "platelets_per_ul": 100000,
        "calcium_mg_dl": 10.2,
        "bilirubin_mg_dl": 1.39,
    }
    score({**rest, **normal}, gives=0, band="total-0-to-3")
    score({**rest, **normal, "crp_mg_dl": 0.4}, gives=1, band="total-0-to-3")
    score({**rest, **normal, "ldh_iu_l": 250}, gives=1, band="total-0-to-3")
    score({**rest, **normal, "albumin_g_dl": 3.69}, gives=1, band="total-0-to-3")
    score({**rest, **normal, "platelets_per_ul": 99999}, gives=2, band="total-0-to-3")
    score({**rest, **normal, "calcium_mg_dl": 10.3}, gives=2, band="total-0-to-3")
    score({**rest, **normal, "bilirubin_mg_dl": 1.4}, gives=2, band="total-0-to-3")


def test_only_ecog_3_and_4_count(score):
    """ECOG 2 counts nothing, ECOG 3 one point."""
    rest = {"primary": "slow", "visceral": "none", "laboratory": "normal", "chemotherapy": "no", "skeletal": "no"}
    score({**rest, "ecog": 2}, gives=0, band="total-0-to-3")
    score({**rest, "ecog": 3}, gives=1, band="total-0-to-3")
