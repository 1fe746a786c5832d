"""Solves linear networks with svZeroDSolver (package svzerod) and writes its pressures for a test to compare with.

The package is no dependency. In an environment of its own, with this project's sources on the path:

    python -m venv peer && peer/bin/pip install svzerod
    PYTHONPATH=src peer/bin/python bench/svzerod_networks.py tests/perfusion/svzerod.json

Every node is a junction, every branch a vessel with a Poiseuille resistance; a held node gives each of its branches a
pressure of its own. The steady state is reached in time steps, whose number is in the file.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from random import Random
from typing import Any

import svzerod

Network = dict[str, Any]
STEPS = 200


def ladder(levels: int, seed: int) -> Network:
    """Two rails of `levels` nodes, all fed from A and drained to V, with rungs; conductances drawn log-evenly."""
    draw = Random(seed)
    branches = []
    for i in range(levels):
        branches += [("A", f"S{i}"), (f"S{i}", "V"), (f"S{i}", f"C{i}"), (f"C{i}", "V")]
        if i + 1 < levels:
            branches += [(f"S{i}", f"S{i + 1}"), (f"C{i}", f"C{i + 1}")]
    return {
        "name": f"ladder-{levels}",
        "held": {"A": 93.0, "V": 5.0},
        "branches": [[a, b, round(10 ** draw.uniform(-2, 1), 6)] for a, b in branches],
    }


def tied(network: Network, nodes: tuple[str, ...]) -> Network:
    """The same with the inflow of `nodes` gone."""
    left = [row for row in network["branches"] if not (row[0] == "A" and row[1] in nodes)]
    return network | {"name": f"{network['name']}-tied", "branches": left}


def bridge() -> Network:
    """A Wheatstone bridge out of balance."""
    rows = [["A", "P", 1.0], ["A", "Q", 2.0], ["P", "V", 3.0], ["Q", "V", 1.5], ["P", "Q", 0.5]]
    return {"name": "bridge", "held": {"A": 100.0, "V": 0.0}, "branches": rows}


def deck(network: Network) -> dict[str, Any]:
    """The input of the other program."""
    held, vessels, conditions = network["held"], [], []
    inlets: dict[str, list[int]] = {}
    outlets: dict[str, list[int]] = {}
    for i, (start, end, conductance) in enumerate(network["branches"]):
        vessel: dict[str, Any] = {
            "vessel_id": i,
            "vessel_length": 1.0,
            "vessel_name": f"b{i}",
            "zero_d_element_type": "BloodVessel",
            "zero_d_element_values": {"R_poiseuille": 1.0 / conductance},
        }
        for where, node, at in (("inlet", start, outlets), ("outlet", end, inlets)):
            if node in held:
                name = f"{where}{i}"
                vessel.setdefault("boundary_conditions", {})[where] = name
                values = {"P": [held[node], held[node]], "t": [0.0, 1.0]}
                conditions.append({"bc_name": name, "bc_type": "PRESSURE", "bc_values": values})
            else:
                at.setdefault(node, []).append(i)
        vessels.append(vessel)
    junctions = [
        {
            "junction_name": f"J{k}",
            "junction_type": "NORMAL_JUNCTION",
            "inlet_vessels": inlets.get(node, []),
            "outlet_vessels": outlets.get(node, []),
        }
        for k, node in enumerate(sorted({*inlets, *outlets}))
    ]
    times = {"number_of_cardiac_cycles": 1, "number_of_time_pts_per_cardiac_cycle": STEPS, "steady_initial": False}
    return {
        "boundary_conditions": conditions,
        "junctions": junctions,
        "simulation_parameters": times,
        "vessels": vessels,
    }


def solved(network: Network) -> Network:
    last = svzerod.simulate(deck(network)).groupby("name").last()
    pressure = dict(network["held"])
    flow = []
    for i, (start, end, _) in enumerate(network["branches"]):
        row = last.loc[f"b{i}"]
        pressure[start], pressure[end] = float(row.pressure_in), float(row.pressure_out)
        flow.append(float(row.flow_in))
    return network | {"pressure_mmhg": pressure, "flow_ml_min": flow}


def main() -> None:
    networks = [bridge(), ladder(5, 7), tied(ladder(5, 7), ("S1", "S2", "S3")), ladder(17, 11)]
    made = {"program": "svzerod", "version": metadata.version("svzerod"), "script": "bench/svzerod_networks.py"}
    found = made | {"time_steps": STEPS, "networks": [solved(network) for network in networks]}
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
