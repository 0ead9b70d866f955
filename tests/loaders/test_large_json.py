"""Large texts are read and written in parts, to the same end as at once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import large_json
from loaders.json import NotJSON, Reader, read, write
from loaders.large_json import read_large, write_large

pytestmark = pytest.mark.unit

TEXTS = st.sampled_from(["", "a", "},{", '"', "\\", "}, {", '{"items":[', "é", "]}"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS | st.sampled_from(["id", "items"]), inner, max_size=4)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["id", "items", "a"]), VALUES, max_size=3)
LISTS = st.lists(OBJECTS | VALUES, max_size=12)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", " : ")])


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_json, "PART", 8)
    monkeypatch.setattr(large_json, "ITEMS", 2)
    monkeypatch.setattr(large_json, "TURN", 0.0)


def outcome(made: Any) -> Any:
    return json.dumps(made, default=str) if not isinstance(made, Exception) else str(made)


async def in_parts(raw: bytes, items: str | None) -> Any:
    try:
        return await read_large(read, raw, items)
    except NotJSON as error:
        return error


def at_once(raw: bytes) -> Any:
    try:
        return read(raw)
    except NotJSON as error:
        return error


@settings(max_examples=500)
@given(
    rows=LISTS,
    spaces=SPACES,
    before=OBJECTS | st.none(),
    behind=OBJECTS,
    wanted=st.sampled_from([None, "items", "rows"]),
    cut=st.integers(0, 40),
)
async def test_what_is_read_in_parts_is_what_is_read_at_once(
    rows: list[Any],
    spaces: tuple[str, str],
    before: dict[str, Any] | None,
    behind: dict[str, Any],
    wanted: str | None,
    cut: int,
) -> None:
    value: Any = rows if before is None else {**before, "items": rows, **behind}
    raw = json.dumps(value, separators=spaces).encode()
    for text in (raw, raw[: len(raw) - cut], b" " + raw + b" ", raw + b"]", raw[cut:]):
        assert outcome(await in_parts(text, wanted)) == outcome(at_once(text)), text


@pytest.mark.parametrize(
    "text",
    [
        b'{"items":[{"a":1},{"a":2},{"a":3}],"items":[{"a":4}]}',
        b'{"items":[{"a":1},{"a":2},{"a":3}],"items":7}',
        b'{"meta":{"items":[{"a":1},{"a":2}]},"items":[{"a":3},{"a":4}]}',
        b'[{"a":"},{"},{"a":"},{"},{"b":[{},{},{}]}]',
        b'[{"a":[{"b":1},{"b":2},{"b":3},{"b":4}]}]',
        b'[{"a":1},{"a":2},{"a":0.30000000000000004},{"a":12345678901234567.89}]',
        b'[{"a":1},{"a":2},{"a":NaN}]',
        b'[{"a":1},{"a":2}]]',
        b'[{"a":1},{"a":2},]',
        b'{"items":null}',
        b"7",
        b"",
    ],
)
@pytest.mark.parametrize("items", [None, "items"])
async def test_hard_texts(text: bytes, items: str | None) -> None:
    assert outcome(await in_parts(text, items)) == outcome(at_once(text))


async def test_what_can_t_be_read_is_that_place_s_alone() -> None:
    reader = Reader(lambda reason: f"<{reason}>")
    raw = b'[{"a":1},{"a":2},{"a":1e9999},{"a":4}]'

    assert await read_large(reader, raw, None) == reader(raw)


@settings(max_examples=500)
@given(VALUES | LISTS)
async def test_what_is_written_in_parts_is_what_is_written_at_once(value: Any) -> None:
    assert await write_large(value) == write(value)


@pytest.mark.parametrize("value", [{1}, [{"a": {1}}] * 9, {"a": [1, 2, 3, float]}, ["\ud800"] * 5])
async def test_what_is_no_json_can_t_be_written(value: Any) -> None:
    with pytest.raises(TypeError):
        await write_large(value)


async def test_others_go_on_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    rows = [{"id": n, "name": "x" * 50, "tags": ["a", "b"]} for n in range(60_000)]
    raw, held = orjson.dumps(rows), []

    async def tick() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            held.append(time.thread_time() - began)

    ticking = asyncio.create_task(tick())
    got = await read_large(read, raw, None)
    written = await write_large(rows)
    ticking.cancel()

    assert (got == rows, written == raw) == (True, True)
    # It takes some 60 ms of CPU in all, and as long for the garbage collector at once.
    assert len(held) > 10
    assert sorted(held)[-3] < 0.01
