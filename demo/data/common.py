"""What all generated data shares: the day it ends, its sources of chance, its words."""

import hashlib
import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from random import Random
from typing import Any

REFERENCE = datetime(2026, 11, 1, tzinfo=UTC)
"""The moment the data is a picture of. Nothing in it happened later."""

FIRST_ORDER = datetime(2024, 11, 1, 8, 12, 44, 310_000, tzinfo=UTC)


def chance(subject: object) -> Random:
    """A source of chance for one subject, so that no subject's rows depend on another's draws."""
    return Random(f"sluice demo: {subject}")


def words(name: str) -> dict[str, Any]:
    """The word list `name`.toml of this package."""
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text("utf-8"))


def version() -> str:
    """A hash of everything the data is made by: it changes when the data may have changed."""
    package = files("demo")
    made_by = [*(package / "data").iterdir(), package / "shop.sql", package / "seed.py"]
    digest = hashlib.sha256()
    for file in sorted(made_by, key=lambda file: file.name):
        if file.name.endswith((".py", ".toml", ".sql")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
