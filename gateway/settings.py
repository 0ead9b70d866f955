"""What can be configured. Where it is read from is in ``gateway/configuration.py``."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.auth.settings import AuthSettings
from gateway.operations.documents import read_manifest
from gateway.operations.owned import stage_named
from gateway.quotas.settings import QuotaSettings
from gateway.redis_url import RedisUrl
from gateway.sections import Section
from loaders.encryption import KEY_BYTES, Keyring
from loaders.kinds import Kind, kind_named

THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
"""Its names for itself, as the header Host has them."""

ORIGIN = re.compile(r"https?://[^/?#\s@]+", re.IGNORECASE)


def _of_its_kind(given: object) -> object:
    """The source's settings, by the model of the kind that they name."""
    if not isinstance(given, Mapping):
        return given
    try:
        return kind_named(given.get("kind")).model_validate(given)
    except ValidationError:
        raise
    except ValueError as error:
        type_ = "kind" if "kind" in given else "no_kind"
        fault = PydanticCustomError(type_, "{reason}", {"reason": str(error)})
        raise ValidationError.from_exception_data(
            "kind", [{"type": fault, "loc": ("kind",), "input": None}], hide_input=True
        ) from None


class AuthorizationSettings(Section):
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


class ServerSettings(Section):
    """Where the gateway listens, and with how many processes. With ``compression`` its answers are
    compressed as their clients take them, and with ``draft_status_codes`` their statuses are those
    of the draft of GraphQL over HTTP, for clients that take ``application/graphql-response+json``.

    ``allowed_hosts`` are the hosts that requests may name, of which ``*.example.com`` are all below
    it; with ``*`` any. Unless it is given, in production any, and in development this machine's own
    names.

    ``trusted_proxies`` are the addresses and networks whose ``X-Forwarded-For`` and
    ``X-Forwarded-Proto`` are believed. Without the setting nobody's are, and no connection is
    counted by address, as it may be a proxy's; with an empty one clients come by themselves.

    With ``tls_certificate``, a file of PEM, HTTPS is served, and no HTTP. ``tls_key`` is its key's
    file, if that is another.
    """

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1)
    compression: bool = True
    draft_status_codes: bool = False
    allowed_hosts: tuple[str, ...] | None = None
    trusted_proxies: tuple[str, ...] | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for each in proxies or ():
            try:
                ip_network(each)
            except ValueError as error:
                raise ValueError(f"write addresses, or networks as 10.0.0.0/8: {error}") from None
        return proxies

    @model_validator(mode="after")
    def _has_a_certificate(self) -> Self:
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("tls_key is the key of a tls_certificate, which is not given")
        return self


class CorsSettings(Section):
    """Which web pages of other origins may ask (CORS, and WebSockets alike): those of ``origins``,
    such as ``https://shop.example.com``, or with ``*`` all. Their requests may have these
    ``headers``, beside those that any page can send, and with ``credentials`` cookies and client
    certificates. Browsers remember that for ``max_age`` seconds."""

    origins: tuple[str, ...] = ()
    headers: tuple[str, ...] = ("authorization", "content-type", "x-api-key")
    credentials: bool = False
    max_age: int = Field(600, ge=0)

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for each in origins:
            if each != "*" and ORIGIN.fullmatch(each) is None:
                raise ValueError(
                    f"'{each}' is no origin: write it as https://shop.example.com, without a path"
                )
        return tuple(each.lower() for each in origins)

    @model_validator(mode="after")
    def _names_who_has_credentials(self) -> Self:
        if self.credentials and "*" in self.origins:
            raise ValueError("credentials go to origins that are named, not to all (*)")
        return self


class LimitSettings(Section):
    """How much of the gateway one request may take.

    A request may have a URL of ``url_bytes``, and so many ``headers`` with ``header_bytes``. It is
    received within ``receive_seconds``, and a connection may be as long without one. What is
    answered must be taken: ``stalled_seconds`` may pass without progress. So many ``connections``
    go to a worker, and of one address ``connections_per_address``; the ``sockets_per_address`` are
    WebSockets. One on which a caller without a credential has run nothing for
    ``idle_socket_seconds`` is closed.

    ``body_bytes`` bounds a WebSocket message too. ``batch`` is how many operations one request may
    have; with 0 it has one, and no list. ``socket_operations`` is how many may run at the same
    time on one WebSocket. A worker runs so many ``operations`` at a time, a subscription only while
    an event executes, and lets ``queued_operations`` wait for a moment.

    ``tokens`` are those of a document. An operation may nest fields ``depth`` levels deep, and have
    so many ``fields``, ``aliases`` and ``directives``, with those of its fragments wherever they
    are spread; ``root_fields`` of them in no other field. Its ``variables`` have so many values,
    with all that is in lists and objects. Its response has so many ``objects``.

    Before it runs, it is estimated to ``cost`` so much at most; with ``cost_mode`` measure the log
    alone says what would be refused.
    """

    connections: int = Field(1_000, ge=1)
    connections_per_address: int = Field(100, ge=1)
    sockets_per_address: int = Field(50, ge=1)
    idle_socket_seconds: float = Field(60.0, gt=0)
    receive_seconds: float = Field(15.0, gt=0)
    stalled_seconds: float = Field(30.0, gt=0)
    url_bytes: int = Field(8_192, ge=1)
    headers: int = Field(100, ge=1)
    header_bytes: int = Field(32_768, ge=1)
    body_bytes: int = Field(1_000_000, ge=1)
    batch: int = Field(0, ge=0, le=100)
    socket_operations: int = Field(100, ge=1)
    operations: int = Field(100, ge=1)
    queued_operations: int = Field(100, ge=0)
    request_seconds: float = Field(30.0, gt=0)
    cached_documents: int = Field(1000, ge=1)
    tokens: int = Field(5_000, ge=1)
    depth: int = Field(15, ge=1)
    fields: int = Field(1_000, ge=1)
    root_fields: int = Field(20, ge=1)
    aliases: int = Field(30, ge=0)
    directives: int = Field(50, ge=0)
    variables: int = Field(5_000, ge=0)
    cost: int = Field(20_000, ge=1)
    cost_mode: Literal["enforce", "measure"] = "enforce"
    objects: int = Field(100_000, ge=1)


class DocumentSettings(Section):
    """Which documents run. ``trusted`` are those of the ``manifest``: with allow they run by their
    ids, beside any other; or only they do, with ``bodies`` by their texts, too. With ``redis``, a
    URL, the manifest comes from there, and the file is the copy that is kept here.

    Of each caller ``automatic`` documents are kept that he has sent with their digests (automatic
    persisted queries).
    """

    trusted: Literal["off", "allow", "only"] = "off"
    manifest: Path | None = None
    redis: RedisUrl | None = None
    bodies: bool = False
    automatic: int = Field(0, ge=0, le=1000)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.trusted == "off") != (self.manifest is None and self.redis is None):
            raise ValueError("trusted documents stand in a manifest, and are 'allow'-ed or 'only'")
        if self.trusted == "only" and self.automatic:
            raise ValueError("where trusted documents alone run, clients register none")
        if self.trusted != "only" and self.bodies:
            raise ValueError("bodies says that texts of trusted documents run where only they do")
        # A manifest that is none ends the start.
        len(self.texts)
        return self

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The trusted documents, by all of their ids."""
        if self.redis is not None:
            # It imports the driver.
            from gateway.operations.shared_manifest import SharedManifest

            return SharedManifest(self.redis.get_secret_value(), self.manifest)
        return {} if self.manifest is None else read_manifest(self.manifest)


class EncryptionSettings(Section):
    """The ``keys`` of encrypted columns, each 32 bytes in base64, by ids of the owner's choice, and
    the ``current`` one, by which new values are encrypted. They belong into the environment."""

    keys: Mapping[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")], SecretStr] = {}
    current: str | None = None

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for id_, key in keys.items():
            if len(_bytes_of(key)) != KEY_BYTES:
                raise ValueError(f"the key {id_!r} is not {KEY_BYTES} bytes in base64")
        return keys

    @model_validator(mode="after")
    def _has_its_current(self) -> Self:
        if self.keys and self.current not in self.keys:
            raise ValueError("encryption.current must be the id of one of encryption.keys")
        return self

    @property
    def keyring(self) -> Keyring | None:
        """None where there are no keys."""
        if self.current is None or not self.keys:
            return None
        return Keyring({id_: _bytes_of(key) for id_, key in self.keys.items()}, self.current)


def _bytes_of(key: SecretStr) -> bytes:
    try:
        return b64decode(key.get_secret_value(), altchars=b"-_", validate=True)
    except ValueError:
        return b""


class StageSettings(Section):
    """A stage of the graph's owner: its class, as ``package.module:Class``, and the stage that it
    stands right before, so that it is around that one and all within it.

    Before ``parse`` it is around every operation, before ``execute`` around those alone that are
    valid and may run. Of several before the same stage the first is the outermost.
    """

    stage: str
    before: Literal["parse", "execute"] = "execute"

    @field_validator("stage")
    @classmethod
    def _is_one(cls, name: str) -> str:
        stage_named(name)
        return name


class Settings(Section):
    """All settings. ``graph`` names the graph to serve, as ``package.module:variable``. ``checks``
    says what becomes of its faults when it is held against its sources before it is served.

    ``errors`` says what is told of places that failed or are denied: an error of each, or one for
    all places of a denied field, ten and a count for those of a field that failed alike.
    """

    graph: str | None = None
    environment: Literal["development", "production"] = "production"
    engine: Literal["breadth", "graphql-core"] = "breadth"
    checks: Literal["warn", "refuse", "off"] = "warn"
    errors: Literal["each", "once"] = "each"
    server: ServerSettings = ServerSettings()
    cors: CorsSettings = CorsSettings()
    limits: LimitSettings = LimitSettings()
    auth: AuthSettings = AuthSettings()
    authorization: AuthorizationSettings = AuthorizationSettings()
    documents: DocumentSettings = DocumentSettings()
    quota: QuotaSettings = QuotaSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    stages: tuple[StageSettings, ...] = ()
    sources: dict[str, Annotated[SerializeAsAny[Kind], BeforeValidator(_of_its_kind)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _is_said_twice(self) -> Self:
        given = self.authorization
        if given.dry_run and not self.in_development and not given.dry_run_in_production:
            raise ValueError(
                "authorization.dry_run denies nothing to anyone: in production, "
                "authorization.dry_run_in_production must be set as well"
            )
        return self

    @model_validator(mode="after")
    def _has_documents_with_quotas(self) -> Self:
        for id_ in self.quota.documents.keys() - self.documents.texts.keys():
            raise ValueError(f"quota.documents: there is no trusted document {id_!r:.100}")
        return self

    @property
    def in_development(self) -> bool:
        return self.environment == "development"

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The hosts that requests may name; with ``*`` any."""
        if self.server.allowed_hosts is not None:
            return self.server.allowed_hosts
        return (*THIS_MACHINE, self.server.host) if self.in_development else ("*",)

    @classmethod
    def of(cls, **values: Any) -> Settings:
        """Settings from these values and the defaults, each section as a mapping. Raises
        pydantic's ValidationError, which shows none of the values."""
        return cls.model_validate(values)
