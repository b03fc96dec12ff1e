"""Our estimators with one part less each: what every part of ``preset='tabular'`` is worth."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

from deepstep.equations import initialize_from_data, initialize_parameters
from deepstep.estimators import ensemble, ensemble_fit, members, presets
from deepstep.estimators.presets import FAMILY, TABM, Preset
from tables.methods import ours

Method = Callable[..., Any]


def _with_family(family: Mapping[str, Preset]) -> Method:
    def method(*given: Any) -> Any:
        with patch.object(presets, "FAMILY", family):
            return ours(*given)

    return method


def _without(*names: str) -> Method:
    """All presets without these settings."""
    return _with_family(
        {
            key: replace(
                preset, settings={name: value for name, value in preset.settings.items() if name not in names}
            )
            for key, preset in FAMILY.items()
        }
    )


def _without_pieces() -> Method:
    return _with_family({name: replace(preset, cuts=False) for name, preset in FAMILY.items()})


def _patched(where: Any, name: str, value: Any) -> Method:
    def method(*given: Any) -> Any:
        with patch.object(where, name, value):
            return ours(*given)

    return method


@contextmanager
def _members(n: int) -> Iterator[None]:
    choose = presets.default_ensemble_size
    with patch.object(ensemble_fit, "default_ensemble_size", lambda m, _, preset: choose(m, n, preset)):
        yield


def _with_members(n: int) -> Method:
    def method(*given: Any) -> Any:
        with _members(n):
            return ours(*given)

    return method


def _always(**changed: Any) -> Method:
    return _patched(presets, "ALWAYS", {**presets.ALWAYS, **changed})


def _equal_weights(outputs: Any, *_: Any) -> Any:
    return np.full(len(outputs), 1 / len(outputs))


def _without_preset(name: str) -> Method:
    return _with_family({key: preset for key, preset in FAMILY.items() if key != name})


def _no_temperature(*_: Any, **__: Any) -> float:
    return 1.0


def _without_of_classes(name: str) -> Method:
    return _with_family(
        {
            key: replace(preset, of_classes={k: v for k, v in preset.of_classes.items() if k != name})
            for key, preset in FAMILY.items()
        }
    )


def _glorot_start(dims: Any, dtype: Any, rng: Any) -> Any:
    """Glorot's weights and biases of 0 everywhere, with the factors of the rates."""
    _, factors = presets.realmlp_init(dims, dtype, rng)
    values = initialize_parameters(dims, method="glorot", rng=rng).to_dict()
    return {name: value.astype(dtype) for name, value in values.items()}, factors


def _start_from_data(*given: Any) -> Any:
    """Hidden layers that are fitted to the rows learned from (`initialize_from_data`)."""
    initial = members._initial_values

    def from_data(params: Any, sample: Any, origins: Any, seed: int) -> Any:
        values, factors = initial(params, sample, origins, seed)
        sizes = [int(size) for size in params.hidden_layer_sizes]
        dims, names = [sample.X.shape[1], *sizes, sample.Y.shape[1]], [params.activation] * len(sizes)
        rng = np.random.default_rng(seed)
        found = initialize_from_data(sample.X[:4096].T, dims, activations=[*names, "identity"], rng=rng)
        hidden = {f"{kind}{layer}" for kind in "Wb" for layer in range(1, len(dims) - 1)}
        return values | {name: found[name].astype(values[name].dtype) for name in hidden}, factors

    with patch.object(members, "_initial_values", from_data):
        return ours(*given)


ABLATIONS: dict[str, Method] = {
    "ours": ours,
    "one network": _with_members(1),
    "one preset, 5 folds": _with_members(5),
    "10 folds": _patched(presets, "MOST_FOLDS", 10),
    "presets alike": _patched(ensemble, "stacking_weights", _equal_weights),
    "without pieces": _without_pieces(),
    "without input scale": _without("input_scale"),
    "without parametric": _without("parametric"),
    "without dropout": _without("dropout"),
    "without decay": _without("weight_decay"),
    "constant rate": _always(schedule="constant"),
    "constant dropout": _always(dropout_schedule=None, weight_decay_schedule=None),
    "Adam's usual β2": _always(beta_2=0.999),
    "without smoothed labels": _without_of_classes("label_smoothing"),
    "without temperatures": _patched(ensemble, "fit_temperature", _no_temperature),
    "start from data": _start_from_data,
    "Glorot's start": _patched(members, "realmlp_init", _glorot_start),
    **{f"without {name}": _without_preset(name) for name in FAMILY},
    "mlp": partial(ours, preset="mlp"),
    "tabm": partial(ours, preset="tabm"),
    "one shared network": partial(ours, preset="tabm", n_estimators=1),
    "shared, one member": partial(ours, preset="tabm", shared_members=1),
    "shared, 32 members": partial(ours, preset="tabm", shared_members=32),
    "shared, 256 units": partial(ours, preset="tabm", hidden_layer_sizes=(256, 256)),
    "shared, smooth": partial(ours, preset="tabm", activation="mish"),
    "with shared": _with_family({**FAMILY, TABM.name: TABM}),
}
"""By name, the whole first."""
