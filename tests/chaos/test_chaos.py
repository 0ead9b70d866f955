"""Each source fails in every way, under a little load: ``make chaos`` in short, without figures.
No answer is wrong, none is missing, and what is well again is asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.stack import Addresses
from tests.chaos.load import Phase
from tests.chaos.operations import places_wrong
from tests.chaos.proxies import FAULTS
from tests.chaos.scene import scene

SOON = {
    "timeout": 0.5,
    "breaker": {"failures": 0.5, "calls": 20, "seconds": 10.0, "open_seconds": 0.2},
}
RATE, SECONDS = 100.0, 0.3


@pytest.mark.process
async def test_a_source_that_fails_costs_its_own_places_alone(
    tmp_path: Path, addresses: Addresses
) -> None:
    async with scene(tmp_path, addresses, **SOON) as stage:
        coded = dict[str, int]()
        for source, proxy in stage.proxies.items():
            for fault in FAULTS:
                phase = Phase(source, fault)
                await proxy.turn(fault)
                await stage.load.run(phase, RATE, SECONDS)
                await stage.recover(source)

                assert phase.wrong == {}, (source, fault, phase.example)
                assert phase.stuck == 0
                coded[fault] = coded.get(fault, 0) + phase.coded.total()
        logged = stage.target.served.logged

    assert all(coded[fault] for fault in FAULTS if fault != "is slow"), coded
    assert "Traceback" not in logged


@pytest.mark.parametrize(
    ("given", "errors", "wrong"),
    [
        ({"a": [1, {"b": 2}], "c": 3}, [], []),
        (None, [("a", 1, "b")], []),
        ({"a": None, "c": 3}, [("a",)], []),
        ({"a": [1, None], "c": 3}, [("a", 1, "b")], []),
        ({"a": [1, {"b": None}], "c": 3}, [], [("a", 1, "b")]),
        ({"a": [1, {"b": None}], "c": None}, [("a", 1, "b")], [("c",)]),
        ({"a": [1], "c": 3}, [("a",)], [("a",)]),
        ({"a": [1, {"b": 5}], "c": 3}, [("a", 1, "b")], [("a", 1, "b")]),
        ({"a": [1, {"b": 2}]}, [], [()]),
    ],
)
def test_a_place_is_right_or_null_with_an_error(
    given: object, errors: list[tuple[str | int, ...]], wrong: list[tuple[str | int, ...]]
) -> None:
    assert places_wrong({"a": [1, {"b": 2}], "c": 3}, given, errors) == wrong
