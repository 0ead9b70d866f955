"""Who has which quota, and who shares a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession
from pydantic import ValidationError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from demo.stack import Addresses
from gateway.app import create_app
from gateway.auth.api_keys import create
from gateway.operations.documents import digest_of
from gateway.settings import Settings
from loaders.sql.postgres import PostgresSource
from tests.client import Answer, Gateway, listening
from tests.gateway.quotas.metered import LONG, THINGS, metering, settings
from tests.identities import token

TYPENAME = "{ __typename }"


async def told(gateway: Gateway, headers: dict[str, str], query: str = TYPENAME) -> str:
    """The quota's name, what it is and what is left of it, as an answer says."""
    return shown(await gateway.ask(query, headers=headers, explain=False))


def shown(answer: Answer) -> str:
    if "ratelimit" not in answer.headers:
        return "none"
    name, quota, *_ = answer.headers["ratelimit-policy"].split(";")
    same, left, _ = answer.headers["ratelimit"].split(";")
    assert name == same
    return f"{name[1:-1]} {quota[2:]} {left[2:]}"


def bearer(**claims: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {token(**claims)}"}


async def test_a_caller_is_who_asks_with_what_and_not_a_token() -> None:
    async with metering(100) as gateway:
        ada = [await told(gateway, bearer(sub="ada", azp="web", jti=str(n))) for n in range(3)]
        others = [
            await told(gateway, bearer(sub="bob", azp="web")),
            await told(gateway, bearer(sub="ada", azp="app")),
            await told(gateway, bearer(sub="ada")),
            await told(gateway, {}),
        ]

    assert ada == ["default 100 99", "default 100 98", "default 100 97"]
    assert others == ["default 100 99"] * 3 + ["anonymous 100 99"]


async def test_those_without_a_credential_are_told_by_their_addresses() -> None:
    addresses = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db9::1"]
    app: Any = create_app(settings(quota={"cost": 100, "seconds": LONG}))
    # With which gateway serve believes the proxies that it trusts.
    behind: Any = ProxyHeadersMiddleware(app, "127.0.0.1")
    async with listening(behind) as url, ClientSession() as session:
        gateway = Gateway(url, session)
        left = [await told(gateway, {"x-forwarded-for": each}) for each in addresses]

    assert [each.split()[-1] for each in left] == ["99", "98", "99", "99", "98", "99"]


@pytest.mark.parametrize(
    ("quota", "with_token", "without"),
    [
        ({"cost": 100}, "default 100 99", "anonymous 100 99"),
        ({"cost": 100, "anonymous": 50}, "default 100 99", "anonymous 50 49"),
        ({"cost": None, "anonymous": 50}, "none", "anonymous 50 49"),
        ({"cost": None, "claim": "units"}, "claim 70 69", "none"),
        ({"cost": 100, "claim": "units"}, "claim 70 69", "anonymous 100 99"),
        ({"cost": 100, "claim": "other"}, "default 100 99", "anonymous 100 99"),
    ],
    ids=str,
)
async def test_callers_with_and_without_a_credential_may_have_others(
    quota: dict[str, Any], with_token: str, without: str
) -> None:
    async with metering(quota=quota) as gateway:
        assert await told(gateway, bearer(sub="ada", units=70)) == with_token
        assert await told(gateway, {}) == without


@pytest.mark.parametrize(
    "claimed", ["70", 70.0, 0, -1, True, [70], {"cost": 70}, 10**12 + 1, 10**30], ids=str
)
async def test_a_claim_that_is_no_quota_is_left_out_and_logged(
    claimed: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with metering(100, quota={"claim": "units"}) as gateway:
        assert await told(gateway, bearer(sub="ada", units=claimed)) == "default 100 99"

    (line,) = [each.message for each in caplog.records if each.name == "sluice.quota"]
    assert line.startswith("the claim 'units' of jwt:tests:")
    assert line.endswith(" is no quota, a whole number of units: it is left out")


async def test_an_api_key_may_have_a_quota_of_its_own(
    database: PostgresSource, addresses: Addresses
) -> None:
    keys = {
        name: await create(database, client="acme", claims={"units": 70}, quota=quota)
        for name, quota in (("own", 30), ("other", 30), ("none", None))
    }
    auth = {"keys": {"url": addresses.postgres}}
    asked = [keys[name] for name in ("own", "own", "other", "none")]

    async with metering(100, quota={"claim": "units"}, auth=auth) as gateway:
        left = [await told(gateway, {"x-api-key": key}) for key in asked]
    async with metering(quota={"cost": None}, auth=auth) as gateway:
        alone = [await told(gateway, {"x-api-key": key}) for key in asked]

    # Each key is a caller, whosever it is.
    assert left == ["key 30 29", "key 30 28", "key 30 29", "claim 70 69"]
    assert alone == ["key 30 29", "key 30 28", "key 30 29", "none"]


HOME, OTHER = "query Home { things { name } }", "query Other { things(count: 4) { name } }"


@pytest.fixture
def manifest(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "persisted.json"
    path.write_bytes(orjson.dumps({"home": HOME, "other": OTHER}))
    return {"trusted": "allow", "manifest": str(path), "automatic": 10}


async def by_id(gateway: Gateway, headers: dict[str, str], **asked: Any) -> str:
    return shown(await gateway.post(orjson.dumps(asked), headers=headers))


async def test_a_trusted_document_may_have_a_quota_of_its_own_for_each_caller(
    manifest: dict[str, Any],
) -> None:
    ada, bob = bearer(sub="ada"), bearer(sub="bob")
    digest = digest_of(HOME)
    persisted = {"version": 1, "sha256Hash": digest.removeprefix("sha256:")}
    async with metering(100, quota={"documents": {"home": 20}}, documents=manifest) as gateway:
        homes = [
            await by_id(gateway, ada, documentId="home"),
            await by_id(gateway, ada, documentId=digest),
            await by_id(gateway, ada, extensions={"persistedQuery": persisted}),
            await by_id(gateway, ada, query=HOME),
            await by_id(gateway, bob, documentId="home"),
            await by_id(gateway, {}, documentId="home"),
        ]
        others = [
            await by_id(gateway, ada, documentId="other"),
            await by_id(gateway, ada, query=THINGS),
            await by_id(gateway, ada, documentId="nothing"),
        ]

    assert homes == [f"document 20 {left}" for left in (17, 14, 11, 8, 17, 17)]
    assert others == [f"default 100 {left}" for left in (96, 93, 92)]


async def test_an_empty_bucket_of_a_document_leaves_the_caller_the_others(
    manifest: dict[str, Any],
) -> None:
    async with metering(100, quota={"documents": {"home": 10}}, documents=manifest) as gateway:
        answers = [
            await gateway.post(orjson.dumps({"documentId": "home"})),
            await gateway.post(orjson.dumps({"documentId": "home"})),
            await gateway.post(orjson.dumps({"documentId": "other"})),
        ]

    assert [answer.codes for answer in answers] == [[], ["RATE_LIMITED"], []]


@pytest.mark.parametrize(
    ("quota", "reason"),
    [
        ({"cost": 0}, "greater than or equal to 1"),
        ({"cost": 10**12 + 1}, "less than or equal to 1000000000000"),
        ({"seconds": 0}, "greater than or equal to 1"),
        ({"documents": {"nothing": 5}}, "there is no trusted document 'nothing'"),
        ({"redis": "http://localhost"}, "must begin with redis:// or rediss://"),
        ({"rate": 5}, "Extra inputs are not permitted"),
    ],
    ids=str,
)
def test_what_can_be_no_quota_is_refused(quota: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings.of(quota=quota)


def test_nothing_flows_for_ever() -> None:
    assert Settings.of(quota={"cost": 1, "seconds": LONG}).quota.seconds == LONG
