"""Who is counted as one caller."""

from __future__ import annotations

import pytest

from loaders.callers import Caller, caller_of
from loaders.contexts import Operation
from loaders.identity import ANONYMOUS, Identity

ADA = Identity(issuer="https://a.example", subject="ada", client="web", credential="jwt:a:1")


def test_a_token_counts_as_who_it_is_for() -> None:
    renewed = Identity(
        issuer="https://a.example",
        subject="ada",
        client="web",
        credential="jwt:a:2",
        expires_at=9.0,
    )

    assert caller_of(ADA, "192.0.2.1") == Caller("https://a.example", "ada", "web")
    assert caller_of(renewed, "192.0.2.2") == caller_of(ADA, "192.0.2.1")


@pytest.mark.parametrize(
    "other",
    [
        Identity(issuer="https://b.example", subject="ada", client="web", credential="jwt:a:1"),
        Identity(issuer="https://a.example", subject="bob", client="web", credential="jwt:a:1"),
        Identity(issuer="https://a.example", subject="ada", client="app", credential="jwt:a:1"),
        Identity(issuer="https://a.example", subject="ada", credential="jwt:a:1"),
        Identity(client="web", credential="key:0123456789abcdef"),
        ANONYMOUS,
    ],
    ids=["issuer", "subject", "client", "no client", "key", "anonymous"],
)
def test_others_are_others(other: Identity) -> None:
    assert caller_of(other) != caller_of(ADA)


def test_each_api_key_is_a_caller_whoever_has_it() -> None:
    first, second = (Identity(client="acme", credential=f"key:{id}") for id in ("1" * 16, "2" * 16))

    assert caller_of(first, "192.0.2.1") == caller_of(first, "192.0.2.2")
    assert caller_of(first) != caller_of(second)


def test_an_operation_knows_its_caller() -> None:
    at_home = Operation(ANONYMOUS, address="2001:db8:1:2::/64")

    assert at_home.caller == Caller(address="2001:db8:1:2::/64")
    assert Operation(ADA, address="192.0.2.1").caller == caller_of(ADA)
    assert Operation().caller == Caller()
