"""What every bench shares: clocks, memory, plain tables, and the lines that say whether a figure is reached."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import TypeVar

LIBRARIES = ("numpy", "scipy", "numba", "edt", "nibabel", "scikit-image")
KIB_PER_MIB = 1024.0
Result = TypeVar("Result")


@dataclass(slots=True)
class Cost:
    """Wall and CPU seconds; peak memory in MiB (of a process, or growth over the start of a block), None if unknown."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float | None = None


@contextmanager
def timed() -> Iterator[Cost]:
    """Fills the cost of the block when it ends: this process's clocks, and how far its memory grew."""
    cost = Cost()
    start = _reset_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield cost
    finally:
        cost.wall_s, cost.cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        peak = _status_mib("VmHWM")
        cost.peak_mib = None if start is None or peak is None else max(0.0, peak - start)


def _reset_peak() -> float | None:
    """Sets the kernel's high-water mark back to what is resident now, and returns that; None where it cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return None
    return _status_mib("VmRSS")


def _status_mib(name: str) -> float | None:
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return float(found[0]) / KIB_PER_MIB if found else None


def peak_mib() -> float:
    """Largest resident size of this process so far."""
    unit = KIB_PER_MIB * KIB_PER_MIB if sys.platform == "darwin" else KIB_PER_MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def run_child(command: Sequence[str], extra: Mapping[str, str] | None = None) -> tuple[Cost, str]:
    """Cost and stdout of a program that must end with 0; the peak memory is that of this child alone."""
    wall = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(extra or {})}) as child:
        assert child.stdout is not None
        out = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    unit = KIB_PER_MIB * KIB_PER_MIB if sys.platform == "darwin" else KIB_PER_MIB
    return Cost(time.perf_counter() - wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit), out


def repeated(times: int, call: Callable[[], Result]) -> tuple[list[Cost], Result]:
    """Costs of `times` calls (at least one), and the last result."""
    costs, last = [], None
    for _ in range(max(1, times)):
        last = None
        with timed() as cost:
            last = call()
        costs.append(cost)
    assert last is not None
    return costs, last


def cost_cells(costs: Sequence[Cost]) -> list[str]:
    """Smallest and median wall time, median CPU time, largest memory."""
    walls = [cost.wall_s for cost in costs]
    peaks = [cost.peak_mib for cost in costs if cost.peak_mib is not None]
    memory = f"{max(peaks):.0f}" if peaks else "unknown"
    return [f"{min(walls):.3f}", f"{median(walls):.3f}", f"{median(c.cpu_s for c in costs):.3f}", memory]


COST_HEAD = ("wall min s", "wall median s", "CPU median s", "peak MiB")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a plain table: first column to the left, all others to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    width = [max(len(row[n]) for row in cells) for n in range(len(head))]
    for place, row in enumerate(cells):
        line = [c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(row, width, strict=True))]
        print("  ".join(line).rstrip())
        if place == 0:
            print("  ".join("-" * w for w in width))
    print(flush=True)


@dataclass(slots=True)
class Figures:
    """The figures that a bench must reach, and whether it did. `smoke`: sizes too small for times to mean anything."""

    smoke: bool
    failed: list[str] = field(default_factory=list)

    def figure(self, name: str, value: str, wanted: str, reached: bool, *, is_time: bool = False) -> None:
        """Prints one PASS or FAIL line. A smoke run tells times but does not judge them: its sizes are smaller."""
        if self.smoke and is_time:
            print(f"SMOKE {name}: {value} (asked at full size: {wanted})", flush=True)
            return
        print(f"{'PASS' if reached else 'FAIL'}  {name}: {value} (asked: {wanted})", flush=True)
        if not reached:
            self.failed.append(name)

    @property
    def exit_code(self) -> int:
        return 1 if self.failed else 0


def headline(title: str) -> None:
    """What is measured, and on what."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    print(f"{title}\n{processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    print(f"{versions}\nload average when it began: {load()}\n", flush=True)


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {100.0 * part / whole:.1f} %" if whole else "0/0"
