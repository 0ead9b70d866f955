"""One timer for all calls to a source."""

from __future__ import annotations

import asyncio
import time


class Timer:
    """Cancels what is not done by its deadline. There is one timer of the event loop, set to the
    earliest deadline of all that is under way: hardly any is ever met, and a timer for each
    (``asyncio.timeout``) would be a good part of what a request of a fan-out costs."""

    def __init__(self) -> None:
        self._running: dict[Until, None] = {}
        self._handle: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = 0.0

    def until(self, deadline: float) -> Until:
        """A context manager, to be entered once, that cancels the task which is in it at the
        deadline, on ``time.monotonic``'s clock, and raises TimeoutError in place of that."""
        return Until(self, deadline)

    def start(self, until: Until, loop: asyncio.AbstractEventLoop) -> None:
        self._running[until] = None
        if self._handle is None or until.deadline < self._next or loop is not self._loop:
            self._set(until.deadline, loop)

    def stop(self, until: Until) -> None:
        # The timer stays as it is: the next call will most often need it.
        self._running.pop(until, None)

    def _set(self, deadline: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._next, self._loop = deadline, loop
        self._handle = loop.call_later(max(0.0, deadline - time.monotonic()), self._expire)

    def _expire(self) -> None:
        self._handle = None
        now = time.monotonic()
        for until in [each for each in self._running if each.deadline <= now]:
            del self._running[until]
            until.expire()
        if self._running and self._loop is not None:
            self._set(min(each.deadline for each in self._running), self._loop)


class Until:
    """See ``Timer.until``. It ends as ``asyncio.timeout`` does, whoever else cancels the task."""

    __slots__ = ("_cancelling", "_task", "_timer", "deadline", "is_late")

    def __init__(self, timer: Timer, deadline: float) -> None:
        self.deadline = deadline
        self._timer = timer
        self.is_late = False

    def __enter__(self) -> Until:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._timer.start(self, task.get_loop())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if not self.is_late:
            self._timer.stop(self)
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """Have it take as long as it does."""
        self._timer.stop(self)

    def expire(self) -> None:
        self.is_late = True
        self._task.cancel()
