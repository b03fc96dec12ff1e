"""Fixtures of all tests, and the rule that continuous integration skips nothing."""

import os
from importlib.util import find_spec
from pathlib import Path

# Two workers on two cores: one BLAS thread each. It is read when NumPy loads, so it stands before imports.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

SHARED = Path(__file__).resolve().parents[2] / "shared"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# Examples are the same in every run of CI, so that a change alone can turn it red.
settings.register_profile("deepstep", deadline=None, derandomize=IN_CI)
settings.load_profile("deepstep")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test data beside the checkout: skipped on other people's machines, required in CI."""
    if not SHARED.is_dir():
        if IN_CI:
            pytest.fail(f"{SHARED} is missing: continuous integration needs the shared test data")
        pytest.skip("the shared test data is not beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def torch_is_here(request: pytest.FixtureRequest) -> None:
    """A test of every engine is skipped for the torch engine where PyTorch is not installed."""
    asked = getattr(request.node, "callspec", None)
    if asked is not None and asked.params.get("engine") == "torch" and find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test fails the run: a missing piece must be installed, not passed over."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not IN_CI or reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and exitstatus == 0:
        reporter.write_line(f"CI: {len(skipped)} skipped test(s) count as failures", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
