"""Threads for the tests of kernels."""

import pytest


@pytest.fixture
def with_threads(monkeypatch):
    """Let kernels have so many threads, whatever the machine has; gives how many each call has had since."""
    pytest.importorskip("numba")
    from deepstep.engines.compiled import forward, session, threads

    run_together = threads.run_together

    def allow(count):
        used = []

        def noted(work, n_threads):
            used.append(n_threads)
            run_together(work, n_threads)

        monkeypatch.setattr(threads, "limit", lambda: count)
        for module in (forward, session):
            monkeypatch.setattr(module, "run_together", noted)
        return used

    return allow
