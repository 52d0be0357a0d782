"""How many threads numeric libraries use."""

from __future__ import annotations

import os

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cap_threads(threads: int) -> None:
    """Cap the threads of numeric libraries, before any is imported.

    As many OpenMP threads as cores are many times slower on a busy machine than on a quiet one.
    """
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, str(threads))
