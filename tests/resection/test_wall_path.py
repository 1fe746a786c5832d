"""The path along the canal's wall against another program's."""

import edt
import numpy as np
import pytest
from skimage.graph import MCP

from enbloc.resection.kernels import CANAL, SOLID
from enbloc.resection.passage import HUG, wall_path


def block(seed: int):
    """Solid tissue with holes around a canal; the ends are two of its faces."""
    rng = np.random.default_rng(seed)
    code = np.where(rng.random((14, 12, 9)) < 0.75, SOLID, 0).astype(np.uint8)
    code[5:9, 4:8, :] = CANAL
    front, back = np.zeros(code.shape, bool), np.zeros(code.shape, bool)
    front[:, -1], back[:, 0] = True, True
    return code, front, back


@pytest.mark.parametrize("seed", range(6))
def test_it_runs_over_solid_voxels_and_costs_no_more_than_the_other_programs(seed):
    code, front, back = block(seed)
    path = wall_path(code, front, back).astype(int)
    cost = np.where(code == SOLID, 1.0 + HUG * edt.edt(code != CANAL), -1.0)
    least = MCP(cost, fully_connected=False).find_costs(np.argwhere(front & (code == SOLID)))[0]
    assert (np.abs(np.diff(path, axis=0)).sum(axis=1) == 1).all(), "steps over faces"
    assert (code[tuple(path.T)] == SOLID).all()
    assert front[tuple(path[0])]
    assert back[tuple(path[-1])]
    # Distances from the canal have seven digits.
    assert cost[tuple(path.T)].sum() == pytest.approx(least[back & (code == SOLID)].min(), rel=1e-6)


def test_there_is_none_where_nothing_solid_joins_the_ends():
    code, front, back = block(0)
    code[:, 6] = 0
    assert wall_path(code, front, back) is None
