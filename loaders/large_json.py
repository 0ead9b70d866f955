"""JSON that takes longer than others may wait, read and written in parts between which the event
loop is given way to.

A thread would be of no use: orjson holds Python's lock while it reads or writes.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator

import orjson

from loaders.json import NotJSON, write

LARGE = 500_000
"""Bytes from which on a text is read in parts: that takes some two milliseconds."""

PART = 65_536
"""Bytes of a part that is read."""

TURN = 0.002
"""Seconds that it takes at once."""

ITEMS = 100
"""Items of a list that are written at once."""

BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
"""What may stand between two objects of the list."""

DEPTH = 6
"""Objects within objects in which lists are looked for; what is deeper is written at once."""


async def read_large(read: Callable[[bytes], object], raw: bytes, items: str | None) -> object:
    """What ``read`` makes of a text that is a list of objects, or an object that has one under
    ``items``. Raises NotJSON as that does. What has another form is read at once."""
    start = _start_of_list(raw, items)
    if start is None:
        return read(raw)
    head, found, at, size = raw[:start], list[object](), start, PART
    turn = _Turn()
    while (between := BETWEEN.search(raw, at + size)) is not None:
        end = between.start() + 1
        try:
            part = read(b"[" + raw[at:end] + b"]")
        except NotJSON:
            # It is within an item: what is read as a list of items is one, and ends between two.
            size *= 2
            await turn.give_way()
            continue
        assert isinstance(part, list)
        found += part
        at, size = between.end(), PART
        await turn.give_way()
    if items is not None and _name_of(items).search(raw, at):
        # The object may have that name twice, of which the second counts.
        return read(raw)
    last = read(head + raw[at:])
    if items is None:
        assert isinstance(last, list)
        return found + last
    assert isinstance(last, dict)
    last[items] = found + last[items] if isinstance(last[items], list) else last[items]
    return last


def _start_of_list(raw: bytes, items: str | None) -> int | None:
    """Where the first item of the list stands; None if that can't be told."""
    if items is None:
        start, close = re.match(rb"\s*\[", raw), b"]"
    else:
        start, close = _name_of(items).search(raw), b"]}"
    if start is None:
        return None
    try:
        shell = orjson.loads(raw[: start.end()] + close)
    except orjson.JSONDecodeError:
        return None
    return start.end() if shell == [] or shell.get(items) == [] else None


def _name_of(items: str) -> re.Pattern[bytes]:
    return re.compile(re.escape(write(items)) + rb"\s*:\s*\[")


async def write_large(value: object) -> bytes:
    """The value as JSON, as ``write`` has it. Raises TypeError as that does."""
    parts, turn = list[bytes](), _Turn()
    for part in _parts(value, DEPTH):
        parts.append(part)
        if turn.is_over:
            await turn.give_way()
    return b"".join(parts)


def _parts(value: object, depth: int) -> Iterator[bytes]:
    if isinstance(value, dict) and depth and all(type(name) is str for name in value):
        separator = b"{"
        for name, each in value.items():
            yield separator + write(name) + b":"
            yield from _parts(each, depth - 1)
            separator = b","
        yield b"}" if value else b"{}"
    elif isinstance(value, list) and len(value) > ITEMS:
        separator = b"["
        for start in range(0, len(value), ITEMS):
            yield separator + write(value[start : start + ITEMS])[1:-1]
            separator = b","
        yield b"]"
    else:
        yield write(value)


class _Turn:
    """What is done at once, before others may go on."""

    def __init__(self) -> None:
        self._ends = time.perf_counter() + TURN

    @property
    def is_over(self) -> bool:
        return time.perf_counter() >= self._ends

    async def give_way(self) -> None:
        """Let others go on, if it is over."""
        if self.is_over:
            await asyncio.sleep(0)
            self._ends = time.perf_counter() + TURN
