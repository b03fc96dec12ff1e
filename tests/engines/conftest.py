"""Threads for the tests of kernels."""

from collections.abc import Callable

import pytest


@pytest.fixture
def with_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Let kernels have so many threads, whatever the machine has; gives how many each call has had since."""
    pytest.importorskip("numba")
    from deepstep.engines.compiled import forward, session, threads

    run_together = threads.run_together

    def allow(count: int) -> list[int]:
        used: list[int] = []

        def noted(work: Callable[..., object], n_threads: int) -> None:
            used.append(n_threads)
            run_together(work, n_threads)

        monkeypatch.setattr(threads, "limit", lambda: count)
        for module in (forward, session):
            monkeypatch.setattr(module, "run_together", noted)
        return used

    return allow
