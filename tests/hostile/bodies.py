"""Bodies, and JSON that is no request or a large one."""

from __future__ import annotations

from tests.gateway.edge import head
from tests.hostile.requests import MEGABYTE, Hostile, asked, at_once, posted, raw

BAD = "400 BAD_USER_INPUT"
TOO_LARGE = "413 BAD_USER_INPUT"
MUCH = "400 OPERATION_TOO_COMPLEX"
INVALID = "400 GRAPHQL_VALIDATION_FAILED"

CHUNKED = head(transfer_encoding="chunked") + b"\r\n"
SMALL = b'{"query": "{ __typename }"}'


def with_variables(json: bytes) -> bytes:
    return b'{"query": "query($a: Int) { __typename }", "variables": ' + json + b"}"


BODIES = [
    Hostile("no body", posted(b""), BAD),
    Hostile("a megabyte of blanks", posted(SMALL + b" " * (MEGABYTE - len(SMALL))), "200"),
    Hostile("a byte too many", posted(SMALL + b" " * (MEGABYTE - len(SMALL) + 1)), TOO_LARGE),
    Hostile(
        "chunks without end",
        raw(CHUNKED + b"186a0\r\n" + (b" " * 100_000 + b"\r\n186a0\r\n") * 100),
        TOO_LARGE,
    ),
    Hostile(
        "150,000 chunks of a byte",
        raw(CHUNKED + b"1\r\n \r\n" * 150_000 + b"0\r\n\r\n"),
        "400 BAD_USER_INPUT",
    ),
    Hostile(
        "50 of a megabyte at once",
        at_once(50, posted(b" " * MEGABYTE)),
        BAD,
        memory=128 * MEGABYTE,
        cpu=1.0,
        hold=0.5,
    ),
    Hostile("no type", posted(SMALL, content_type=""), "415 BAD_USER_INPUT"),
    Hostile(
        "a form",
        posted(b"a=b&" * 200_000, content_type="application/x-www-form-urlencoded"),
        "415 BAD_USER_INPUT",
    ),
    Hostile(
        "files",
        posted(b"--x\r\n\r\n" * 100_000, content_type="multipart/form-data; boundary=x"),
        "415 BAD_USER_INPUT",
    ),
    Hostile(
        "a type of 30 KB", posted(SMALL, content_type="application/json; a=" + "b" * 30_000), "200"
    ),
    Hostile("a body that is no text", posted(b"\xff" * 100_000), BAD),
    Hostile("UTF-16", posted(SMALL.decode().encode("utf-16")), BAD),
    Hostile("UTF-7", posted(b"+AHs-" * 100_000), BAD),
]

JSON = [
    Hostile("300,000 lists within lists", posted(b"[" * 300_000), BAD),
    Hostile("300,000 lists, and closed", posted(b"[" * 300_000 + b"]" * 300_000), BAD),
    Hostile("160,000 objects within objects", posted(b'{"a":' * 160_000), BAD),
    Hostile(
        "half a million zeros", posted(b"[" + b"0," * 499_000 + b"0]"), BAD, memory=48 * MEGABYTE
    ),
    Hostile(
        "300,000 empty lists",
        posted(b"[" + b"[]," * 300_000 + b"[]]"),
        BAD,
        memory=64 * MEGABYTE,
        hold=0.5,
    ),
    Hostile(
        "300,000 empty objects", posted(b"[" + b"{}," * 300_000 + b"{}]"), BAD, memory=64 * MEGABYTE
    ),
    Hostile(
        "90,000 keys",
        posted(b"{" + b",".join(b'"%d":0' % n for n in range(90_000)) + b"}"),
        BAD,
        memory=48 * MEGABYTE,
    ),
    Hostile("one key 100,000 times", posted(b"{" + b'"query":0,' * 90_000 + b'"a":0}'), BAD),
    Hostile("a number of 900 KB", posted(with_variables(b'{"a": ' + b"9" * 900_000 + b"}")), BAD),
    Hostile(
        "a fraction of 900 KB", posted(with_variables(b'{"a": 0.' + b"9" * 900_000 + b"}")), INVALID
    ),
    Hostile(
        "100,000 long numbers",
        posted(with_variables(b'{"a": [' + b"1e400," * 100_000 + b"1]}")),
        MUCH,
        cpu=1.0,
    ),
    Hostile(
        "40,000 numbers with all digits",
        posted(with_variables(b'{"a": [' + b"0.1234567890123456789," * 40_000 + b"1]}")),
        MUCH,
        cpu=1.0,
        memory=48 * MEGABYTE,
    ),
    Hostile(
        "an exponent of 900 KB", posted(with_variables(b'{"a": 1e' + b"9" * 900_000 + b"}")), BAD
    ),
    Hostile("NaN", posted(with_variables(b'{"a": NaN}')), BAD),
    Hostile("half a character", posted(with_variables(b'{"a": "\\ud800"}')), BAD),
    Hostile(
        "150,000 escapes",
        posted(with_variables(b'{"a": "' + b"\\u0000" * 150_000 + b'"}')),
        INVALID,
    ),
    Hostile("a text without end", posted(b'{"query": "' + b"a" * 900_000), BAD),
    Hostile("a mark of byte order", posted(b"\xef\xbb\xbf" + SMALL), BAD),
    Hostile(
        "a name of 900 KB", posted({"query": "{ __typename }", "operationName": "a" * 900_000}), BAD
    ),
    Hostile("a key of 900 KB", posted({"query": "{ __typename }", "a" * 900_000: 1}), "200"),
    Hostile(
        "extensions 100,000 deep",
        posted(
            b'{"query": "{ __typename }", "extensions": '
            + b'{"a":' * 100_000
            + b"1"
            + b"}" * 100_001
        ),
        "400 BAD_USER_INPUT",
    ),
    Hostile("a query that is a number", posted({"query": 5}), BAD),
    Hostile("a query that is a list", posted({"query": ["{ __typename }"] * 50_000}), BAD),
    Hostile(
        "variables that are a list",
        posted({"query": "{ __typename }", "variables": [1] * 100_000}),
        BAD,
    ),
]

VARIABLES = [
    Hostile(
        "5,001 values",
        asked("query($a: [ID!]!) { nodes(ids: $a) { id } }", {"a": ["a"] * 5_001}),
        MUCH,
    ),
    Hostile(
        "half a million values",
        posted(with_variables(b'{"a": [' + b"0," * 490_000 + b"0]}")),
        MUCH,
        memory=48 * MEGABYTE,
    ),
    Hostile(
        "variables 100,000 deep",
        posted(with_variables(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
        "400 BAD_USER_INPUT",
    ),
    Hostile(
        "90,000 variables that are not asked for",
        posted(with_variables(b"{" + b",".join(b'"%d":0' % n for n in range(80_000)) + b"}")),
        MUCH,
        memory=48 * MEGABYTE,
    ),
    Hostile(
        "a megabyte where a number is meant",
        asked("query($a: Int) { carriers(first: $a) { nodes { id } } }", {"a": "9" * 900_000}),
        "400 BAD_USER_INPUT",
    ),
    Hostile(
        "50 times half a million values",
        at_once(50, posted(with_variables(b'{"a": [' + b"0," * 490_000 + b"0]}"))),
        MUCH,
        memory=128 * MEGABYTE,
        cpu=3.0,
        hold=0.5,
    ),
]

PAGES = """
{ products(first: 100) { nodes { reviews(first: 100) { nodes { author { reviews(first: 100) {
  nodes { id }
} } } } } } }
"""

BATCHES = [
    Hostile("a batch of none", posted([]), BAD),
    Hostile("a batch of six", posted([{"query": "{ __typename }"}] * 6), BAD),
    Hostile("a batch of 40,000", posted([{"query": "{ a }"}] * 40_000), BAD, memory=64 * MEGABYTE),
    Hostile("batches within a batch", posted([[{"query": "{ __typename }"}] * 5] * 5), BAD),
    Hostile("a batch of what is none", posted([1, None, "a", {}, []]), BAD),
    Hostile(
        "a batch of what costs too much",
        posted([{"query": PAGES}] * 5),
        "200 OPERATION_TOO_COMPLEX",
    ),
    Hostile(
        "a batch of events", posted([{"query": "{ __typename }"}], accept="text/event-stream"), BAD
    ),
]

ROWS = [*BODIES, *JSON, *VARIABLES, *BATCHES]
