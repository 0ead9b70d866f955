"""Answers as small as their clients take them (RFC 9110, section 8.4; Zstandard by RFC 8878)."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable
from functools import lru_cache

import zstandard
from starlette.requests import Request
from starlette.responses import Response

SMALLEST = 1_000
"""Bytes of the smallest body that is compressed: a smaller one is sent in one packet as it is."""

LARGE = 1_000_000
"""Bytes from which on a thread does it, so that nobody else waits."""

LONGEST_KEPT = 256
"""Characters of a header that is remembered with what it says."""


def gzip(body: bytes, level: int = 4) -> bytes:
    """The bytes as gzip has them."""
    return zlib.compress(body, level, wbits=31)


def _zstd(body: bytes) -> bytes:
    # A compressor is for one thread at a time.
    return zstandard.ZstdCompressor(level=3).compress(body)


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "gzip": gzip}
"""Those that there are, the better ones first."""

WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)", re.ASCII | re.IGNORECASE)


async def compress(request: Request, response: Response) -> None:
    """Compress the body of the response, if it is worth it and the client takes it so."""
    body = bytes(response.body)
    if len(body) < SMALLEST:
        return
    response.headers.add_vary_header("Accept-Encoding")
    encoding = encoding_for(request)
    if encoding is None:
        return
    make = ENCODINGS[encoding]
    made = make(body) if len(body) < LARGE else await asyncio.to_thread(make, body)
    response.body = made
    response.headers["content-encoding"] = encoding
    response.headers["content-length"] = str(len(made))


def encoding_for(request: Request) -> str | None:
    """The encoding that the client takes most gladly; None if it takes none of those that there
    are."""
    header = request.headers.get("accept-encoding", "")
    return _kept(header) if len(header) <= LONGEST_KEPT else _taken(header)


def _taken(header: str) -> str | None:
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameters = part.partition(";")
        given = WEIGHT.fullmatch(parameters.strip())
        weights[name.strip()] = float(given[1]) if given else 0.0 if parameters.strip() else 1.0
    anything = weights.get("*", 0.0)
    best = max(ENCODINGS, key=lambda each: weights.get(each, anything))
    wanted = weights.get(best, anything)
    as_it_is = weights.get("identity", 0.0)
    return best if wanted > 0 and wanted >= as_it_is else None


_kept = lru_cache(256)(_taken)
