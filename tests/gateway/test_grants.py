"""What an issuer may grant: of several none can make its users what another's are."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from gateway.auth.grants import MOST_TOLD, Grants
from gateway.settings import Settings
from loaders.identity import Identity
from tests.bad_servers import Service, answering
from tests.client import Gateway, serving
from tests.gateway.desk import GRAPH, TICKETS
from tests.gateway.issuing import claims as claims_of
from tests.gateway.issuing import identity_of, issuer, key_for, signed, signing_key, token

KEY = signing_key("EdDSA")
WHOLE = {"iss", "aud"}


async def granted(said: Mapping[str, Any], **settings: Any) -> Identity:
    return await identity_of(token(**said), **issuer(KEY, **settings))


async def test_one_issuer_may_grant_everything() -> None:
    identity = await granted({"scope": "a b", "x": {"y": [1]}})

    assert identity.scopes == {"a", "b"}
    assert identity.claims == {
        "iss": "https://login.example.com/",
        "aud": "sluice",
        "x": {"y": [1]},
    }


@pytest.mark.parametrize("given", [[], ["a"], ["a", "c"], ["A"], ["a b"], [""]], ids=str)
@pytest.mark.parametrize("claim", ["a b", ["a", "b"], "b", "", "A\ta", ["a b"], "a a"], ids=str)
@pytest.mark.parametrize("name", ["scope", "permissions"])
async def test_scopes_are_those_that_are_granted(given: list[str], claim: Any, name: str) -> None:
    identity = await granted({name: claim}, scopes=given, scopes_claim=name)

    said = claim if isinstance(claim, list) else claim.split(" ")
    assert identity.scopes == {each for each in said if each in given and each}


async def test_a_claim_that_is_no_scope_by_the_settings_grants_none() -> None:
    said = {"scope": "support", "scp": "support", "permissions": ["orders:read", "support"]}

    identity = await granted(said, scopes=["orders:read"], claims={}, scopes_claim="permissions")

    assert identity.scopes == {"orders:read"}
    assert identity.claims == {}


VALUES: list[Any] = ["1", "true", "x", "X", "", 1, 0, -1, 10**30, True, False]
OTHERS: list[Any] = [1.0, 0.0, 1.5, None, {}, {"x": 1}, {"1": "1"}, [], [["x"]], [{"x": "x"}]]


@pytest.mark.parametrize("said", VALUES + OTHERS, ids=repr)
@pytest.mark.parametrize("of", VALUES, ids=repr)
async def test_a_value_is_let_through_that_is_the_same_in_kind_and_case(said: Any, of: Any) -> None:
    identity = await granted({"claim": said}, claims={"claim": [of]})

    same = json.dumps(said) == json.dumps(of)
    assert repr(identity.claims) == repr({"claim": said} if same else {})


@pytest.mark.parametrize(
    ("said", "left"),
    [(list(each), [v for v in each if json.dumps(v) in ('"x"', "1", "true")])
     for each in itertools.permutations(["x", 1, True, "1", {"x": 1}], 3)],
)  # fmt: skip
async def test_a_list_keeps_the_values_that_are_granted(said: list[Any], left: list[Any]) -> None:
    identity = await granted({"claim": said}, claims={"claim": ["x", 1, True]})

    assert repr(identity.claims) == repr({"claim": left} if left else {})


@pytest.mark.parametrize("said", VALUES + OTHERS + [[1, "x", {"y": [None]}]], ids=repr)
async def test_a_star_lets_any_value_through(said: Any) -> None:
    identity = await granted({"claim": said, "Claim": 1, "claim ": 2}, claims={"claim": "*"})

    assert repr(identity.claims) == repr({"claim": said})


async def test_a_star_among_values_is_a_value() -> None:
    assert (await granted({"claim": "x"}, claims={"claim": ["*"]})).claims == {}
    assert (await granted({"claim": "*"}, claims={"claim": ["*"]})).claims == {"claim": "*"}


@pytest.mark.parametrize("name", ["a.b", "a", "b"])
async def test_a_dot_in_a_name_leads_nowhere(name: str) -> None:
    identity = await granted({"a": {"b": "x"}, name: {"b": "x"}}, claims={"a.b": ["x"]})

    assert identity.claims == {}


async def test_what_a_claim_was_called_last_is_what_is_granted() -> None:
    its = json.dumps(claims_of(role="x")).rstrip("}") + ', "role": "admin"}'
    text = signed({"alg": "EdDSA"}, its, key_for("EdDSA"))

    assert (await identity_of(text, **issuer(KEY, claims={"role": ["x"]}))).claims == {}


async def test_whom_a_token_is_for_is_not_bounded() -> None:
    identity = await granted({"sub": "ada", "azp": "app", "scope": "a"}, scopes=[], claims={})

    assert (identity.subject, identity.client, identity.issuer) == (
        "ada",
        "app",
        "https://login.example.com/",
    )
    assert identity.credential is not None


async def test_what_is_left_out_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sluice")
    grants = Grants("partner", ["a"], {"c": ("x",)})
    for _ in range(3):
        assert grants.scopes(frozenset({"a", "b\n"})) == {"a"}
        assert grants.claims({"iss": "i", "aud": "a", "jti": "1", "c": "secret", "d": 1}) == {}

    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        (
            "INFO",
            "auth.issuers.partner.scopes does not grant the scope 'b\\n': it is left out of tokens",
        ),
        (
            "INFO",
            "auth.issuers.partner.claims does not grant the claim 'c', or not all of it: it is "
            "left out of tokens",
        ),
        (
            "INFO",
            "auth.issuers.partner.claims does not grant the claim 'd', or not all of it: it is "
            "left out of tokens",
        ),
    ]


async def test_names_without_end_are_a_bounded_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sluice")
    grants = Grants("partner", [], {})
    for number in range(1000):
        grants.scopes(frozenset({f"{number}" * 1000}))
        grants.claims({f"{number}": 1})

    assert len(caplog.records) == MOST_TOLD
    assert max(len(each.getMessage()) for each in caplog.records) < 250


SECOND = {"issuer": "partner", "keys": [signing_key("EdDSA", 2)]}
BOUND = {"scopes": ["orders:read"], "claims": {"teams": ["red"]}}


@pytest.mark.parametrize(
    ("first", "second", "missing"),
    [
        (BOUND, {}, "b.scopes, b.claims"),
        ({}, BOUND, "a.scopes, a.claims"),
        ({"scopes": []}, BOUND, "a.claims"),
        (BOUND, {"claims": {}}, "b.scopes"),
        ({}, {}, "a.scopes, a.claims, b.scopes, b.claims"),
    ],
)
def test_of_several_issuers_each_must_say_what_it_may_grant(
    first: Any, second: Any, missing: str
) -> None:
    issuers = {"a": issuer(KEY, **first), "b": issuer(**SECOND, **second)}

    with pytest.raises(ValidationError) as refused:
        Settings.of(auth={"issuers": issuers})

    (fault,) = refused.value.errors()
    assert fault["loc"] == ("auth", "issuers")
    assert fault["msg"] == (
        "Value error, of several, each must say what it may grant, or one could make its users "
        f"whatever another's are: set {missing}"
    )


def test_issuers_that_may_grant_nothing_are_fine() -> None:
    nothing: dict[str, Any] = {"scopes": [], "claims": {}}
    issuers = {"a": issuer(KEY, **nothing), "b": issuer(**SECOND, **nothing)}

    assert set(Settings.of(auth={"issuers": issuers}).auth.issuers) == {"a", "b"}


VALUES_ONLY = "must be '*', or a list of texts, whole numbers and booleans"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"scopes": ["a", "*"]}, "must name each scope: '*' does not stand for others here"),
        ({"scopes": "a b"}, "Input should be a valid tuple"),
        ({"scopes": "*"}, "Input should be a valid tuple"),
        ({"claims": {"team": "red"}}, f"team {VALUES_ONLY}"),
        ({"claims": {"team": True}}, f"team {VALUES_ONLY}"),
        ({"claims": {"team": [1.5]}}, f"team {VALUES_ONLY}"),
        ({"claims": {"team": [None]}}, f"team {VALUES_ONLY}"),
        ({"claims": {"team": [["red"]]}}, f"team {VALUES_ONLY}"),
        ({"claims": {"team": {"a": "*"}}}, f"team {VALUES_ONLY}"),
        ({"claims": {"sub": ["ada"]}}, "claims can't bound sub, which is read as another part"),
        ({"claims": {"azp": "*"}}, "claims can't bound azp"),
        ({"claims": {"scope": ["a"]}}, "claims can't bound scope"),
        ({"claims": {"p": []}, "scopes_claim": "p"}, "claims can't bound p"),
    ],
)
def test_grants_that_can_not_be_kept_are_named(given: Any, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.of(auth={"issuers": {"a": issuer(KEY, **given)}})

    (fault,) = refused.value.errors()
    assert fault["msg"].removeprefix("Value error, ").startswith(reason)


@asynccontextmanager
async def desk() -> AsyncIterator[tuple[Gateway, Service]]:
    """The gateway over a service of tickets, for the company's tokens and a partner's."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(TICKETS)

    company = issuer(
        signing_key("EdDSA", 1), issuer="company", scopes=["support"], claims={"teams": "*"}
    )
    partner = issuer(
        signing_key("EdDSA", 2), issuer="partner", scopes=[], claims={"teams": ["red"]}
    )
    async with answering(answer) as service:
        settings = Settings.of(
            environment="development",
            graph=GRAPH,
            auth={"issuers": {"company": company, "partner": partner}},
            sources={"desk": {"kind": "rest", "url": service.url}},
        )
        async with serving(settings) as gateway:
            yield gateway, service


def bearer(which: int, **said: Any) -> dict[str, str]:
    name = {1: "company", 2: "partner"}[which]
    return {"authorization": f"Bearer {token('EdDSA', which, iss=name, **said)}"}


async def test_a_second_issuer_makes_nobody_support() -> None:
    said = {"sub": "ada", "scope": "support"}
    async with desk() as (gateway, service):
        company = await gateway.ask(
            "{ secret { nodes { title note } } }", headers=bearer(1, **said), explain=False
        )
        asked = list(service.paths)
        partner = await gateway.ask(
            "{ secret { nodes { title note } } }", headers=bearer(2, **said), explain=False
        )

        assert company.body == {
            "data": {
                "secret": {
                    "nodes": [
                        {"title": "Lamp", "note": "Call her."},
                        {"title": "Sofa", "note": "Call him."},
                    ]
                }
            }
        }
        assert partner.body == {
            "data": {"secret": None},
            "errors": [
                {
                    "message": "Unauthorized field or type",
                    "locations": [{"line": 1, "column": 3}],
                    "path": ["secret"],
                    "extensions": {"code": "UNAUTHORIZED_FIELD_OR_TYPE"},
                }
            ],
        }
        assert service.paths == asked


async def test_a_second_issuer_s_subject_is_not_the_first_s() -> None:
    """In every order, so that nothing that was kept of one is there for the other."""
    query = "{ tickets { nodes { title } } }"
    ada = {"data": {"tickets": {"nodes": [{"title": "Lamp"}]}}}
    nothing: dict[str, Any] = {"data": {"tickets": {"nodes": []}}}
    async with desk() as (gateway, _):
        for order in itertools.product([1, 2], repeat=4):
            for which in order:
                answer = await gateway.ask(query, headers=bearer(which, sub="ada"), explain=False)
                assert answer.body == (ada if which == 1 else nothing)


async def test_a_policy_is_asked_about_what_is_granted() -> None:
    query = "{ tickets { nodes { title team } } }"
    said = {"sub": "ada", "scope": "support", "teams": ["blue", "red"]}
    denied = {
        "message": "Unauthorized field or type",
        "locations": [{"line": 1, "column": 27}],
        "extensions": {"code": "UNAUTHORIZED_FIELD_OR_TYPE"},
    }
    async with desk() as (gateway, _):
        company = await gateway.ask(query, headers=bearer(1, **said), explain=False)
        red = await gateway.ask(
            query, headers=bearer(1, **{**said, "teams": ["red"]}), explain=False
        )

        assert company.body == {
            "data": {
                "tickets": {
                    "nodes": [
                        {"title": "Lamp", "team": "red"},
                        {"title": "Sofa", "team": "blue"},
                    ]
                }
            }
        }
        assert red.body == {
            "data": {
                "tickets": {
                    "nodes": [{"title": "Lamp", "team": "red"}, {"title": "Sofa", "team": None}]
                }
            },
            "errors": [{**denied, "path": ["tickets", "nodes", 1, "team"]}],
        }
