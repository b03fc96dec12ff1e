"""Small trainings for the tests of checkpoints."""

from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import Session, Settings, open_session
from deepstep.equations import INITIALIZATIONS
from deepstep.equations.initialization import drawn
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled
from deepstep.training import Callback, Checkpoint, History, Plan, train


class Setup(NamedTuple):
    """All that `train` takes, to be opened as often as need be."""

    shape: Architecture
    settings: Settings
    plan: Plan
    examples: Examples
    validation: Examples | None = None
    dtype: str = "float64"
    engine: str = "reference"

    def session(self) -> Session:
        theta = drawn(self.shape.graph, INITIALIZATIONS["he"], np.random.RandomState(1)).astype(self.dtype)
        return open_session(self.engine, self.shape, self.shape.lay_out(theta), self.settings)

    def train(self, *callbacks: Callback, resume: Checkpoint | None = None) -> tuple[Session, History]:
        session, options = self.session(), {"validation": self.validation, "callbacks": callbacks}
        return session, train(session, self.examples, self.plan, resume=resume, **options)


def setup(
    *,
    m: int = 20,
    epochs: int = 3,
    batch_size: int | None = 8,
    normalization: Any = "none",
    factors: bool = False,
    engine: str = "reference",
    dtype: str = "float64",
    weights: Any = None,
    validation: bool = False,
    plan: dict[str, Any] | None = None,
    **settings: Any,
) -> Setup:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((m + 7, 4)).astype(dtype)
    Y = rng.integers(0, 2, (m + 7, 1)).astype(dtype)
    weight = None if weights is None else np.resize(np.asarray(weights, dtype), m)
    layers = (4, 5, 3, 1), ("tanh", "relu", "sigmoid")
    return Setup(
        Architecture(*layers, normalization=normalization, input_scale=factors),
        Settings(**settings),
        Plan(epochs, 0.01, batch_size, shuffled(2), **(plan or {})),
        Examples(X[:m], Y[:m], weight),
        Examples(X[m:], Y[m:]) if validation else None,
        dtype,
        engine,
    )


class EachPause(Callback):
    """Keeps a checkpoint of every pause, in memory; because it watches steps, there is one after each."""

    def __init__(self) -> None:
        self.checkpoints: list[Checkpoint] = []

    def on_step_end(self, training: Any, update: Any) -> None:
        pass

    def on_pause(self, training: Any) -> None:
        self.checkpoints.append(Checkpoint.of(training))


def without_seconds(history: History) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in history]


def same_bits(first: tuple[Session, History], second: tuple[Session, History]) -> None:
    """θ, slots, statistics, step, costs and what else the records hold, but for the time."""
    one, two = (session.state() for session, _ in (first, second))
    assert one.step == two.step
    ours, others = ({"theta": state.theta, **state.slots, **state.statistics} for state in (one, two))
    assert ours.keys() == others.keys()
    for name, vector in ours.items():
        np.testing.assert_array_equal(vector, others[name], strict=True)
    assert without_seconds(first[1]) == without_seconds(second[1])
    assert first[1].stopped == second[1].stopped
