"""Who has which quota, and what one operation takes of it."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping

from gateway.errors import RequestRefused, too_complex
from gateway.operations.asked import Asked
from gateway.operations.costs import LEAST
from gateway.operations.documents import SHA256, digest_of
from gateway.quotas.buckets import Buckets, LocalBuckets, Quota
from gateway.quotas.settings import QuotaSettings, is_cost
from loaders.callers import caller_of
from loaders.identity import Identity
from loaders.logs import Limited

log = logging.getLogger("sluice.quota")


class Quotas:
    """The quotas of a gateway's callers. ``documents`` are the trusted ones, by all of their
    ids."""

    def __init__(self, settings: QuotaSettings, documents: Mapping[str, str]) -> None:
        self._default = _named("default", settings.cost, settings.seconds)
        self._anonymous = _named("anonymous", settings.for_anonymous, settings.seconds)
        self._seconds = settings.seconds
        self._claim = settings.claim
        own = {
            documents[id_]: Quota("document", cost, settings.seconds)
            for id_, cost in settings.documents.items()
        }
        self._documents = {
            id_: (digest_of(text), own[text]) for id_, text in documents.items() if text in own
        }
        self._buckets = _buckets(settings)
        self._log = Limited(log)

    async def close(self) -> None:
        await self._buckets.close()

    def account(self, asked: Asked, identity: Identity, address: str | None) -> Account | None:
        """The account of an operation that is asked by the identity, from the address; None if it
        has no quota.

        That of its document comes before that of an API key, that before the claim's, and that
        before those of all. Each caller has one bucket for all but for documents with a quota of
        their own.
        """
        quota, document = None, ""
        if self._documents:
            document, quota = self._documents.get(_id_of(asked), (document, quota))
        quota = quota or self._of(identity)
        if quota is None:
            return None
        # In any case short, and no secret: of what an issuer says, and of an address.
        whose = ascii((*caller_of(identity, address), document)).encode()
        key = hashlib.blake2b(whose, digest_size=16).hexdigest()
        return Account(self._buckets, key, quota)

    def _of(self, identity: Identity) -> Quota | None:
        if identity.is_anonymous:
            return self._anonymous
        if identity.quota is not None:
            return Quota("key", identity.quota, self._seconds)
        if self._claim is not None and (claimed := identity.claims.get(self._claim)) is not None:
            if is_cost(claimed):
                return Quota("claim", claimed, self._seconds)
            self._log.write(
                logging.WARNING,
                "claim",
                "the claim %.100r of %s is no quota, a whole number of units: it is left out",
                self._claim,
                identity.credential,
            )
        return self._default


class Account:
    """What one operation, or one event of a subscription, takes of its caller's bucket."""

    def __init__(self, buckets: Buckets, key: str, quota: Quota) -> None:
        self._buckets = buckets
        self._key = key
        self._quota = quota
        self._charged: int | None = None
        self._untold = 0
        self._is_over = False
        self._wait = 0
        self.has_begun = False
        """Whether what was charged for has begun to run."""
        self._of_event = LEAST

    @property
    def is_charged(self) -> bool:
        """Whether it has been charged with an estimate, and not settled yet."""
        return self._charged is not None

    @property
    def remaining(self) -> int:
        """The units that are left, as far as is known here."""
        return max(0, math.floor(self._quota.cost - self._used))

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The quota and what is left of it, as draft-ietf-httpapi-ratelimit-headers has it: fields
        of RFC 9651. The window that is told lasts until as much flows in as is left, so that nobody
        takes it for more than there is on the average; what is refused may be asked at its end."""
        name, cost, seconds = self._quota
        remaining = self.remaining
        missing = 0 if remaining else self._used + LEAST - cost
        window = self._wait or max(1, math.ceil(self._quota.time_of(remaining or missing)))
        return [
            (b"ratelimit-policy", f'"{name}";q={cost};qu="cost";w={seconds}'.encode()),
            (b"ratelimit", f'"{name}";r={remaining};t={window}'.encode()),
        ]

    def check(self) -> None:
        """Raises RequestRefused if the bucket is empty, as far as is known here, before anything is
        done for the operation. That is free: who asks too early shall not wait longer for it."""
        if self._buckets.is_empty(self._key, self._quota):
            self._is_over = True
            raise self._refused(LEAST)

    async def charge(self, estimate: int) -> None:
        """Take what it is estimated to cost. Raises RequestRefused if there is not as much, and
        GraphQLError if there never is; it has its least price then."""
        self._check_fits(estimate)
        level = await self._buckets.take(self._key, self._quota, estimate, LEAST)
        if not level.granted:
            self._is_over = True
            raise self._refused(estimate)
        self._charged, self._untold = estimate, level.untold

    async def subscribe(self, estimate: int) -> None:
        """Take the least price for a subscription, each of whose events is estimated to cost so
        much. Raises as ``charge`` does."""
        self._check_fits(estimate)
        await self.charge(LEAST)
        self.settle(LEAST)
        self._of_event = estimate

    async def charge_event(self) -> None:
        """Take what an event of the subscription is estimated to cost, as ``charge`` does."""
        self._is_over, self.has_begun, self._wait = False, False, 0
        await self.charge(self._of_event)

    def settle(self, spent: int) -> None:
        """Give back what it was charged beyond what it has ``spent``, or charge the rest: also what
        the bucket has not."""
        difference = spent - (self._charged or 0)
        if difference or self._untold:
            self._buckets.add(self._key, self._quota, difference, self._untold)
        self._charged, self._untold, self._is_over = None, 0, True

    def end(self, fetched: int = 0) -> None:
        """It ends without a whole answer. What has begun is charged as it was estimated, or with
        the rows that were ``fetched``, if these are more: what has been sent can't be called back.
        Whatever else has its least price."""
        if self._is_over:
            return
        estimate = self._charged if self.has_begun else None
        self.settle(LEAST if estimate is None else max(estimate, fetched))

    @property
    def _used(self) -> float:
        return self._buckets.used(self._key, self._quota)

    def _refused(self, cost: int) -> RequestRefused:
        quota, remaining = self._quota, self.remaining
        self._wait = max(1, math.ceil(quota.time_of(self._used + cost - quota.cost)))
        return RequestRefused(
            f"Your quota is {quota.cost:,} units of cost in {quota.seconds:,} s, {remaining:,} are "
            f"left, and this takes {cost:,}: try again in {self._wait:,} s.",
            status=429,
            code="RATE_LIMITED",
            retry_after=self._wait,
        )

    def _check_fits(self, cost: int) -> None:
        if cost > self._quota.cost:
            raise too_complex(
                f"The operation costs {cost:,}, and your quota is {self._quota.cost:,} in "
                f"{self._quota.seconds:,} s: it never fits. Ask for smaller pages, or for less "
                "within lists."
            )


def _id_of(asked: Asked) -> str:
    """The id of the document that is asked for, if it has one."""
    persisted = (asked.extensions or {}).get("persistedQuery")
    digest = persisted.get("sha256Hash") if isinstance(persisted, Mapping) else None
    if asked.document_id is not None:
        return asked.document_id
    return f"{SHA256}{digest}".lower() if digest else digest_of(asked.query or "")


def _named(name: str, cost: int | None, seconds: int) -> Quota | None:
    return None if cost is None else Quota(name, cost, seconds)


def _buckets(settings: QuotaSettings) -> Buckets:
    local = LocalBuckets()
    if settings.redis is None:
        return local
    # Its client need not be installed.
    from gateway.quotas.shared import SharedBuckets

    return SharedBuckets(settings.redis.get_secret_value(), local)
