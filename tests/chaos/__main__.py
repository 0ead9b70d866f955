"""``make chaos``: each source fails in every way, one after the other, under load.

Prints a line for each, and ends with 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import uvloop

from demo.stack import Addresses, DemoStack
from tests.chaos.load import Phase
from tests.chaos.proxies import FAULTS
from tests.chaos.scene import RECOVERY_SECONDS, Scene, scene

SHARE_OF_CAPACITY = 0.7
LEAST_ANSWERED = 0.9
"""Of the operations that ask nothing of the bad source."""
MOST_LATENCY = 1.1
"""Their p99, by that while all is well."""
MOST_GROWTH = 10_000_000
"""Bytes of memory, from when the first source has failed in every way to the end: what waits, and
what fails, needs some that the process keeps."""
WARM_SECONDS = 10.0

COLUMNS = "{:<22} {:>6} {:>7} {:>6} {:>5} {:>5} {:>8} {:>8} {:>8} {:>7} {:>6} {:>5}"
HEADINGS = (
    *("source", "sent/s", "right", "coded", "wrong", "stuck"),
    *("others", "p50 ms", "p99 ms", "MB", "loop ms", "CPU"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="for which it goes on")
    parser.add_argument("--stack", type=Path, default=Path(".demo/chaos"), help="for the sources")
    options = parser.parse_args()
    with (
        TemporaryDirectory() as folder,
        DemoStack(options.stack, print) as stack,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        broken = runner.run(chaos(Path(folder), stack.addresses, options.minutes * 60))
    for each in broken:
        print(f"BROKEN: {each}")
    sys.exit(bool(broken))


async def chaos(folder: Path, addresses: Addresses, seconds: float) -> list[str]:
    """All phases; returns which bounds were broken."""
    async with scene(folder, addresses) as stage:
        await stage.load.capacity(WARM_SECONDS)
        capacity = await stage.load.capacity(WARM_SECONDS)
        rate = capacity * SHARE_OF_CAPACITY
        print(f"{capacity:.0f} operations a second are all that it can; {rate:.0f} are sent.")
        print(COLUMNS.format(*HEADINGS))
        faults = [(source, fault) for source in stage.proxies for fault in FAULTS]
        each = max(5.0, (seconds - 3 * WARM_SECONDS) / (len(faults) + 2) - RECOVERY_SECONDS / 2)
        well, held = Phase(None, None), [await run(stage, Phase(None, None), rate, WARM_SECONDS)]
        held = [await run(stage, well, rate, 2 * each)]
        broken = [*broken_by(well, well)]
        for source, fault in faults:
            phase = Phase(source, fault)
            await stage.proxies[source].turn(fault)
            held.append(await run(stage, phase, rate, each, well))
            broken += broken_by(phase, well)
            await stage.recover(source)
            # What was put off meanwhile is none of the next one's.
            await stage.load.run(Phase(None, None), rate, 1.0)
        first, grown = held[len(FAULTS) + 1] - held[0], held[-1] - held[len(FAULTS) + 1]
        if grown > MOST_GROWTH:
            broken.append(f"memory grew by {grown / 1e6:.1f} MB")
        print(f"Memory grew by {first / 1e6:.1f} MB with the first, {grown / 1e6:.1f} since.")
        return broken


async def run(
    stage: Scene, phase: Phase, rate: float, seconds: float, well: Phase | None = None
) -> float:
    """One phase, and its line; returns the gateway's memory in it, in bytes."""
    stage.target.held.longest = 0.0
    sizes: list[int] = []
    cpu = stage.target.served.cpu

    async def look() -> None:
        while True:
            sizes.append(stage.target.served.memory)
            await asyncio.sleep(0.5)

    looking = asyncio.create_task(look())
    await stage.load.run(phase, rate, seconds)
    looking.cancel()
    cpu = stage.target.served.cpu - cpu
    kinds = others(phase)
    print(
        COLUMNS.format(
            "all well" if phase.bad is None else f"{phase.bad} {phase.fault}",
            f"{phase.sent.total() / phase.seconds:.0f}",
            sum(map(len, phase.right.values())),
            phase.coded.total(),
            phase.wrong.total(),
            phase.stuck,
            f"{phase.answered(kinds):.1%}",
            f"{phase.latency(kinds, 0.5) * 1e3:.1f}",
            f"{phase.latency(kinds, 0.99) * 1e3:.1f}"
            + (f"/{well.latency(kinds, 0.99) * 1e3:.1f}" if well else ""),
            f"{median(sizes) / 1e6:.0f}",
            f"{stage.target.held.longest * 1e3:.0f}",
            f"{cpu / seconds:.0%}",
        ),
        flush=True,
    )
    return median(sizes)


def others(phase: Phase) -> list[str]:
    """The kinds of operations that ask nothing of what is bad."""
    return [name for name, sources in phase.asked.items() if phase.bad not in sources]


def broken_by(phase: Phase, well: Phase) -> list[str]:
    """The bounds that a phase has broken."""
    name = "all well" if phase.bad is None else f"{phase.bad} {phase.fault}"
    kinds = others(phase)
    if phase.example:
        print(f"  {phase.example[:300]}")
    broken = [f"{name}: {count} times {what}" for what, count in phase.wrong.items()]
    if phase.stuck:
        broken.append(f"{name}: {phase.stuck} stuck")
    if phase.answered(kinds) < LEAST_ANSWERED:
        broken.append(f"{name}: others have {phase.answered(kinds):.1%} of their answers")
    slower = phase.latency(kinds, 0.99) / well.latency(kinds, 0.99)
    if slower > MOST_LATENCY:
        broken.append(f"{name}: the p99 of others is {slower:.2f} times what it was")
    return broken


if __name__ == "__main__":
    began = time.monotonic()
    try:
        main()
    finally:
        print(f"It took {(time.monotonic() - began) / 60:.1f} minutes.")
