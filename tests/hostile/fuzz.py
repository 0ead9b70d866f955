"""What clients may send who know the protocols, and what they may make of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise, product

import orjson
from hypothesis import strategies as st

Pieces = list[bytes]

_QUERIES = st.sampled_from(
    [
        "{ __typename }",
        '{ echo(text: "a") { text again(times: 3) { text } } }',
        "query($n: [Int!]) { echo(numbers: $n) { text } }",
        "query A { __typename } query B { echo { text } }",
        'mutation { write(text: "a") }',
        "subscription { count(to: 3) }",
        "{ echo { ...F } } fragment F on Echo { text ...F }",
        "{ echo { text ... @defer { again { text } } } }",
        "{ echo { again(times: 5) @stream(initialCount: 1) { text } } }",
        "{ __schema { types { name } } }",
        "{ a: echo { text } b: echo { text } }",
        "{", "", "#", "\ufeff{a}", '{ echo(text: """',
    ]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["n", "query", "a", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)
_OPERATIONS = st.fixed_dictionaries(
    {"query": _QUERIES},
    optional={
        "variables": st.dictionaries(st.sampled_from(["n", "a"]), _JSON, max_size=2) | _JSON,
        "operationName": st.sampled_from(["A", "B", None, 5]),
        "extensions": _JSON | st.just({"cost": True}),
        "documentId": _JSON,
    },
)


def _written(value: object) -> bytes:
    # Large integers are what orjson does not write.
    try:
        return orjson.dumps(value)
    except TypeError:
        return b'{"query": 123456789012345678901234567890}'


_BODIES = st.one_of(
    _OPERATIONS.map(_written),
    st.lists(_OPERATIONS, max_size=3).map(_written),
    _JSON.map(_written),
    st.binary(max_size=40),
)
_METHODS = st.sampled_from(
    [b"POST"] * 4
    + [b"GET", b"GET", b"HEAD", b"OPTIONS", b"PUT", b"CONNECT", b"TRACE", b"post", b""]
)
_TARGETS = st.sampled_from(
    [
        b"/graphql", b"/graphql", b"/graphql", b"/healthz", b"/", b"*", b"//graphql", b"/graphql/",
        b"/graphql?query={__typename}", b"/graphql?query=%7B", b"/graphql?query=%ff&variables={}",
        b"/graphql?query=subscription{count(to:2)}", b"http://a/graphql", b"/%00", b"/\xff", b"/?a",
        b"/graphql?" + b"a" * 9_000,
    ]
)  # fmt: skip
_HEADERS = st.sampled_from(
    [
        b"content-type: application/json", b"content-type: text/plain", b"content-type: \xff",
        b"accept: text/event-stream", b"accept: multipart/mixed", b"accept: a;q=x", b"accept: */*",
        b"accept: application/graphql-response+json", b"accept-encoding: gzip, zstd;q=0",
        b"authorization: Bearer a.b.c", b"authorization: Bearer e30.e30.e30", b"x-api-key: a",
        b"x-request-id: a", b"x-request-id: \xff\x00", b"expect: 100-continue", b"origin: http://a",
        b"connection: close", b"connection: upgrade", b"upgrade: h2c", b"upgrade: websocket",
        b"transfer-encoding: chunked", b"transfer-encoding: gzip", b"content-length: 5",
        b"content-length: -1", b"content-length: 99999999", b"content-encoding: gzip", b"host: a",
        b"cookie: " + b"a" * 5_000, b": a", b" a: b", b"a : b", b"a", b"a: b\r\n c",
        b"sec-websocket-version: 13", b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request, nearly always as it should be in all but a few things."""
    body = draw(_BODIES)
    headers = draw(st.lists(_HEADERS, max_size=4))
    version = draw(st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b""]))
    lines = [b" ".join([draw(_METHODS), draw(_TARGETS), version]), b"host: localhost"]
    how = draw(st.sampled_from(["length"] * 5 + ["chunks", "none"]))
    if how == "length":
        lines += [b"content-type: application/json", b"content-length: %d" % len(body)]
    elif how == "chunks":
        lines += [b"content-type: application/json", b"transfer-encoding: chunked"]
        at = draw(st.integers(0, len(body)))
        parts = [part for part in (body[:at], body[at:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return b"\r\n".join([*lines, *headers, b"", body])


_FEW = st.binary(max_size=6)


@st.composite
def changed(draw: st.DrawFn, content: st.SearchStrategy[bytes]) -> bytes:
    """The content, a few bytes of it cut out, put in, repeated or replaced."""
    data = draw(content)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 12)))
        put = draw(st.sampled_from([b"", data[at:end] * 2, b"\r\n", b"\0"]) | _FEW)
        data = data[:at] + put + data[end:]
    return data


@st.composite
def in_pieces(draw: st.DrawFn, content: st.SearchStrategy[bytes]) -> Pieces:
    """The content as it may come over the wire."""
    data = draw(content)
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    return [data[a:b] for a, b in pairwise([0, *cuts, len(data)])]


def joined(content: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.lists(content, min_size=1, max_size=3).map(b"".join)


RAW = in_pieces(st.binary(max_size=300) | changed(joined(requests())))
"""Bytes, of which many were requests once."""

HTTP = in_pieces(joined(requests()))
"""Requests that are well-formed but for what is wrong with them."""

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
INIT = {"type": "connection_init"}

_IDS = st.sampled_from(["a", "b", "", 5, None])
_MESSAGES = st.one_of(
    st.just(INIT),
    st.fixed_dictionaries({"type": st.just("connection_init"), "payload": _JSON}),
    st.fixed_dictionaries({"type": st.just("subscribe"), "id": _IDS, "payload": _OPERATIONS}),
    st.fixed_dictionaries({"type": st.sampled_from(["complete", "next", "error"]), "id": _IDS}),
    st.fixed_dictionaries({"type": st.sampled_from(["ping", "pong"])}, optional={"payload": _JSON}),
    st.fixed_dictionaries({"type": _JSON}, optional={"id": _JSON, "payload": _JSON}),
    _JSON,
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A frame, or the frames of a message in pieces."""
    kind = draw(st.sampled_from(["message"] * 6 + ["any", "close"]))
    if kind == "close":
        code = draw(st.sampled_from([1000, 1001, 1005, 1006, 1011, 3000, 4000, 0, 999, 65535]))
        return frame(0x88, struct.pack("!H", code) + draw(st.binary(max_size=130)), draw(_MASKS))
    if kind == "any":
        return frame(draw(st.integers(0, 255)), draw(st.binary(max_size=130)), draw(_MASKS))
    data = _written(draw(_MESSAGES))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=2)))
    parts = [data[a:b] for a, b in pairwise([0, *cuts, len(data)])]
    return b"".join(
        frame((0x80 if n == len(parts) - 1 else 0) | (1 if n == 0 else 0), part, draw(_MASKS))
        for n, part in enumerate(parts)
    )


_MASKS = st.sampled_from([b"\0\0\0\0"] * 4 + [b"\x01\x02\x03\x04", b"\xff\xff\xff\xff", b""])


def frame(first: int, payload: bytes, mask: bytes) -> bytes:
    """A frame; without a mask if that is empty."""
    bit, length = 0x80 if mask else 0, len(payload)
    start = (
        bytes((first, bit | length))
        if length < 126
        else struct.pack("!BBH", first, bit | 126, length)
    )
    pad = (mask * (length // 4 + 1))[:length] if mask else bytes(length)
    masked = int.from_bytes(payload) ^ int.from_bytes(pad)
    return start + mask + masked.to_bytes(length)


_GREETED = frame(0x81, _written(INIT), b"\0\0\0\0")

SOCKET = in_pieces(
    changed(st.lists(frames(), min_size=1, max_size=5).map(b"".join))
    | st.lists(frames(), min_size=1, max_size=5).map(lambda each: _GREETED + b"".join(each))
).map(lambda pieces: [HANDSHAKE, *pieces])
"""A WebSocket, and frames on it."""


def sequences(length: int) -> Iterator[Pieces]:
    """A WebSocket, and each sequence of so many frames, of which each ends it in its own way, or
    not at all."""
    mask = b"\x01\x02\x03\x04"
    subscribe = {"type": "subscribe", "id": "a", "payload": {"query": "{ __typename }"}}
    counting = {**subscribe, "payload": {"query": "subscription { count(to: 3) }"}}
    messages = [INIT, subscribe, counting, {"type": "ping"}, {"type": "nothing"}]
    each = [
        *(frame(0x81, orjson.dumps(message), mask) for message in messages),
        *(frame(first, b"a", mask) for first in (0x80, 0x82, 0x83, 0x89, 0x8A)),
        *(frame(0x88, payload, mask) for payload in (b"", b"\x03\xe8", b"\x00")),
        frame(0x81, b"{", mask),
        frame(0x81, b"\xff", mask),
        frame(0x81, b"a", b""),
    ]
    for frames_ in product(each, repeat=length):
        yield [HANDSHAKE, *frames_]
