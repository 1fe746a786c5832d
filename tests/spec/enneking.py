"""Enneking stages. Stage 3 of a benign tumour and stage III of a malignant one are opposites."""

INSTRUMENT = "enneking"


def test_s3_is_benign_and_iii_is_not(score):
    """The one is a candidate for the operation, the other is not."""
    score({"grade": "S3"}, gives="S3", band="benign")
    score({"grade": "III"}, gives="III", band="malignant-with-metastases")


def test_four_malignant_stages_without_metastases(score):
    """Low or high grade, within or beyond the compartment."""
    score({"grade": "IA"}, gives="IA", band="malignant")
    score({"grade": "IIB"}, gives="IIB", band="malignant")


def test_osteosarcoma_beyond_the_vertebra(score):
    """High grade, and type 5 is beyond the compartment: IIB, to be confirmed; without metastases."""
    score({"histology": "osteosarcoma", "tomita_type": 5, "visceral_metastases": "none"}, gives="IIB", band="malignant")


def test_metastases_make_it_iii(score):
    """Whatever the histology."""
    score(
        {"kind": "primary-malignant", "histology": "osteosarcoma", "visceral_metastases": "treatable"},
        gives="III",
        band="malignant-with-metastases",
    )


def test_giant_cell_tumour_is_s3_or_s2(score):
    """Benign in both readings."""
    score({"kind": "primary-benign", "histology": "giant-cell-tumour"}, gives=None, band="benign")
