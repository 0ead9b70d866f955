"""What can be configured of credentials: the section ``auth``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.auth.grants import Granted, Grants, check_each_is_bound, check_values
from gateway.auth.jwks import (
    PUBLIC_KEY_ALGORITHMS,
    Keys,
    KeySet,
    PublicKeyAlgorithm,
    PublishedKeys,
    SecretAlgorithm,
    StaticKeys,
    check_keys_url,
    checked_key,
    public_key,
)
from gateway.auth.tokens import ELSEWHERE, Issuer
from gateway.sections import Section
from loaders.kinds import address, kind_named

if TYPE_CHECKING:
    from loaders.sql.postgres import PostgresSource


class SigningKeySettings(Section):
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


class IssuerSettings(Section):
    """Whose tokens are accepted: their ``iss``, the ``aud`` they must be for, and the keys they
    are signed with, which stand here or at ``jwks_url``.

    ``scopes`` and ``claims`` are those that it may grant: the claims with the values that they may
    have, or with ``*`` any. What is not given is all; an issuer beside others must give both.
    ``rfc9068`` takes access tokens (``at+jwt``) alone.

    ``leeway`` is how far clocks may be apart. Published keys are fetched every
    ``refresh_seconds``, and used while the issuer is down until they are ``stale_seconds`` old.
    """

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    keys: tuple[SigningKeySettings, ...] = ()
    jwks_url: str | None = None
    algorithms: tuple[PublicKeyAlgorithm, ...] = Field(PUBLIC_KEY_ALGORITHMS, min_length=1)
    scopes: tuple[str, ...] | None = None
    claims: Mapping[str, Granted] | None = None
    scopes_claim: str = Field("scope", min_length=1)
    rfc9068: bool = False
    leeway: float = Field(30.0, ge=0, le=300)
    refresh_seconds: float = Field(300.0, ge=10)
    stale_seconds: float = Field(3600.0, ge=10)

    @field_validator("jwks_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None:
            check_keys_url(url)
            kind_named("rest")  # its driver fetches them
        return url

    @field_validator("scopes")
    @classmethod
    def _names_scopes(cls, scopes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if "*" in (scopes or ()):
            raise ValueError("must name each scope: '*' does not stand for others here")
        return scopes

    @field_validator("claims", mode="before")
    @classmethod
    def _have_values(cls, claims: object) -> object:
        check_values(claims)
        return claims

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_url is None) == (not self.keys):
            raise ValueError("either keys or a jwks_url must be given")
        if len({key.kid for key in self.keys}) < len(self.keys):
            raise ValueError("several keys must each have a kid of its own")
        if self.stale_seconds < self.refresh_seconds:
            raise ValueError("stale_seconds must not be less than refresh_seconds")
        for name in sorted((self.claims or {}).keys() & (ELSEWHERE | {self.scopes_claim})):
            raise ValueError(f"claims can't bound {name}, which is read as another part of a token")
        return self

    def made(self, name: str) -> Issuer:
        return Issuer(
            name,
            self.issuer,
            self.audience,
            self._keys(name),
            grants=Grants(name, self.scopes, self.claims),
            rfc9068=self.rfc9068,
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


class KeySettings(Section):
    """The PostgreSQL database in which API keys are kept, in a schema ``sluice``. ``pooler`` and
    ``statement_cache_size`` are those of a source."""

    url: Annotated[SecretStr, address("postgresql", "postgres", host=False)]
    pooler: Literal["transaction"] | None = None
    statement_cache_size: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _has_a_driver(self) -> Self:
        kind_named("postgres")
        return self

    def source(self, timeout: float = 3.0) -> PostgresSource:
        """A request waits for it, so it has less time than the graph's own sources."""
        from loaders.sql.postgres import PostgresSource

        return PostgresSource(
            "api-keys",
            self.url.get_secret_value(),
            pool_size=5,
            timeout=timeout,
            pooler=self.pooler,
            statement_cache_size=self.statement_cache_size,
        )


class AuthSettings(Section):
    """Which credentials are accepted: the tokens of these issuers, and API keys. Without any,
    every caller is anonymous."""

    issuers: Mapping[str, IssuerSettings] = {}
    keys: KeySettings | None = None

    @field_validator("issuers")
    @classmethod
    def _are_distinct(cls, issuers: Mapping[str, IssuerSettings]) -> Mapping[str, IssuerSettings]:
        if len({each.issuer for each in issuers.values()}) < len(issuers):
            raise ValueError("two of them have the same issuer")
        if len(issuers) > 1:
            check_each_is_bound({name: (its.scopes, its.claims) for name, its in issuers.items()})
        return issuers
