"""Tomita's prognostic score: three items, 2 to 10, higher is worse."""

INSTRUMENT = "tomita-2001"


def test_best_case(score):
    """Slow growth, no visceral metastases, one bone metastasis: the lowest total there is."""
    score({"growth": "slow", "visceral": "none", "bone": "isolated"}, gives=2, band="long-term-local-control")


def test_kidney_with_an_isolated_metastasis(score):
    """Moderate growth counts 2, one bone metastasis 1."""
    score(
        {"histology": "renal-cell-carcinoma", "visceral": "none", "bone": "isolated"},
        gives=3,
        band="long-term-local-control",
    )


def test_total_of_4_is_middle_term(score):
    """Moderate growth with several bone metastases. The paper of 2006 reports en bloc surgery for 2, 3 and 4."""
    score({"growth": "moderate", "visceral": "none", "bone": "multiple"}, gives=4, band="middle-term-local-control")


def test_rapid_growth_counts_4_not_3(score):
    """A rapid primary cannot come below 5, however little it has spread."""
    score({"growth": "rapid", "visceral": "none", "bone": "isolated"}, gives=5, band="middle-term-local-control")


def test_untreatable_viscera_count_4(score):
    """With a slow primary and one bone metastasis the total is 6."""
    score({"growth": "slow", "visceral": "untreatable", "bone": "isolated"}, gives=6, band="short-term-palliation")


def test_worst_case(score):
    """The highest total there is."""
    score({"growth": "rapid", "visceral": "untreatable", "bone": "multiple"}, gives=10, band="terminal-care")


def test_unknown_bone_metastases_leave_the_band_open(score):
    """Kidney without visceral metastases: 3 with one bone metastasis, 4 with several."""
    score({"histology": "renal-cell-carcinoma", "visceral": "none"}, gives=(3, 4))


def test_histology_outside_the_list_leaves_growth_open(score):
    """The list of 2001 does not name the ovary: growth is asked for, not guessed."""
    score({"histology": "ovarian-carcinoma", "visceral": "none", "bone": "isolated"}, gives=(2, 5))


def test_stated_growth_overrules_the_list(score):
    """A lung tumour that its surgeon calls slow counts 1."""
    score(
        {"histology": "lung-carcinoma", "growth": "slow", "visceral": "none", "bone": "isolated"},
        gives=2,
        band="long-term-local-control",
    )
