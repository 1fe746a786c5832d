"""A column written out branch by branch in words and solved by the plain network solver. Never optimised."""

from __future__ import annotations

from enbloc.perfusion.column import Interruption, Samples
from enbloc.perfusion.network import Bed, Branch, FlowNetwork, solve

SIDES = ("left", "right")


def slow_flows(levels, samples: Samples, n: int, interruption: Interruption, tumour=()):
    """(vertebra, cord) by level as fractions of before, of sample n."""
    value = {name: float(getattr(samples, name)[n]) for name in ("arcade", "feeder", "cord_link", "slope", "knee")}
    ratio = {name: float(values[n]) for name, values in samples.ratios.items()}
    cord_bed = ratio["segment_bed"] * ratio["cord_bed"]
    part = {"anterior": ratio["central_share"]}
    part["posterior left"] = part["posterior right"] = (1.0 - ratio["central_share"]) / 2.0

    plain = [
        Branch(f"{name} {i}", "vein", cord_bed * share) for i in range(len(levels)) for name, share in part.items()
    ]
    open_branches = written_out(levels, samples, n, value, ratio, cord_bed, Interruption(), tumour)
    before = solve(FlowNetwork((*open_branches, *plain), {"aorta": 1.0, "vein": 0.0})).pressure_mmhg

    beds = tuple(
        Bed(
            node=f"{name} {i}",
            conductance=cord_bed * share,
            reference=before[f"{name} {i}"],
            slope=value["slope"],
            knee=value["knee"],
        )
        for i in range(len(levels))
        for name, share in part.items()
    )
    branches = written_out(levels, samples, n, value, ratio, cord_bed, interruption, tumour)
    flow = solve(FlowNetwork(tuple(branches), {"aorta": interruption.pressure, "vein": 0.0}, beds))
    after = flow.pressure_mmhg

    vertebra, cord = [], []
    for i in range(len(levels)):
        outer = sum(after[f"segmental {side} {i}"] / before[f"segmental {side} {i}"] for side in SIDES) / 2.0
        inner = sum(after[f"epidural {side} {i}"] / before[f"epidural {side} {i}"] for side in SIDES) / 2.0
        vertebra.append((1.0 - ratio["epidural_body_share"]) * outer + ratio["epidural_body_share"] * inner)
        total = 0.0
        for name, share in part.items():
            at = beds[len(part) * i + list(part).index(name)]
            total += share * at.flow(after[f"{name} {i}"]) / (at.conductance * at.reference)
        cord.append(total)
    return vertebra, cord


def written_out(levels, samples, n, value, ratio, cord_bed, interruption, tumour):
    anterior_link = value["cord_link"] * ratio["anterior_share"]
    epidural_link = anterior_link * ratio["epidural_link"]
    vertebra_bed = ratio["segment_bed"] * (1.0 - ratio["muscle_share"])
    found = []

    def join(start, end, conductance):
        found.append(Branch(start, end, conductance))

    for i, level in enumerate(levels):
        for s, side in enumerate(SIDES):
            place = (level, s)
            segmental, epidural, posterior = f"segmental {side} {i}", f"epidural {side} {i}", f"posterior {side} {i}"
            inflow = interruption.inflow.get(place, 0.0 if place in interruption.closed else 1.0)
            spinal = 0.0 if place in interruption.distal else 1.0
            root = 0.0 if place in interruption.distal or place in interruption.feeders else 1.0
            join("aorta", segmental, 0.5 * inflow)
            join("aorta", segmental, 0.5 * ratio["wall_inflow"])
            join(segmental, "vein", 0.5 * (ratio["segment_bed"] - vertebra_bed * ratio["epidural_body_share"]))
            join(epidural, "vein", 0.5 * vertebra_bed * ratio["epidural_body_share"])
            if level in tumour:
                join(segmental, "vein", 0.5 * vertebra_bed * (float(samples.tumour[n]) - 1.0))
            join(segmental, epidural, 0.5 * ratio["spinal_branch"] * spinal)
            join(epidural, f"dural {i}", 0.5 * epidural_link * ratio["dural_branch"])
            strength = float(samples.sites[n, 2 * i + s])
            join(epidural, f"anterior {i}", 0.5 * value["feeder"] * ratio["central_share"] * strength * root)
            join(epidural, posterior, 0.5 * value["feeder"] * (1.0 - ratio["central_share"]) * root)
            join(f"dural {i}", posterior, 0.25 * value["feeder"] * ratio["dural_pial"])
            join(f"anterior {i}", posterior, 0.5 * cord_bed * ratio["pial_ring"])
        join(f"dural {i}", f"anterior {i}", 0.5 * value["feeder"] * ratio["dural_pial"])
        join(f"segmental left {i}", f"segmental right {i}", value["arcade"] * ratio["arcade_cross"])
        join(f"epidural left {i}", f"epidural right {i}", epidural_link * ratio["epidural_cross"])
        if i + 1 < len(levels):
            for side in SIDES:
                join(f"segmental {side} {i}", f"segmental {side} {i + 1}", 0.5 * value["arcade"])
                join(f"epidural {side} {i}", f"epidural {side} {i + 1}", 0.5 * epidural_link)
                join(f"posterior {side} {i}", f"posterior {side} {i + 1}", 0.5 * (value["cord_link"] - anterior_link))
            join(f"dural {i}", f"dural {i + 1}", epidural_link * ratio["dural_link"])
            join(f"anterior {i}", f"anterior {i + 1}", anterior_link)
    return found
