"""`enbloc score`: what it prints, what it refuses and how, and that it stays light."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from enbloc.cli.score import as_json, listing, scored, sheet
from enbloc.core.errors import InputError
from enbloc.knowledge import instrument_keys, left_out


def enbloc_score(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", "-m", "enbloc", "score", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)


def test_total_and_band() -> None:
    done = enbloc_score("tomita-2001", "histology=renal-cell-carcinoma", "visceral=none", "bone=isolated")
    assert done.returncode == 0
    assert "Tomita prognostic score (tomita-2001): 3 of 2 to 10; higher is worse" in done.stdout
    assert "long term local control (2 to 3): wide or marginal excision" in done.stdout
    assert done.stdout.startswith("Research use only")


def test_json_and_nothing_else() -> None:
    done = enbloc_score("frankel", "grade=D", "--json")
    document = json.loads(done.stdout)
    assert (document["low"], document["parts"]["grade"]["answer"]) == (3, "D")


def test_it_loads_no_numerics() -> None:
    """0.6 s rests on this; a time would hang on the machine, a list of modules does not."""
    heavy = ["numpy", "scipy", "numba", "nibabel", "matplotlib", "skimage", "trimesh", "jinja2", "nrrd"]
    code = (
        "import sys, enbloc.cli\n"
        "sys.argv = ['enbloc', 'score', 'sins-2010', 'level=T12']\n"
        "try: enbloc.cli.main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "junctional" in done.stdout
    assert done.stderr.strip() == "[]"


def test_list_names_all_and_what_is_left_out() -> None:
    text = listing()
    for key in instrument_keys():
        assert f"  {key} " in text
    for row in left_out():
        assert row.because in text
    assert enbloc_score("--list").stdout.strip() == text.strip()


def test_open_answers_and_what_would_settle_them() -> None:
    text = sheet(scored("tomita-2001", ["growth=moderate", "visceral=none"]))
    assert "3 to 4 of 2 to 10" in text
    assert "isolated would settle it: long term local control" in text
    assert "multiple would settle it: middle term local control" in text


def test_keys_may_be_items_or_case_fields() -> None:
    for pairs in (["general=good"], ["general=90"], ["kps=90"]):
        part = scored("tokuhashi-2005", pairs).parts["general"]
        assert (part.answer, part.basis) == ("good", "stated")
    for pairs in (["posterolateral=unilateral"], ["posterolateral_involvement=unilateral"]):
        assert scored("sins-2010", pairs).parts["posterolateral"].answer == "unilateral"


def test_an_answer_against_the_table_is_flagged() -> None:
    text = sheet(scored("tomita-2001", ["histology=lung-carcinoma", "growth=slow"]))
    assert "stated-overrules-derived" in text


WRONG = {
    "unknown instrument": (["tomita-2002"], "did you mean"),
    "edition left out": (["tokuhashi"], "did you mean 'tokuhashi-2005'?"),
    "not shipped": (["sorg"], "not shipped: its coefficients are not public"),
    "none named": ([], "no instrument was named"),
    "unknown key": (["tomita-2001", "grwth=slow"], "tomita-2001: grwth: unknown key (did you mean 'growth'?)"),
    "unknown answer": (["tomita-2001", "bone=isolatd"], "bone_metastases: 'isolatd' is not one of"),
    "Karnofsky 85": (["tokuhashi-2005", "kps=85"], "status.kps: 85 is not a multiple of 10"),
    "Karnofsky 85 as an item": (["kps", "grade=85"], "status.kps: 85 is not a multiple of 10"),
    "ECOG 6": (["ecog", "grade=6"], "status.ecog: 6 is not at most 5"),
    "ECOG 1 where the score has none": (["rades-short-life", "ecog=1"], "ECOG 2 to 4"),
    "stage 3": (["enneking", "grade=3"], "S3 and III are opposites"),
    "stage 3 by its field": (["enneking", "enneking_stage=3"], "S3 and III are opposites"),
    "not a number": (["katagiri-2014", "crp_mg_dl=nan"], "nan is not a finite number"),
    "not a number as an item": (["rades-short-life", "interval=nan"], "'nan' is not an answer"),
    "level L9": (["sins-2010", "level=L9"], "'L9' is not a vertebral level (L levels run from L1 to L7)"),
    "type 8": (["escc-2010", "tomita_type=8"], "8 is not at most 7"),
    "twice": (["tomita-2001", "growth=slow", "growth=rapid"], "growth: is answered twice"),
    "no value": (["tomita-2001", "growth="], "answers are written key=value"),
    "no sign": (["tomita-2001", "growth"], "answers are written key=value"),
    "total of another": (["nesms", "bauer=5"], "'5' is not a total of bauer-modified"),
    "primary tumour": (["tomita-2001", "kind=primary-benign"], "made for spinal metastases"),
    "outside": (["tokuhashi-2005", "kps=0"], "has no answer to 'General condition (Karnofsky, %)'"),
    "two lines": (["tomita-2001", "growth=a\nb"], "is not one of"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG)
def test_wrong_input(arguments: list[str], words: str) -> None:
    if not arguments:
        assert words in enbloc_score().stderr
        return
    with pytest.raises(InputError) as caught:
        scored(arguments[0], arguments[1:])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_input_ends_with_2_and_one_line() -> None:
    done = enbloc_score("tokuhashi-2005", "kps=85")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("enbloc: tokuhashi-2005: status.kps: ")


@pytest.mark.parametrize("key", instrument_keys())
def test_every_instrument_can_be_asked_without_answers(key: str) -> None:
    assert f"({key})" in sheet(scored(key, []))
    assert json.loads(as_json(scored(key, [])))["missing"]
