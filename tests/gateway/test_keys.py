"""API keys in a real database: what is kept of them, which are good, and for how long."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import hmac
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.auth import api_keys as keys_module
from gateway.auth.api_keys import ApiKeys, create, listed, revoke
from loaders.sql.postgres import PostgresSource
from tests.gateway.key_store import NO_KEY, NOT_KNOWN, id_of, refusal, refused


async def test_a_key_is_good_for_what_it_was_made_for(
    database: PostgresSource, keys: ApiKeys
) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    key = await create(
        database,
        client="northwind",
        scopes=["orders:read"],
        claims={"partner_id": "northwind", "tiers": [1, 2]},
        expires_at=ends,
    )

    identity = await keys.identify(key)

    assert (identity.subject, identity.client) == (None, "northwind")
    assert identity.scopes == {"orders:read"}
    assert identity.claims == {"partner_id": "northwind", "tiers": [1, 2]}
    assert identity.credential == f"key:{id_of(key)}"
    assert identity.expires_at == pytest.approx(ends.timestamp(), abs=0.001)


async def test_a_key_can_be_without_anything(database: PostgresSource, keys: ApiKeys) -> None:
    identity = await keys.identify(await create(database, client="robot"))

    assert (identity.scopes, identity.claims, identity.expires_at) == (frozenset(), {}, None)
    assert not identity.is_anonymous


async def test_only_a_hash_of_the_secret_is_kept(database: PostgresSource) -> None:
    key = await create(database, client="northwind")
    prefix, id, secret = key.split("_", 2)

    (row,) = await database.run("select * from sluice.api_keys")

    assert prefix == "slk"
    assert re.fullmatch("[A-Za-z0-9_-]{43}", secret)
    assert row["id"] == id
    assert row["hash"] == hashlib.sha256(secret.encode()).digest()
    assert secret not in str(dict(row))


async def test_no_two_keys_are_alike(database: PostgresSource) -> None:
    made = [await create(database, client="northwind") for _ in range(20)]

    assert len({id_of(key) for key in made}) == 20
    assert len({key.split("_", 2)[2] for key in made}) == 20


async def test_the_list_has_nothing_of_the_secrets(database: PostgresSource) -> None:
    key = await create(database, client="northwind", scopes=["a"])

    (row,) = await listed(database)

    assert "hash" not in row
    assert (row["id"], row["client"], row["scopes"]) == (id_of(key), "northwind", ["a"])


async def test_a_key_with_anothers_secret_is_refused(
    database: PostgresSource, keys: ApiKeys
) -> None:
    one, other = [await create(database, client="northwind") for _ in range(2)]
    mixed = f"slk_{id_of(one)}_{other.split('_', 2)[2]}"

    assert await refusal(keys, mixed) == NOT_KNOWN
    # Nor is it when the key itself has just been used.
    await keys.identify(one)
    assert await refusal(keys, mixed) == NOT_KNOWN


async def test_an_unknown_key_is_refused_as_one_with_a_wrong_secret(
    database: PostgresSource, keys: ApiKeys
) -> None:
    key = await create(database, client="northwind")
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")

    assert await refusal(keys, wrong) == NOT_KNOWN
    assert await refusal(keys, f"slk_{'0' * 16}_{'A' * 43}") == NOT_KNOWN


FORMS: dict[str, Callable[[str], str]] = {
    "truncated": lambda key: key[:-1],
    "half": lambda key: key[:30],
    "extended": lambda key: key + "A",
    "padded": lambda key: key + "=",
    "upper": lambda key: key.upper(),
    "upper-id": lambda key: "slk_" + key[4:20].upper() + key[20:],
    "upper-prefix": lambda key: "SLK" + key[3:],
    "another-prefix": lambda key: "sk" + key[3:],
    "no-prefix": lambda key: key[4:],
    "prefix-alone": lambda key: "slk_",
    "id-alone": lambda key: key[:20],
    "id-without-secret": lambda key: key[:21],
    "space-before": lambda key: " " + key,
    "newline-after": lambda key: key + "\n",
    "nul-after": lambda key: key + "\x00",
    "twice": lambda key: f"{key}, {key}",
    "arabic-digits": lambda key: key[:4] + "\u0660" * 16 + key[20:],
    "full-width": lambda key: key[:-1] + "\uff21",
    "wildcard": lambda key: "slk_" + "%" * 16 + key[20:],
    "sql": lambda key: "slk_' or true --_" + key[21:],
    "long": lambda key: key + "A" * 100_000,
    "empty": lambda key: "",
}


@pytest.mark.parametrize("form", FORMS)
async def test_what_only_resembles_a_key_is_refused(
    form: str, database: PostgresSource, keys: ApiKeys
) -> None:
    key = await create(database, client="northwind")

    told = await refusal(keys, FORMS[form](key))

    # Some keys have no letters in their ids, so that this one is then the key of another secret.
    assert told in (NO_KEY, NOT_KNOWN)


async def test_ids_that_begin_alike_are_different(database: PostgresSource, keys: ApiKeys) -> None:
    key = await create(database, client="northwind")
    await database.run(
        "insert into sluice.api_keys (id, client, hash, scopes, claims) "
        "select left(id, 15), 'evil', hash, scopes, claims from sluice.api_keys"
    )

    assert (await keys.identify(key)).client == "northwind"
    assert await refusal(keys, key.replace(id_of(key), id_of(key)[:15])) == NO_KEY


async def test_an_expired_key_is_refused(database: PostgresSource, keys: ApiKeys) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=1)
    key = await create(database, client="northwind", expires_at=ended)

    assert await refusal(keys, key) == "The API key has expired."


async def test_a_key_that_was_just_used_expires_all_the_same(
    database: PostgresSource, keys: ApiKeys
) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=0.5)
    key = await create(database, client="northwind", expires_at=ends)
    await keys.identify(key)
    await asyncio.sleep(0.6)

    assert await refusal(keys, key) == "The API key has expired."


async def test_a_revoked_key_is_refused(database: PostgresSource, keys: ApiKeys) -> None:
    key = await create(database, client="northwind")
    await revoke(database, id_of(key))

    assert await refusal(keys, key) == "The API key was revoked."


async def test_a_wrong_secret_does_not_tell_that_a_key_was_revoked(
    database: PostgresSource, keys: ApiKeys
) -> None:
    key = await create(database, client="northwind")
    await revoke(database, id_of(key))

    assert await refusal(keys, key[:-1] + ("A" if key[-1] != "A" else "B")) == NOT_KNOWN


async def test_revoking_again_changes_nothing(database: PostgresSource) -> None:
    key = await create(database, client="northwind")

    first = await revoke(database, id_of(key))

    assert first is not None
    assert await revoke(database, id_of(key)) == first
    assert await revoke(database, "0" * 16) is None


async def test_no_secret_is_in_the_log_or_an_answer(
    database: PostgresSource, keys: ApiKeys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sluice")
    key = await create(database, client="northwind")
    secret = key.split("_", 2)[2]
    refusals = [await refused(keys, bad) for bad in (f"{key}A", f"slk_{'0' * 16}_{secret}")]
    told = [text for each in refusals for text in (str(each), each.reason)]
    await keys.identify(key)
    await revoke(database, id_of(key))

    shown = "\n".join([*told, caplog.text])

    assert f"{'0' * 16}: The API key is not known." in told
    assert secret not in shown
    assert secret[:20] not in shown


def test_secrets_are_compared_in_one_place_and_in_constant_time() -> None:
    package = Path(keys_module.__file__).parent
    compared, others = set(), []
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute | ast.Name) and "compare_digest" in ast.unparse(node):
                compared.add(path.name)
            if path.name == "api_keys.py" and isinstance(node, ast.Compare):
                others.append(ast.unparse(node))

    assert compared == {"api_keys.py"}
    assert [each for each in others if "hash" in each or "secret" in each] == []


async def test_unknown_keys_are_compared_too(
    database: PostgresSource, keys: ApiKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def recorded(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return bool(compare(one, other))

    monkeypatch.setattr(hmac, "compare_digest", recorded)
    await refusal(keys, f"slk_{'0' * 16}_{'A' * 43}")

    assert compared == [keys_module.UNKNOWN]
