"""Fixtures of all tests, and the rule that continuous integration skips nothing."""

import os
import signal
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from math import inf
from pathlib import Path

# Two workers on two cores: one BLAS thread each. It is read when NumPy loads, so it stands before imports.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import Phase, settings

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "reference" / "lecture.json"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# What tests draw at random is the same in every run, so that none fails by chance. `make fuzz` and CI set a
# fresh seed. The header of the report has it, and workers of pytest-xdist find it in the environment.
SEED = int(os.environ.setdefault("DEEPSTEP_SEED", "0"))

# In CI hypothesis would take the same examples every time, unless it is told otherwise.
settings.register_profile("deepstep", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("deepstep")
# A mutant needs one failing example, the same in every run, and not the smallest one.
settings.register_profile(
    "mutation", deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)


@pytest.hookimpl(tryfirst=True)  # before hypothesis reads its option
def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis draws by the same seed as everything else, unless it was given one of its own.

    Tests that read DEEPSTEP_FUZZ draw more in `make fuzz`.
    """
    if config.option.markexpr == "draws":
        os.environ["DEEPSTEP_FUZZ"] = "1"
    config.addinivalue_line("markers", "draws: what the test draws depends on DEEPSTEP_SEED")
    config.addinivalue_line("markers", "slow: takes more than a second")
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(SEED)


@pytest.hookimpl(tryfirst=True)  # before `-m draws` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that draw at random, and leave out those of test data that is not beside the checkout.

    Random are those of hypothesis, and those with the seed.
    """
    if not (PUBLISHED.is_file() or IN_CI):
        left_out = [item for item in items if "shared" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        by_hypothesis = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if by_hypothesis or "fresh_seed" in getattr(item, "fixturenames", ()):
            item.add_marker("draws")


MOST_SECONDS = 5.0
"""Of the processor, for a test without the mark `slow`, compiling left out."""


def _processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """In CI a test that takes long without the mark fails, so that `make test` stays one of minutes."""
    if not IN_CI or item.get_closest_marker("slow"):
        return (yield)
    from numba.core.event import install_timer

    compiling: list[float] = []
    begin = _processor_seconds()
    with install_timer("numba:compile", compiling.append):
        result = yield
    seconds = _processor_seconds() - begin - sum(compiling)
    if seconds > MOST_SECONDS:
        problem = f"{seconds:.1f} s of the processor: mark this test `slow`, or make it faster"
        pytest.fail(problem, pytrace=False)
    return result


def _seed_to_repeat(config: pytest.Config) -> str:
    of_hypothesis = config.option.hypothesis_seed
    return f"random draws: repeat with DEEPSTEP_SEED={SEED} and --hypothesis-seed={of_hypothesis}"


def pytest_report_header(config: pytest.Config) -> str:
    """The seed of this run."""
    return _seed_to_repeat(config)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    """The seed once more where something failed: with -q there is no header."""
    if exitstatus == pytest.ExitCode.TESTS_FAILED:
        terminalreporter.write_line(_seed_to_repeat(config), red=True)


@pytest.fixture(scope="session")
def fresh_seed() -> int:
    """The seed below 2³¹ of what a test draws: a fresh one in `make fuzz` and CI, else always the same."""
    return SEED


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test data beside the checkout, no other of its name; continuous integration needs it."""
    if not PUBLISHED.is_file():
        pytest.fail(f"{PUBLISHED} is missing")
    return PUBLISHED.parents[1]


@pytest.fixture(scope="session", autouse=True)
def no_warning_of_old_kernels() -> Iterator[None]:
    """Trainings of tests may be slow, by any kernel of BLAS: a warning of it would be an error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepstep.environment.SLOW", inf)
        yield


@pytest.fixture
def pythons_own_handler() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, whatever started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def doubled() -> Iterator[str]:
    """The name of an activation of one's own."""
    from deepstep.equations import register_activation, unregister_activation

    register_activation("doubled", lambda Z: 2 * Z, lambda dA, Z: 2 * dA)
    yield "doubled"
    unregister_activation("doubled")


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
