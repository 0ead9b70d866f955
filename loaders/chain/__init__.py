"""The wrappers between loaders and a source, each around the next, in this order:

- of an operation: what it may ask (``spend``), what it did, until when it waits and what its share
  is (``record``);
- what it holds encrypted is read (``decrypt``);
- of a source: no larger batches than it takes (``split``), another try of the keys that failed in
  passing (``retry``), a second call beside one that takes long (``hedge``), nothing while it fails
  (``breaker``), so many at a time, by turns of the callers (``bulkhead``), each no longer than it
  may (``timeout``).

A wrapper is a class with a ``fetch``, which asks the one behind it. Behind ``timeout`` an error may
be raised for a whole batch; before it, errors are data, by the keys' positions.
"""

from __future__ import annotations

from loaders.chain.breaker import Breaker, Circuit
from loaders.chain.bulkhead import Bulkhead
from loaders.chain.counts import Counts
from loaders.chain.decrypt import Decrypt
from loaders.chain.hedge import Hedge
from loaders.chain.record import Record
from loaders.chain.resilience import DEFAULTS, Resilience
from loaders.chain.retry import Budget, Retry
from loaders.chain.spend import Spend
from loaders.chain.split import Split
from loaders.chain.timeout import Timeout
from loaders.contexts import Attempt, Operation
from loaders.encryption import Encryption
from loaders.sources import Fetcher, Source


def chained(
    source: Source,
    resilience: Resilience = DEFAULTS,
    counts: Counts | None = None,
    encryption: Encryption | None = None,
) -> Fetcher[Operation]:
    """The source as operations ask it. What is done for that is counted in ``counts``. Without an
    ``encryption`` its encrypted columns are as it has them."""
    can, counts = source.can, counts or Counts()
    fetcher: Fetcher[Attempt] = Timeout(source, counts)
    if can.in_flight is not None:
        fetcher = Bulkhead(fetcher, can.in_flight, counts)
    circuit = None if resilience.breaker is None else Circuit(resilience.breaker)
    if circuit is not None:
        fetcher = Breaker(fetcher, source.name, circuit, counts)
    budget = Budget(resilience.retry_budget) if resilience.retries else None
    if resilience.hedge:
        fetcher = Hedge(fetcher, budget, circuit, counts)
    if budget is not None:
        fetcher = Retry(fetcher, resilience.retries, budget, counts)
    fetcher = Split(fetcher, can)
    if encryption is not None and encryption.of_source(source.name):
        fetcher = Decrypt(fetcher, encryption)
    return Spend(Record(fetcher, source.name, can.headers), source.name)
