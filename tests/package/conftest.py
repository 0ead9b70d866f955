from __future__ import annotations

from pathlib import Path

import pytest

from tests.package.installing import Environment, build


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and every driver."""
    return Environment(tmp_path_factory.mktemp("installed"), wheel)


@pytest.fixture(scope="session")
def with_postgres_alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and what its extra ``postgres`` brings."""
    without = {"motor", "pymongo", "bson", "gridfs", "aiohttp", "yarl", "redis"}
    return Environment(tmp_path_factory.mktemp("postgres"), wheel, without)


@pytest.fixture(scope="session")
def without_drivers(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and no extra."""
    without = {"asyncpg", "motor", "pymongo", "bson", "gridfs", "aiohttp", "yarl", "redis"}
    return Environment(tmp_path_factory.mktemp("plain"), wheel, without)
