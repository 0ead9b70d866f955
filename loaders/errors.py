"""What a source did not give, and why. ``gateway/errors.py`` gives each kind its code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


class SourceError(Exception):
    """A source did not give what was asked of it.

    ``source`` is its configured name. The message is meant for clients and says nothing of the
    inside; ``reason`` is what the driver said, for the log and the explain of development, and
    holds no value of anybody's. ``is_passing`` says that another try may have it, but not before
    ``after`` seconds, where the source asks for that. ``is_outage`` says that the source does not
    work, whatever it is asked.
    """

    is_passing = False
    is_outage = False
    after: float | None = None

    def __init__(self, source: str, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.source = source
        self.reason = reason


class SourceTimeout(SourceError):
    """The source did not answer in time."""

    is_outage = True

    def __init__(self, source: str, *, reason: str | None = None) -> None:
        super().__init__(source, f"The source '{source}' did not answer in time.", reason=reason)


class SourceUnavailable(SourceError):
    """The source can't be reached, or refuses to work."""

    is_outage = True

    def __init__(
        self,
        source: str,
        *,
        reason: str | None = None,
        is_passing: bool = False,
        after: float | None = None,
    ) -> None:
        super().__init__(source, f"The source '{source}' is unavailable.", reason=reason)
        self.is_passing = is_passing
        self.after = after


class SourceBusy(SourceUnavailable):
    """The gateway has as many calls to the source under way as it may, and this one's turn did not
    come in time. Nothing was sent, so it says nothing of the source."""

    is_outage = False

    def __init__(self, source: str, *, reason: str) -> None:
        super().__init__(source, reason=reason)
        self.args = (f"The gateway's calls to the source '{source}' are all busy.",)


class BadResponse(SourceError):
    """The source answered with something that its declaration does not allow, or refused what the
    declaration had it asked."""


def bad_answer(source: str, what: str, reason: str | None = None) -> BadResponse:
    """The error of ``what`` the source sent, which its declaration does not allow."""
    return BadResponse(source, f"The source '{source}' sent {what}.", reason=reason or what)


class Unreadable(BadResponse):
    """Stands in a row in place of a value that its driver can't make a Python value of, such as a
    date before year 1. It is the error of whatever place shows it.

    It is neither equal to anything nor different from it: to compare it raises it, and so does
    looking it up. ``text`` is how the source itself writes the value, where that is known, and
    ``stored`` is a text of which the source makes the value again, to go on from a row that has it,
    where it can.
    """

    def __init__(
        self, source: str, reason: str, *, text: str | None = None, stored: str | None = None
    ) -> None:
        super().__init__(
            source, f"The source '{source}' sent a value that can't be read.", reason=reason
        )
        self.text = text
        self.stored = stored

    def _refuse(self, *_: object) -> NoReturn:
        raise self.with_traceback(None)

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = _refuse


class UnfitKey(BadResponse):
    """A key can't be read as a value of the column that rows are asked by. It is the key's own
    error: another may be read."""

    def __init__(self, source: str, column: str, key: object, type_: str) -> None:
        said = f"The source '{source}' was asked for rows by a value that its '{column}' can't be."
        reason = f"a {type(key).__name__} has no one reading as '{column}', which is {type_}"
        super().__init__(source, said, reason=reason)


class UnfitValue(SourceError):
    """A value that came from a client can't be compared with the column it was to be compared
    with, or can't be asked for."""


class OverBudget(SourceError):
    """The operation needs more of the source than one operation may have."""


ROWS = 100_000
"""The rows of one answer, at most, unless a source's settings say otherwise."""


class TooManyRows(OverBudget):
    """One answer of the source has more rows than ``most``."""

    def __init__(self, source: str, most: int) -> None:
        super().__init__(
            source,
            f"This needs more than {most:,} rows of the source '{source}' at once. Ask for a page "
            "of them, or for those of fewer objects.",
            reason=f"more than {most} rows",
        )


class WriteRefused(SourceError):
    """The source does not take a row as it is. ``columns`` are those that it is about, as far as
    they are known."""

    def __init__(
        self, source: str, said: str, columns: Sequence[str] = (), reason: str | None = None
    ) -> None:
        super().__init__(source, said, reason=reason)
        self.columns = tuple(columns)


class NotAllowed(WriteRefused):
    """A row that its writer could not see afterwards, or that names one that they can't see: the
    same as if that were not there."""


class VersionConflict(WriteRefused):
    """The row is another than the one that was seen."""


class UniqueViolation(WriteRefused):
    """Another row has the same values in columns that must be unique."""


class ReferenceViolation(WriteRefused):
    """A row names another one that is not there, or is named by others that are."""


class RowViolation(WriteRefused):
    """A row lacks a value that it must have, or breaks a rule of its table."""


class NotWritable(SourceError):
    """Nothing can be written to a source of this kind."""


class OutcomeUnknown(SourceError):
    """The source may have written what it was told, or not: the connection was lost as it was asked
    to. To find out, read it."""

    def __init__(self, source: str, *, reason: str | None = None) -> None:
        super().__init__(
            source,
            f"It can't be told whether the source '{source}' has written this: look before you "
            "try again.",
            reason=reason,
        )
