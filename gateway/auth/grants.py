"""What an issuer of tokens may say of their bearers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

log = logging.getLogger("sluice.auth")

MOST_TOLD = 100
"""Names that the log tells of, of each issuer: it makes them up."""

OF_EVERY_TOKEN = frozenset({"iss", "aud", "jti"})
"""Claims that say nothing of whom a token is for, so nobody misses them."""

Value = str | int | bool
"""What a claim can be held against. Objects are let through whole or not at all."""

Granted = Literal["*"] | tuple[Value, ...]
"""The values that a claim may have, or ``*`` for whatever it has."""


class Grants:
    """Which scopes and claims an issuer may grant: with None all. What it may not is left out, and
    the token is good without it; the log tells of each such name once.

    Names and values are compared as they are: in the same case, and a value with others of its own
    type, so that neither ``1`` nor ``"true"`` is ``true``. A list keeps the values that are
    granted, and is left out if none is.
    """

    def __init__(
        self,
        issuer: str,
        scopes: Iterable[str] | None = None,
        claims: Mapping[str, Granted] | None = None,
    ) -> None:
        self._issuer = issuer
        self._scopes = None if scopes is None else frozenset(scopes)
        self._claims: Mapping[str, frozenset[tuple[type, object]] | None] | None = (
            None
            if claims is None
            else {name: None if its == "*" else _told(its) for name, its in claims.items()}
        )
        self._left_out: set[tuple[str, str]] = set()

    def scopes(self, said: frozenset[str]) -> frozenset[str]:
        """Those of the scopes that it may grant."""
        if self._scopes is None or said <= self._scopes:
            return said
        for scope in sorted(said - self._scopes):
            self._tell("scope", scope)
        return said & self._scopes

    def claims(self, said: Mapping[str, object]) -> dict[str, object]:
        """What it may grant of the claims."""
        return dict(self._granted(said))

    def _granted(self, said: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        for name, value in said.items():
            if self._claims is None:
                yield name, value
                continue
            if name not in self._claims:
                self._tell("claim", name)
                continue
            values = self._claims[name]
            if values is None or _is_in(value, values):
                yield name, value
                continue
            self._tell("claim", name)
            if isinstance(value, list) and (
                granted := [each for each in value if _is_in(each, values)]
            ):
                yield name, granted

    def _tell(self, what: str, name: str) -> None:
        told = (what, name)
        if name in OF_EVERY_TOKEN or told in self._left_out or len(self._left_out) >= MOST_TOLD:
            return
        self._left_out.add(told)
        unless = ", or not all of it" if what == "claim" else ""
        log.info(
            "auth.issuers.%s.%ss does not grant the %s %.100r%s: it is left out of tokens",
            *(self._issuer, what, what, name, unless),
        )


def check_values(claims: object) -> None:
    """Raises ValueError where what a claim may be, as it stands in the settings, is neither ``*``
    nor a list of values."""
    for name, its in claims.items() if isinstance(claims, Mapping) else ():
        values = its if isinstance(its, list | tuple) else [] if its == "*" else [None]
        if not all(isinstance(each, Value) for each in values):
            raise ValueError(f"{name} must be '*', or a list of texts, whole numbers and booleans")


def check_each_is_bound(issuers: Mapping[str, tuple[object, object]]) -> None:
    """Raises ValueError where one of several issuers has no bound to its scopes and claims."""
    missing = [
        f"{name}.{what}"
        for name, its in issuers.items()
        for what, bound in zip(("scopes", "claims"), its, strict=True)
        if bound is None
    ]
    if missing:
        raise ValueError(
            "of several, each must say what it may grant, or one could make its users whatever "
            f"another's are: set {', '.join(missing)}"
        )


def _told(values: Iterable[Value]) -> frozenset[tuple[type, object]]:
    # Python's 1, 1.0 and True are equal.
    return frozenset((type(value), value) for value in values)


def _is_in(value: object, values: frozenset[tuple[type, object]]) -> bool:
    return isinstance(value, Value) and (type(value), value) in values
