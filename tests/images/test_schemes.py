"""The shipped label schemes and their file form. Expected ids are those of the programs' published class tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.core.errors import KnowledgeError
from enbloc.core.geometry import Affine
from enbloc.core.levels import Level
from enbloc.core.volume import Grid
from enbloc.images import fitting_schemes, scheme_contradictions
from enbloc.images.census import take_census
from enbloc.images.labels import levels_from_anchor
from enbloc.images.sides import compare_sides
from enbloc.knowledge import bibliography
from enbloc.knowledge.schemes import level_of, load_scheme, parse_scheme, scheme_names
from images.making import AFFINE, SHAPE, spine_labels

GRID = Grid(SHAPE, Affine(AFFINE))

PROMISED = [
    "totalsegmentator-v1",
    "totalsegmentator-v2",
    "totalsegmentator-v3",
    "totalsegmentator-files",
    "totalsegmentator-total-mr",
    "totalsegmentator-vertebrae-mr",
    "totalsegmentator-vertebrae-body",
    "totalsegmentator-vertebrae-pp",
    "verse",
    "spineps-vertebra",
    "spineps-subregion",
    "totalspineseg",
    "spl-abdominal",
]

KNOWN = [  # (scheme, value, structure): read off the programs' tables, ends and turning points of each block
    *[("totalsegmentator-v2", n, s) for n, s in [(1, "spleen"), (25, "sacrum"), (26, "S1"), (27, "L5"), (31, "L1")]],
    *[("totalsegmentator-v2", n, s) for n, s in [(32, "T12"), (43, "T1"), (44, "C7"), (50, "C1"), (52, "aorta")]],
    *[("totalsegmentator-v2", n, s) for n, s in [(62, "superior-vena-cava"), (63, "inferior-vena-cava"), (79, "cord")]],
    *[
        ("totalsegmentator-v2", n, s)
        for n, s in [(65, "iliac-artery-left"), (68, "iliac-vein-right"), (88, "iliopsoas-left")]
    ],
    *[("totalsegmentator-v2", n, s) for n, s in [(92, "rib-left-1"), (103, "rib-left-12"), (104, "rib-right-1")]],
    *[("totalsegmentator-v2", n, s) for n, s in [(115, "rib-right-12"), (117, "costal-cartilages"), (20, "colon")]],
    *[("totalsegmentator-v3", n, s) for n, s in [(26, "L6"), (25, "sacrum"), (27, "L5"), (117, "costal-cartilages")]],
    *[("totalsegmentator-v1", n, s) for n, s in [(7, "aorta"), (8, "inferior-vena-cava"), (18, "L5"), (22, "L1")]],
    *[("totalsegmentator-v1", n, s) for n, s in [(23, "T12"), (34, "T1"), (41, "C1"), (51, "iliac-artery-left")]],
    *[
        ("totalsegmentator-v1", n, s)
        for n, s in [(58, "rib-left-1"), (70, "rib-right-1"), (92, "sacrum"), (104, "urinary-bladder")]
    ],
    *[
        ("totalsegmentator-total-mr", n, s)
        for n, s in [(18, "sacrum"), (19, "vertebrae"), (20, "disc"), (21, "cord"), (23, "aorta")]
    ],
    *[
        ("totalsegmentator-vertebrae-mr", n, s)
        for n, s in [(1, "sacrum"), (2, "L5"), (6, "L1"), (7, "T12"), (18, "T1"), (25, "C1")]
    ],
    *[("totalsegmentator-vertebrae-pp", n, s) for n, s in [(1, "body-C1"), (19, "body-T12"), (24, "body-L5")]],
    *[("totalsegmentator-vertebrae-body", n, s) for n, s in [(1, "vertebral-bodies"), (2, "disc")]],
    *[("verse", n, s) for n, s in [(1, "C1"), (8, "T1"), (19, "T12"), (20, "L1"), (24, "L5"), (25, "L6"), (28, "T13")]],
    *[
        ("spineps-veridah", n, s)
        for n, s in [(19, "T12"), (119, "disc-T12"), (219, "endplate-T12"), (28, "T13"), (26, "sacrum")]
    ],
    *[
        ("spineps-vertebra", n, s)
        for n, s in [(7, "instance-7"), (107, "disc-instance-7"), (207, "endplate-instance-7")]
    ],
    *[
        ("spineps-subregion", n, s)
        for n, s in [(41, "part-arch"), (43, "part-transverse-left"), (49, "part-body-border")]
    ],
    *[
        ("spineps-subregion", n, s)
        for n, s in [(48, "part-articular-inferior-right"), (60, "cord"), (61, "canal"), (100, "disc")]
    ],
    *[
        ("totalspineseg", n, s)
        for n, s in [(1, "cord"), (2, "canal"), (11, "C1"), (17, "C7"), (21, "T1"), (32, "T12"), (41, "L1")]
    ],
    *[
        ("totalspineseg", n, s)
        for n, s in [(45, "L5"), (46, "L6"), (50, "sacrum"), (63, "disc-C2"), (71, "disc-C7"), (82, "disc-T11")]
    ],
    *[("totalspineseg", n, s) for n, s in [(91, "disc-T12"), (95, "disc-L4"), (100, "disc-L5")]],
    *[
        ("spl-abdominal", n, s)
        for n, s in [(7, "aorta"), (8, "inferior-vena-cava"), (409, "T9"), (412, "T12"), (501, "L1")]
    ],
    *[
        ("spl-abdominal", n, s)
        for n, s in [(505, "L5"), (555, "disc"), (600, "sacrum"), (74, "iliac-artery"), (86, "iliac-vein")]
    ],
]


def test_every_promised_scheme_is_there():
    assert set(PROMISED) <= set(scheme_names())


@pytest.mark.parametrize(("scheme", "value", "structure"), KNOWN)
def test_known_values(scheme, value, structure):
    assert load_scheme(scheme).values[value] == structure


@pytest.mark.parametrize("name", scheme_names())
def test_each_scheme_holds_together(name):
    scheme = load_scheme(name)
    assert scheme.id == name
    assert scheme.source in bibliography()
    assert scheme.traps
    ranks = [(value, level.rank) for value, s in sorted(scheme.values.items()) if (level := level_of(s))]
    ordered = [rank for value, rank in ranks if scheme.values[value] not in ("T13", "S1", "sacrum", "L6")]
    if scheme.ids_rise == "caudal":
        assert ordered == sorted(ordered)
    if scheme.ids_rise == "cranial":
        assert ordered == sorted(ordered, reverse=True)


def test_version_2_and_3_differ_in_26_only():
    two, three = load_scheme("totalsegmentator-v2").values, load_scheme("totalsegmentator-v3").values
    assert {v for v in two if two[v] != three[v]} == {26}
    assert len(two) == len(three) == 117


def test_bodies_are_numbered_as_in_verse():
    bodies, whole = load_scheme("totalsegmentator-vertebrae-pp").values, load_scheme("verse").values
    assert all(bodies[v] == f"body-{whole[v]}" for v in range(1, 25))


def test_files_are_the_structures_of_version_2():
    stems, values = load_scheme("totalsegmentator-files").files, load_scheme("totalsegmentator-v2").values
    assert set(values.values()) | {"L6"} == set(stems.values())
    assert stems["vertebrae_T12"] == "T12"
    assert stems["iliac_vena_left"] == "iliac-vein-left"
    assert stems["spinal_cord"] == "cord"


HEAD = '[scheme]\nid="x"\nsource="s"\nchecked="primary"\nform="values"\nholds="vertebrae"\nids_rise="none"\n'


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("not toml [", None),
        ("", "scheme"),
        (HEAD, "structures"),
        (HEAD + "[structures]\nT14 = 1\n", "structures.T14"),
        (HEAD + "[structures]\nbody-L9 = 1\n", "structures.body-L9"),
        (HEAD + '[structures]\n"T 12" = 1\n', "structures.T 12"),
        (HEAD + "[structures]\nT12 = 0\n", "structures.T12"),
        (HEAD + "[structures]\nT12 = 70000\n", "structures.T12"),
        (HEAD + "[structures]\nT12 = true\n", "structures.T12"),
        (HEAD + '[structures]\nT12 = "a"\n', "structures.T12"),
        (HEAD + "[structures]\nT12 = 1\nL1 = 1\n", "structures.L1"),
        (HEAD.replace("values", "files") + '[structures]\nT12 = "../x"\n', "structures.T12"),
        (HEAD.replace("values", "pictures") + "[structures]\nT12 = 1\n", "scheme.form"),
        (HEAD + "extra = 1\n[structures]\nT12 = 1\n", "scheme.extra"),
        (HEAD.replace('id="x"\n', "") + "[structures]\nT12 = 1\n", "scheme.id"),
        (HEAD + "[structures]\nT12 = 1\n[[trap]]\nwords = 'x'\n", "trap"),
    ],
)
def test_bad_tables_are_refused(text, field):
    with pytest.raises(KnowledgeError) as refusal:
        parse_scheme(text, "own.toml")
    assert refusal.value.file == "own.toml"
    assert refusal.value.field == field


def test_unknown_name_gets_the_nearest():
    with pytest.raises(KnowledgeError, match="totalsegmentator-v2"):
        load_scheme("totalsegmentator-2")


def test_directions_split_the_schemes():
    census = take_census(spine_labels(), GRID)
    fits = fitting_schemes(census)
    assert {"verse", "totalsegmentator-vertebrae-pp", "spineps-veridah"} <= set(fits)
    assert not {"totalsegmentator-v1", "totalsegmentator-vertebrae-mr", "totalspineseg"} & set(fits)


def test_contradictions_by_name():
    values = spine_labels()
    assert scheme_contradictions(values, GRID, load_scheme("verse")) == ()
    ids = {c.id for c in scheme_contradictions(values, GRID, load_scheme("totalsegmentator-vertebrae-mr"))}
    assert ids == {"label-order-reversed"}
    values[values == 22] = 90
    ids = {c.id for c in scheme_contradictions(values, GRID, load_scheme("verse"))}
    assert ids == {"label-values-unknown", "level-names-jump"}


def test_census_by_numpy():
    rng = np.random.default_rng(5)
    for dtype, high in ((np.uint8, 9), (np.uint16, 700)):
        values = rng.integers(0, high, (7, 8, 9)).astype(dtype)
        for view in (values, np.asfortranarray(values), values[::-1].transpose(2, 0, 1)):
            grid = Grid(view.shape, Affine(AFFINE))
            census = take_census(view, grid)
            assert census.values == tuple(np.unique(values[values > 0]).tolist())
            for value, count, centre in zip(census.values, census.counts, census.centroids_mm, strict=True):
                where = np.argwhere(view == value)
                assert count == len(where)
                np.testing.assert_allclose(centre, grid.affine.to_world(where.mean(axis=0)))


@given(st.permutations(range(1, 26)), st.sampled_from([level for level in Level if level.region != "sacral"]))
def test_counting_from_any_anchor_keeps_order(numbers, level):
    """Ten instances, anchored so that all fit: names descend by one level per number."""
    present = sorted(numbers[:10])
    structures = {n: f"instance-{n}" for n in present}
    ladder = [lv for lv in Level if lv.region != "sacral" and lv is not Level.T13]
    if level is Level.T13:
        return
    anchor = present[4]
    place = ladder.index(level)
    if place + present[0] - anchor < 0 or place + present[-1] - anchor >= len(ladder):
        return
    named, _ = levels_from_anchor(structures, anchor, level, "x")
    assert all(named[n] == ladder[place + n - anchor] for n in present)


def test_sides_of_unsided_names():
    values = np.zeros(SHAPE, dtype=np.uint8)
    values[2:4], values[15:17] = 52, 63  # aorta left of the cava
    names = {52: "aorta", 63: "inferior-vena-cava"}
    assert compare_sides(take_census(values, GRID), names).right_way == ("aorta/inferior-vena-cava",)
    sides = compare_sides(take_census(values[::-1], GRID), names)
    assert sides.wrong_way == ("aorta/inferior-vena-cava",)
    assert not sides.flipped, "one pair alone may be a variant (right aortic arch, situs inversus)"
