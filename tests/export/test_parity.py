"""Each format against each model: it predicts what the model predicts."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.exceptions import NotFittedError

from deepstep import DeepClassifier, Network, NetworkClassifier, Run
from deepstep.ensembles.predictor import predictor_of
from deepstep.errors import ConfigurationError
from deepstep.export import FORMATS, export, models
from deepstep.export.certificate import CannotRunError
from deepstep.export.formats import get_format
from deepstep.export.rows import drawn_rows
from export_models import KINDS, PRESETS, TARGETS, fitted, networks

NETWORKS = networks()


def as_scikit_learn() -> Any:
    rng = np.random.default_rng(5)
    model = NetworkClassifier(4, tol=9, n_iter_no_change=1, random_state=1)
    return model.fit(rng.normal(size=(60, 4)), rng.integers(0, 3, 60))


def of_sparse_rows() -> Any:
    X = random_array((40, 5), density=0.4, format="csr", rng=np.random.default_rng(1))
    return DeepClassifier(**PRESETS["ensemble"]).fit(csr_matrix(X), np.arange(40) % 2)


def calibrated(preset: str, target: str) -> Any:
    predictor = predictor_of(fitted(preset, "number", target=target))
    return Run.of(replace(predictor, calibration=replace(predictor.calibration, temperature=1.7)))


MODELS: dict[str, Callable[[], Any]] = {
    **{f"{one} all": partial(fitted, one) for one in PRESETS},
    **{name: partial(NETWORKS.get, name) for name in NETWORKS},
    "calibrated classes": partial(calibrated, "ensemble", "classes"),
    "calibrated labels": partial(calibrated, "network", "several"),
}
"""Every kind of column, and every part of a network."""
ALONE = {f"column {kind}": kind for kind in KINDS}
PAIRS = [
    *product(MODELS, FORMATS),
    *((f"target {target}", name) for at, target in enumerate(TARGETS) for name in [*FORMATS][at % 2 :: 2]),
    *zip(ALONE, cycle(FORMATS), strict=False),
    *zip(("one network", "sparse") * 2, FORMATS, strict=True),
]
"""Targets, whose heads are those of networks, are tried in two formats each; columns alone and what has no
operation of its own in one."""


@pytest.mark.slow
@pytest.mark.parametrize(("which", "name"), PAIRS)
def test_models(name: str, which: str, tmp_path: Path) -> None:
    place = PAIRS.index((which, name))
    preset = ("ensemble", "network")[(place + place // len(FORMATS)) % 2]
    others: dict[str, Callable[[], Any]] = {
        **{f"target {target}": partial(fitted, preset, "number", target=target) for target in TARGETS},
        **{column: partial(fitted, preset, kind) for column, kind in ALONE.items()},
        "one network": as_scikit_learn,
        "sparse": of_sparse_rows,
    }
    kind = get_format(name)
    path = tmp_path / f"model{kind.suffix}"
    certificate = export({**MODELS, **others}[which](), path, to=name)
    if certificate.difference is None:
        pytest.skip(str(certificate))
    assert certificate.difference <= (1e-6 if name == "c" else 1e-11)
    assert certificate.rows == 200
    assert str(certificate) in path.read_bytes().decode("utf-8", "replace") or kind.suffix == ".onnx"


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_thousands_of_fuzzed_rows(name: str, fresh_seed: int, tmp_path: Path) -> None:
    """Of columns of all kinds; real tables are in ``test_onnx_format.py``."""
    kind, known = get_format(name), models.exported(fitted("network", *KINDS))
    drawn = drawn_rows(known.program, seed=fresh_seed, m=3_000)
    kind.write(known.program, tmp_path / "model.c", "")
    found, _ = kind.run(tmp_path / "model.c", known.program, drawn)
    exact = known.exact(drawn)
    assert np.max(np.abs(found - exact) / np.maximum(1, np.abs(exact))) < (1e-6 if name == "c" else 1e-9)


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_number_is_refused_where_all_are_needed(name: str, tmp_path: Path) -> None:
    """By a network."""
    kind = get_format(name)
    known = models.exported(next(net for parts, net in NETWORKS.items() if "features" in parts))
    path, columns = tmp_path / f"model{kind.suffix}", known.program.columns
    kind.write(known.program, path, "")
    n, rows = len(columns), range(len(columns) + 2)
    table = {column: [None if row == at else 1.0 for row in rows] for at, column in enumerate(columns)}
    try:
        outputs, _ = kind.run(path, known.program, table)
    except CannotRunError as error:
        pytest.skip(str(error))
    assert np.isnan(outputs[:n]).all()
    exact = known.exact({column: values[n:] for column, values in table.items()})
    assert np.allclose(outputs[n:], exact, rtol=1e-6)


def test_an_operation_of_ones_own_is_refused(doubled: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"network must be .* got 'doubled' in layer 1"):
        export(Network([2, 3, 1], activation=doubled, seed=1), tmp_path / "net.py")


@pytest.mark.parametrize(
    ("model", "path", "to", "match"),
    [
        (3, "x.py", "", "model must be a fitted estimator of DeepStep, .* got int"),
        (Network([2, 1]), "x.txt", "", "path must be a file with one of the suffixes"),
        (Network([2, 1]), "x.c", "numpy", r"path must be a file with the suffix .py, got 'x.c'"),
        (Network([2, 1]), "x.py", "numpi", "to must be one of"),
    ],
)
def test_refusals(model: Any, path: str, to: str, match: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=match):
        export(model, tmp_path / path, **({"to": to} if to else {}))
    with pytest.raises(NotFittedError):
        DeepClassifier().export(tmp_path / "model.py")
    assert not any(tmp_path.iterdir())
