"""What can be configured: the only reader of the environment and of ``gateway.toml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from loaders.base import Source
from loaders.mongo import MongoSource
from loaders.postgres import PostgresSource
from loaders.rest import RestSource


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PostgresSettings(_Section):
    """A PostgreSQL database. ``timeout`` is in seconds, for each statement."""

    kind: Literal["postgres"]
    url: SecretStr
    pool_size: int = Field(10, ge=1)
    timeout: float = Field(10.0, gt=0)

    def source(self, name: str) -> Source:
        url = self.url.get_secret_value()
        return PostgresSource(name, url, pool_size=self.pool_size, timeout=self.timeout)


class MongoSettings(_Section):
    """A MongoDB database. ``timeout`` is in seconds, for each call."""

    kind: Literal["mongo"]
    url: SecretStr
    database: str
    pool_size: int = Field(50, ge=1)
    timeout: float = Field(10.0, gt=0)

    def source(self, name: str) -> Source:
        return MongoSource(
            name,
            self.url.get_secret_value(),
            database=self.database,
            pool_size=self.pool_size,
            timeout=self.timeout,
        )


class RestSettings(_Section):
    """A REST service. ``timeout`` is in seconds, for each request with its retries."""

    kind: Literal["rest"]
    url: SecretStr
    timeout: float = Field(5.0, gt=0)

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
        ):
            raise ValueError("must be an absolute http or https URL without query and fragment")
        return url

    def source(self, name: str) -> Source:
        return RestSource(name, self.url.get_secret_value(), timeout=self.timeout)


SourceSettings = Annotated[
    PostgresSettings | MongoSettings | RestSettings, Field(discriminator="kind")
]


class ServerSettings(_Section):
    """Where the gateway listens, and with how many processes."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1)


class LimitSettings(_Section):
    """How much of the gateway one request may take."""

    body_bytes: int = Field(1_000_000, ge=1)
    request_seconds: float = Field(30.0, gt=0)
    cached_documents: int = Field(1000, ge=1)


class Settings(BaseSettings):
    """All settings. What is given in code wins over the environment (``SLUICE_…``, sections
    joined by two underscores, as in ``SLUICE_SOURCES__SHOP__URL``), and that over the file."""

    model_config = SettingsConfigDict(
        env_prefix="SLUICE_",
        env_nested_delimiter="__",
        toml_file="gateway.toml",
        extra="forbid",
        frozen=True,
    )

    graph: str = "schema.build:schema"
    environment: Literal["development", "production"] = "production"
    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    sources: dict[str, SourceSettings] = {}

    @property
    def in_development(self) -> bool:
        return self.environment == "development"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @classmethod
    def of(cls, **values: Any) -> Settings:
        """Settings from these values and the defaults alone, whatever stands in the environment
        or in a file."""
        return _Given(**values)


class _Given(Settings):
    model_config = SettingsConfigDict(toml_file=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)
