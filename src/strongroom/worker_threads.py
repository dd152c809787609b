"""Threads of a worker beside its event loop: for what asks the store long, and for what waits without it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread, local
from typing import Any, Final

from strongroom.store.rows import Rows

log = logging.getLogger(__name__)

QUERY_THREADS: Final = 2
APART_THREADS: Final = 100


class QueryThreads:
    """Threads for operations of mode QUERY, each with rows of its own.

    Args:
        loop: Where what is done is heard of.
        open_rows: Opens the rows of one thread.
        begin: Called first by each thread.
        threads: How many.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        open_rows: Callable[[], Rows],
        begin: Callable[[], None],
        threads: int = QUERY_THREADS,
    ) -> None:
        self._loop = loop
        self._open_rows = open_rows
        self._own = local()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query", initializer=begin)

    def run(self, work: Callable[[Rows], None], done: Callable[[Exception | None], None]) -> None:
        """Run ``work`` on a thread, then ``done`` on the event loop, with why it could not be run, or None."""
        self._pool.submit(self._run, work, done)

    def close(self) -> None:
        """Finish what was begun."""
        self._pool.shutdown(wait=True)

    def _run(self, work: Callable[[Rows], None], done: Callable[[Exception | None], None]) -> None:
        problem: Exception | None = None
        try:
            rows: Rows | None = getattr(self._own, "rows", None)
            if rows is None:
                rows = self._own.rows = self._open_rows()
            rows.refresh()
            work(rows)
        except Exception as caught:  # noqa: BLE001 - handed on: the call answers with it
            problem = caught
        self._loop.call_soon_threadsafe(done, problem)


class ApartThreads:
    """Threads for what waits long and needs no store: one for each wait, and so many at once.

    They do not hold up the end of the process: who waits for a function then gets no answer.

    Args:
        loop: Where what is done is heard of.
        begin: Called first by each thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, begin: Callable[[], None]) -> None:
        self._loop = loop
        self._begin = begin
        self._running = 0

    def run(self, work: Callable[[], Any], done: Callable[[Any, Exception | None], None]) -> bool:
        """Run ``work`` on a thread, then ``done`` on the event loop; False when there are too many already."""
        if self._running >= APART_THREADS:
            return False
        self._running += 1
        Thread(target=self._run, args=(work, done), name="apart", daemon=True).start()
        return True

    def _run(self, work: Callable[[], Any], done: Callable[[Any, Exception | None], None]) -> None:
        result, problem = None, None
        try:
            self._begin()
            result = work()
        except Exception as caught:  # noqa: BLE001 - handed on: the call answers with it
            problem = caught
        try:
            self._loop.call_soon_threadsafe(self._end, done, result, problem)
        except RuntimeError:
            log.info("the server ended before a function did")

    def _end(
        self, done: Callable[[Any, Exception | None], None], result: Any, problem: Exception | None
    ) -> None:
        self._running -= 1
        done(result, problem)
