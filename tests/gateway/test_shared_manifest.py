"""Trusted documents that come from Redis, and stay when it is away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis

from gateway.operations import shared_manifest
from gateway.operations.shared_manifest import KEY
from gateway.settings import Settings
from tests.client import Gateway, serving
from tests.redis_server import RedisServer

NAMED = {"data": {"__typename": "Query"}}
FIRST = {"first": "{ __typename }"}
SECOND = {"second": "query Second { __typename }"}
NOT_IN_LIST = {
    "message": "No trusted document has this id.",
    "extensions": {"code": "PERSISTED_QUERY_NOT_IN_LIST"},
}


@pytest.fixture
def held(redis: RedisServer) -> Redis:
    client = Redis.from_url(redis.url)
    client.flushall()
    return client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "manifest.json"


def settings(redis: RedisServer, file: Path | None) -> Settings:
    documents: dict[str, Any] = {"trusted": "only", "redis": redis.url}
    if file is not None:
        documents["manifest"] = str(file)
    return Settings.of(graph="tests.probe.graph:graph", sources={}, documents=documents)


@asynccontextmanager
async def gateway_with(redis: RedisServer, file: Path | None) -> AsyncIterator[Gateway]:
    async with serving(settings(redis, file)) as gateway:
        yield gateway


def kept_in(file: Path) -> Any:
    return json.loads(file.read_bytes())


async def ask(gateway: Gateway, id_: str) -> Any:
    return (await gateway.post(orjson.dumps({"documentId": id_}))).body


async def comes(gateway: Gateway, id_: str) -> Any:
    """What is answered once Redis has been looked at again."""
    await ask(gateway, id_)
    for _ in range(200):
        body = await ask(gateway, id_)
        if body == NAMED:
            break
    return body


async def test_they_come_from_redis_and_are_kept(
    redis: RedisServer, held: Redis, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held.set(KEY, json.dumps(FIRST))
    async with gateway_with(redis, file) as gateway:
        assert await ask(gateway, "first") == NAMED
        assert await ask(gateway, "second") == {"errors": [NOT_IN_LIST]}
    assert kept_in(file) == FIRST

    redis.stop()
    try:
        async with gateway_with(redis, file) as gateway:
            assert await ask(gateway, "first") == NAMED
    finally:
        redis.start()
    assert f"can't be read (ConnectionError): {file} is" in caplog.text


async def test_another_manifest_is_taken_while_the_gateway_serves(
    redis: RedisServer,
    held: Redis,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(shared_manifest, "SECONDS", 0.0)
    held.set(KEY, json.dumps(FIRST))
    async with gateway_with(redis, file) as gateway:
        held.set(KEY, json.dumps(SECOND))
        assert await comes(gateway, "second") == NAMED
        assert kept_in(file) == SECOND
        # What is none, or is missing, changes nothing.
        for text in ("{", "{}", '{"a": 1}'):
            held.set(KEY, text)
            assert await comes(gateway, "second") == NAMED
        held.delete(KEY)
        assert await comes(gateway, "second") == NAMED
        redis.stop()
        try:
            assert await comes(gateway, "second") == NAMED
        finally:
            redis.start()
        held.set(KEY, json.dumps(FIRST))
        assert await comes(gateway, "first") == NAMED
    assert kept_in(file) == FIRST
    assert caplog.text.count("trusted documents stay what they are") == 1


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "{", '{"sha256:0": "{ a }"}'])
def test_a_manifest_that_is_none_ends_the_start(
    redis: RedisServer, held: Redis, file: Path, text: str | None
) -> None:
    # Whatever was kept before.
    file.write_text(json.dumps(FIRST))
    if text is not None:
        held.set(KEY, text)

    with pytest.raises(ValueError, match="manifest at sluice:manifest in Redis"):
        settings(redis, file)
    assert kept_in(file) == FIRST


@pytest.mark.parametrize("kept", [True, False])
def test_without_redis_and_a_copy_there_is_no_start(
    redis: RedisServer, file: Path, kept: bool
) -> None:
    redis.stop()
    try:
        with pytest.raises(ValueError, match="can't be read"):
            settings(redis, file if kept else None)
    finally:
        redis.start()


async def test_no_file_is_needed(redis: RedisServer, held: Redis) -> None:
    held.set(KEY, json.dumps(FIRST))
    async with gateway_with(redis, None) as gateway:
        assert await ask(gateway, "first") == NAMED


async def test_a_copy_that_can_t_be_written_is_logged(
    redis: RedisServer, held: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held.set(KEY, json.dumps(FIRST))
    async with gateway_with(redis, tmp_path / "missing" / "manifest.json") as gateway:
        assert await ask(gateway, "first") == NAMED
    assert "manifest.json can't be written: No such file or directory" in caplog.text
