"""The headers of a request that go on to services, where a source's settings name them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from gateway.errors import RequestRefused
from gateway.logs import request_id
from gateway.transports.request_ids import HEADER
from gateway.transports.requests import CREDENTIALS
from loaders.contexts import NO_HEADERS

UNFIT = re.compile(r"[^\t -~\x80-\U0010ffff]")
"""What is no character of a header's value (RFC 9110, 5.5)."""

REQUEST_ID = HEADER.decode()


def forwarded(headers: Iterable[tuple[bytes, bytes]], names: Collection[str]) -> Mapping[str, str]:
    """Those of a request's headers that have one of the names, which are in lower case; one that
    was sent twice has both values, as RFC 9110, 5.2, joins them. The request's id is that by which
    it is known here.

    Raises RequestRefused for a value that would not arrive as it was sent: without it a service
    might answer for everybody.
    """
    if not names:
        return NO_HEADERS
    found: dict[str, str] = {}
    for name, value in headers:
        # Cookies have a way of their own (RFC 9113, 8.2.3).
        key, join = name.decode("latin-1"), "; " if name == b"cookie" else ", "
        if key in names:
            text = _text(key, value)
            found[key] = f"{found[key]}{join}{text}" if key in found else text
    return of_this_request(found, names)


def of_this_request(headers: Mapping[str, str], names: Collection[str]) -> Mapping[str, str]:
    """The headers, with the id of what is run now, if that goes on."""
    id = request_id.get()
    if REQUEST_ID in names and id is not None:
        return {**headers, REQUEST_ID: id}
    return headers


def with_credentials(
    headers: Mapping[str, str], given: Mapping[str, str], names: Collection[str]
) -> Mapping[str, str]:
    """The headers with these credentials in place of any others, as whoever sends them is known by
    these."""
    others = {name: value for name, value in headers.items() if name not in CREDENTIALS}
    return {**others, **{name: value for name, value in given.items() if name in names}}


def _text(name: str, value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\0"
    if UNFIT.search(text):
        reason = f"The header {name} can't be sent on: it must be text in UTF-8."
        raise RequestRefused(reason, status=400)
    return text
