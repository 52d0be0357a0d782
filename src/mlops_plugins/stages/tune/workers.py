"""Processes that score folds: none of them outlives the one that searches, however that ends."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class InProcess(Executor):
    """Does the work at once, here."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Return what the work returned."""
        done: Future[Any] = Future()
        done.set_result(work(*arguments, **keywords))
        return done


@contextmanager
def started(count: int) -> Iterator[Executor]:
    """Give so many processes; the work that has not begun when the block ends is never done."""
    if count == 1:
        yield InProcess()
        return
    from multiprocessing import get_context

    # Spawned: numeric libraries have threads, which a fork does not survive.
    pool = ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_end_with_the_parent
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _end_with_the_parent() -> None:
    """End this process when its parent is killed: the pool's pipes would keep it waiting for ever."""
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None  # noqa: S101  this runs in a pool's process

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
