"""What clients are told of errors of sources, of somebody's own kind of source too."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import extensions_of
from loaders import errors
from loaders.errors import SourceError, UnfitValue

KINDS = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, SourceError)
]

TOLD: dict[str, dict[str, Any]] = {
    "SourceError": {"code": "INTERNAL_SERVER_ERROR", "source": "own"},
    "SourceTimeout": {"code": "UPSTREAM_TIMEOUT", "source": "own"},
    "SourceUnavailable": {"code": "UPSTREAM_UNAVAILABLE", "source": "own"},
    "SourceBusy": {"code": "UPSTREAM_UNAVAILABLE", "source": "own"},
    "BadResponse": {"code": "UPSTREAM_BAD_RESPONSE", "source": "own"},
    "Unreadable": {"code": "UPSTREAM_BAD_RESPONSE", "source": "own"},
    "UnfitKey": {"code": "UPSTREAM_BAD_RESPONSE", "source": "own"},
    "UnfitValue": {"code": "BAD_USER_INPUT"},
    "OverBudget": {"code": "OPERATION_TOO_COMPLEX"},
    "TooManyRows": {"code": "OPERATION_TOO_COMPLEX"},
    "NotWritable": {"code": "INTERNAL_SERVER_ERROR", "source": "own"},
    "OutcomeUnknown": {"code": "OUTCOME_UNKNOWN", "source": "own"},
    "VersionConflict": {"code": "VERSION_CONFLICT"},
    "WriteRefused": {"code": "WRITE_REFUSED"},
    "NotAllowed": {"code": "WRITE_REFUSED"},
    "UniqueViolation": {"code": "WRITE_REFUSED"},
    "ReferenceViolation": {"code": "WRITE_REFUSED"},
    "RowViolation": {"code": "WRITE_REFUSED"},
}


def made(kind: type[SourceError]) -> SourceError:
    error = kind.__new__(kind)
    SourceError.__init__(error, "own", "It did not work.", reason="a secret")
    return error


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_of_a_source_has_its_code(kind: type[SourceError]) -> None:
    assert extensions_of(made(kind)) == TOLD[kind.__name__]


@pytest.mark.parametrize("kind", KINDS)
def test_a_subclass_is_told_as_what_it_is_a_kind_of(kind: type[SourceError]) -> None:
    own = type("Own", (kind,), {})
    further = type("Further", (own,), {})

    assert extensions_of(made(own)) == TOLD[kind.__name__]
    assert extensions_of(made(further)) == TOLD[kind.__name__]


def test_a_mixture_is_told_as_the_first_that_has_a_code() -> None:
    class Mixed(ValueError, UnfitValue):
        pass

    assert extensions_of(made(Mixed)) == TOLD["UnfitValue"]
