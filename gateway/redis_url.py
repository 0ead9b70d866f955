"""The address of a Redis, in the settings."""

from __future__ import annotations

import importlib
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from loaders.kinds import address, missing_driver


def _with_a_driver(url: SecretStr) -> SecretStr:
    try:
        importlib.import_module("redis")
    except ImportError as error:
        raise ValueError(missing_driver(error) or str(error)) from error
    return url


RedisUrl = Annotated[SecretStr, address("redis", "rediss"), AfterValidator(_with_a_driver)]
"""``redis://`` or ``rediss://``. Without its driver it is refused with what to install."""
