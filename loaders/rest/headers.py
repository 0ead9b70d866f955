"""Which of a caller's headers can go on to a service."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110, 5.1)."""

OF_A_CONNECTION = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    ]
)
"""What is between two that talk, and ends there (RFC 9110, 7.6.1)."""

OF_A_REQUEST = frozenset(
    "host content-length content-type content-encoding expect".split()  # noqa: SIM905
)
"""What tells of the very request that has it."""

OF_AN_ANSWER = frozenset(
    [
        "accept",
        "accept-encoding",
        "range",
        "if-range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
    ]
)
"""What asks for another answer than a source can take."""


def checked(name: str) -> str:
    """The name in lower case. Raises ValueError if no header of a caller can go on under it."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name of a header")
    lower = name.lower()
    if lower in OF_A_CONNECTION:
        raise ValueError(f"{name} is of the caller's connection, and ends here")
    if lower in OF_A_REQUEST:
        raise ValueError(f"{name} is of the caller's request: those of the gateway have their own")
    if lower in OF_AN_ANSWER:
        raise ValueError(f"{name} asks for answers that a source can't take")
    return lower
