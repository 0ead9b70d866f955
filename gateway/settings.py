"""What can be configured: the only reader of the environment and of ``gateway.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gateway.auth.jwks import (
    PUBLIC_KEY_ALGORITHMS,
    Keys,
    KeySet,
    PublicKeyAlgorithm,
    PublishedKeys,
    SecretAlgorithm,
    StaticKeys,
    checked_key,
    public_key,
)
from gateway.auth.tokens import Issuer
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


class SigningKeySettings(_Section):
    """A key that an issuer signs its tokens with: a ``public_key``, as PEM or JSON Web Key, or the
    ``secret`` of an HS algorithm. It is used with this algorithm alone. An issuer's only key may
    go without ``kid``, and is then used whatever a token calls its key."""

    algorithm: PublicKeyAlgorithm | SecretAlgorithm
    kid: str | None = None
    public_key: str | None = None
    secret: SecretStr | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self.key()
        return self

    def key(self) -> Any:
        """Raises ValueError if it is none for the algorithm."""
        if self.algorithm in get_args(SecretAlgorithm):
            if self.secret is None or self.public_key is not None:
                raise ValueError(f"{self.algorithm} takes a secret, and no public_key")
            return checked_key(self.secret.get_secret_value().encode(), self.algorithm)
        if self.public_key is None or self.secret is not None:
            raise ValueError(f"{self.algorithm} takes a public_key, and no secret")
        return public_key(self.public_key, self.algorithm)


class IssuerSettings(_Section):
    """Whose tokens are accepted: their ``iss``, the ``aud`` they must be for, and the keys they
    are signed with, which stand here or at ``jwks_url``.

    ``leeway`` is how far clocks may be apart. Published keys are fetched every
    ``refresh_seconds``, and used while the issuer is down until they are ``stale_seconds`` old.
    """

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    keys: tuple[SigningKeySettings, ...] = ()
    jwks_url: str | None = None
    algorithms: tuple[PublicKeyAlgorithm, ...] = Field(PUBLIC_KEY_ALGORITHMS, min_length=1)
    scopes_claim: str = Field("scope", min_length=1)
    leeway: float = Field(30.0, ge=0, le=300)
    refresh_seconds: float = Field(300.0, ge=10)
    stale_seconds: float = Field(3600.0, ge=10)

    @field_validator("jwks_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("must be an absolute http or https URL")
        return url

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_url is None) == (not self.keys):
            raise ValueError("either keys or a jwks_url must be given")
        if len({key.kid for key in self.keys}) < len(self.keys):
            raise ValueError("several keys must each have a kid of its own")
        if self.stale_seconds < self.refresh_seconds:
            raise ValueError("stale_seconds must not be less than refresh_seconds")
        return self

    def made(self, name: str) -> Issuer:
        return Issuer(
            name,
            self.issuer,
            self.audience,
            self._keys(name),
            scopes_claim=self.scopes_claim,
            leeway=self.leeway,
        )

    def _keys(self, name: str) -> Keys:
        if self.jwks_url is not None:
            return PublishedKeys(
                name,
                self.jwks_url,
                self.algorithms,
                refresh_seconds=self.refresh_seconds,
                stale_seconds=self.stale_seconds,
            )
        keys = KeySet()
        for each in self.keys:
            keys.add(each.kid, each.algorithm, each.key())
        return StaticKeys(keys)


class KeySettings(_Section):
    """The PostgreSQL database in which API keys are kept, in a schema ``sluice``."""

    url: SecretStr

    def source(self, timeout: float = 3.0) -> PostgresSource:
        """A request waits for it, so it has less time than the graph's own sources."""
        url = self.url.get_secret_value()
        return PostgresSource("api-keys", url, pool_size=5, timeout=timeout)


class AuthSettings(_Section):
    """Which credentials are accepted: the tokens of these issuers, and API keys. Without any,
    every caller is anonymous."""

    issuers: Mapping[str, IssuerSettings] = {}
    keys: KeySettings | None = None

    @field_validator("issuers")
    @classmethod
    def _are_distinct(cls, issuers: Mapping[str, IssuerSettings]) -> Mapping[str, IssuerSettings]:
        if len({each.issuer for each in issuers.values()}) < len(issuers):
            raise ValueError("two of them have the same issuer")
        return issuers


class AuthorizationSettings(_Section):
    """What becomes of an operation that selects a field which its caller may not see: the field is
    null, unless ``reject`` has the whole operation answered with 403.

    With ``dry_run`` nothing is denied, only logged: to try directives on live traffic. In
    production that must be said twice, as it shows everything to everyone.
    """

    reject: bool = False
    dry_run: bool = False
    dry_run_in_production: bool = False

    @model_validator(mode="after")
    def _does_one(self) -> Self:
        if self.reject and self.dry_run:
            raise ValueError("either reject or dry_run")
        return self

    @property
    def on_denial(self) -> Literal["null", "reject", "log"]:
        return "log" if self.dry_run else "reject" if self.reject else "null"


class ServerSettings(_Section):
    """Where the gateway listens, and with how many processes."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1)


class LimitSettings(_Section):
    """How much of the gateway one request may take.

    ``body_bytes`` bounds a WebSocket message too. ``batch`` is how many operations one request may
    have; with 0 it has one, and no list. ``socket_operations`` is how many may run at the same
    time on one WebSocket.
    """

    body_bytes: int = Field(1_000_000, ge=1)
    batch: int = Field(0, ge=0, le=100)
    socket_operations: int = Field(100, ge=1)
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
    engine: Literal["breadth", "graphql-core"] = "breadth"
    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    auth: AuthSettings = AuthSettings()
    authorization: AuthorizationSettings = AuthorizationSettings()
    sources: dict[str, SourceSettings] = {}

    @model_validator(mode="after")
    def _is_said_twice(self) -> Self:
        given = self.authorization
        if given.dry_run and not self.in_development and not given.dry_run_in_production:
            raise ValueError(
                "authorization.dry_run denies nothing to anyone: in production, "
                "authorization.dry_run_in_production must be set as well"
            )
        return self

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
