"""How many examples the property tests of values are given."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("VALUES") == "thorough"

CELLS = settings(
    max_examples=100_000 if THOROUGH else 100,
    deadline=None,
    database=None,
    derandomize=not THOROUGH,
    suppress_health_check=list(HealthCheck),
)
"""Of a test that runs an operation for each. ``VALUES=thorough`` takes half an hour each."""

COMPARED = settings(CELLS, max_examples=100_000 if THOROUGH else 400)
"""Of a test that puts rows into a source for each, and compares them by four to eight filters.
``VALUES=thorough`` takes half an hour each, for MongoDB an hour."""


@contextmanager
def quiet() -> Iterator[None]:
    """Logs nothing: thousands of values are errors, as they should be."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
