"""Probabilities lie in [0, 1] and sum to 1, of hundreds of ensembles, in every preset, engine and export."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep import Network, NetworkClassifier, Run
from deepstep.ensembles.ensemble import weighted_mean
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.predictor import Predictor, predictor_of
from deepstep.ensembles.weights import weigh
from deepstep.export import FORMATS, models
from deepstep.export.formats import get_format
from deepstep.network.architecture import Model
from deepstep.targets import Targets
from deepstep.types import Array
from export_models import PRESETS, fitted, table

TARGETS = ("two classes", "classes", "ordered", "several")
ROWS = table("number")


def check(P: Array, *, columns_of_their_own: bool = False) -> None:
    """Each is a probability; those of a row sum to 1 unless each column has two classes of its own."""
    assert P.min() >= 0
    assert P.max() <= 1
    if not columns_of_their_own:
        bound = 1e-6 if P.dtype == np.float32 else 1e-12
        assert np.abs(P.sum(axis=1, dtype=np.float64) - 1).max() <= bound


def redrawn(predictor: Predictor, rng: np.random.Generator) -> Predictor:
    """The predictor with other weights and temperatures, and networks that are much or little surer.

    An ensemble gets several presets of them.
    """
    ensemble, factor = predictor.ensemble, 10.0 ** rng.uniform(-1, 5)
    alone = len(ensemble.members) == 1
    names = list(ensemble.weights) if alone else [f"preset {k}" for k in range(rng.integers(1, 9))]
    members = tuple(
        replace(member, network=scaled(member.network, factor), preset=name)
        for name in names
        for member in ensemble.members
    )
    shares, warm = rng.dirichlet(np.ones(len(names))), [rng.choice([1.0, rng.uniform(0.3, 3)]) for _ in names]
    other = replace(
        ensemble,
        members=members,
        weights=dict(zip(names, shares.tolist(), strict=True)),
        temperatures=ensemble.temperatures if alone else dict(zip(names, warm, strict=True)),
    )
    calibration = replace(predictor.calibration, temperature=rng.choice([1.0, rng.uniform(0.3, 3)]))
    return replace(predictor, ensemble=other, calibration=calibration)


def probabilities(predictor: Predictor) -> Array:
    """Of the rows of the table."""
    return predictor.probabilities(predictor.outputs(ROWS))


def scaled(network: Network, factor: float) -> Network:
    """The network with all its parameters times a factor."""
    parameters = network.parameters.like(network.parameters.flat * network.dtype.type(factor))
    other = Network._of(Model(network.architecture, parameters, network.statistics))
    other.engine = network.engine
    return other


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("preset", PRESETS)
def test_probabilities_of_many_ensembles(preset: str, target: str, fresh_seed: int) -> None:
    predictor = predictor_of(fitted(preset, "number", target=target))
    rng, several = np.random.default_rng(fresh_seed), target == "several"
    for _ in range(20 if preset == "ensemble" else 5):
        other = redrawn(predictor, rng)
        check(probabilities(other), columns_of_their_own=several)
        if preset == "ensemble":  # whose sets go by the means of folds
            rows = other.columns.frame(ROWS, "")
            for A in (
                other.ensemble.mean_and_spread_of_fold(0, rows)[0],
                other.ensemble.mean_and_spread(rows)[0],
            ):
                check(other.targets.probabilities(A), columns_of_their_own=True)


@pytest.mark.parametrize("engine", ["reference", "compiled", "torch"])
@pytest.mark.parametrize("target", TARGETS)
def test_probabilities_of_each_engine(engine: str, target: str, fresh_seed: int) -> None:
    predictor = redrawn(
        fitted("ensemble", "number", target=target).predictor_, np.random.default_rng(fresh_seed)
    )
    members = tuple(replace(member, engine=engine) for member in predictor.ensemble.members)
    for member in members:
        member.network.engine = engine
    other = replace(predictor, ensemble=replace(predictor.ensemble, members=members))
    check(probabilities(other), columns_of_their_own=target == "several")


EXPORTS = [("ensemble", name) for name in FORMATS]


@pytest.mark.parametrize(("preset", "name"), [*EXPORTS, ("tabm", "numpy")])
@pytest.mark.parametrize("target", TARGETS)
def test_probabilities_of_each_export(
    preset: str, target: str, name: str, fresh_seed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(fresh_seed)
    predictor = redrawn(fitted(preset, "number", target=target).predictor_, rng)
    program, kind = models.exported(Run.of(predictor)).program, get_format(name)
    kind.write(program, tmp_path / f"model{kind.suffix}", "")
    P, _ = kind.run(tmp_path / f"model{kind.suffix}", program, ROWS.to_dict(as_series=False))
    P = P.astype(np.float32) if name == "c" else P  # which its predictions are
    check(P, columns_of_their_own=target == "several")


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_a_thousand_classes_in_float32() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3)).astype(np.float32)
    model = NetworkClassifier(8, random_state=0, tol=99, n_iter_no_change=1).fit(X, np.arange(1000))
    P = model.predict_proba(30 * X)
    assert P.dtype == np.float32
    check(P)


@given(st.integers(1, 40), st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]))
def test_a_weighted_mean_is_between_its_terms_and_keeps_their_order(n: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    outputs = np.sort(rng.random((n, 20, 3)).astype(dtype))
    outputs[rng.random((n, 20)) < 0.5] = rng.integers(0, 2)
    mean = weighted_mean(outputs, rng.dirichlet(np.ones(n)))
    assert mean.dtype == dtype
    assert (np.diff(mean) >= 0).all()
    assert (mean >= 0).all()
    assert (mean <= 1).all()


def test_a_weighted_mean_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no outputs"):
        weighted_mean([], [])


@given(st.integers(2, 12), st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]))
def test_predictions_for_rows_held_out_are_probabilities(n: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, 2, (30, 1)).astype(float)
    held_out = {}
    for preset in range(n):
        A = np.where(rng.random((30, 1)) < 0.7, Y, rng.random((30, 1))).astype(dtype)
        A[rng.random(30) < 0.1] = np.nan
        held_out[str(preset)] = A
    together = weigh(held_out, Y, Metric(Targets.of_classes([np.arange(2)])), None).together
    assert together is not None
    rows = np.isfinite(together)
    assert ((together[rows] >= 0) & (together[rows] <= 1)).all()
