"""Presets: the settings of networks, and the parameters of their training for a table of some size."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

from deepstep.engines.choice import ON_CPU
from deepstep.equations import INITIALIZATIONS
from deepstep.equations.initialization import drawn
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network import Architecture, Parameters
from deepstep.types import AnyArray

Factors = dict[str, float]
"""Factors of the learning rate by the names of parameters."""

SLOW = ("b", "alpha")
"""How parameters are called that learn at a tenth of the rate."""

ALWAYS: Mapping[str, Any] = {
    "solver": "adam",
    "beta_2": 0.95,
    "alpha": 0.0,
    "schedule": "coslog4",
    "dropout_schedule": "flat_cos",
    "weight_decay_schedule": "flat_cos",
    "early_stopping": True,
    "scoring": "loss",
    "n_iter_no_change": inf,
    "tol": 0.0,
}
"""Parameters of all presets: RealMLP's optimizer and schedules (arXiv 2407.04491), the best epoch kept."""


INPUTS: Mapping[str, tuple[str, bool]] = {
    "scaled": ("quartiles", False),
    "pieces": ("quartiles", True),
    "standard": ("deviations", False),
    "standard_pieces": ("deviations", True),
    "ranks": ("ranks", False),
}
"""The inputs that a network may take, by name: the scaling, and whether numbers are cut as well."""

AS_THEY_ARE = "scaled"
"""The name under which presets of one network have their inputs, which are not encoded."""


@dataclass(frozen=True)
class Preset:
    """The settings of a network: its name, ``inputs`` of `INPUTS`, ``epochs`` as a factor of `n_epochs`."""

    name: str
    why: str
    hidden: tuple[int, ...]
    inputs: str = "scaled"
    epochs: float = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    of_classes: Mapping[str, Any] = field(default_factory=dict)
    of_numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cuts(self) -> bool:
        """Whether numbers are cut into pieces."""
        return INPUTS[self.inputs][1]

    def parameters(self, *, classes: bool) -> dict[str, Any]:
        """Parameters of the estimators, except those that depend on the table."""
        return {**ALWAYS, **self.own(classes=classes)}

    def own(self, *, classes: bool) -> dict[str, Any]:
        """The same without those that all presets have."""
        kind = self.of_classes if classes else self.of_numbers
        return {"hidden_layer_sizes": self.hidden, **self.settings, **kind}


TABM = Preset(
    "tabm",
    "many networks in one that share their matrices, numbers cut at quantiles: TabM-mini, smaller",
    (128, 128),
    inputs="pieces",
    settings={
        "solver": "adamw",
        "activation": "relu",
        "learning_rate_init": 0.002,
        "weight_decay": 3e-4,
        "beta_2": 0.999,
        "clip_norm": 1.0,
        "dropout": 0.1,
        "schedule": "constant",
        "dropout_schedule": None,
        "weight_decay_schedule": None,
        "n_iter_no_change": 16,
        "max_iter": 300,
    },
)
"""The preset of its own name; settings as those of TabM (arXiv 2410.24210, appendix), on smaller layers."""

LBFGS_ITERATIONS = 2500
"""Iterations of 'lbfgs' with ``preset='single'``: it ends by itself where the gradient is small."""

MLP = Preset("mlp", "one network on numbers as they are, as scikit-learn's MLPClassifier", ())
SINGLE = Preset("single", "one network on a prepared table", ())

ALONE: Mapping[str, Preset] = {preset.name: preset for preset in (SINGLE, MLP)}
"""The presets of one network, with the parameters of the estimator itself."""

FOR_ALL_MEMBERS = (
    "hidden_layer_sizes", "activation", "alpha", "batch_size", "learning_rate_init", "max_iter",
    "normalization", "input_scale", "dropout", "l1", "weight_decay",
    "clip_norm", "clip_value", "precision", "label_smoothing", "tol", "n_iter_no_change",
)  # fmt: skip
"""Parameters that, where they are given, hold for all members of an ensemble instead of the presets'."""

OF_THE_ENSEMBLE = (
    "preset", "n_estimators", "effort", "random_state", "verbose", "validation_fraction", "early_stopping",
    "engine", "dtype", "loss", "loss_params", "quantiles", "class_weight", "time_budget", "deterministic",
    "shuffle", "stream", "buffer_rows", "keep_columns", "classes", "device", "n_jobs",
    "categorical_features", "validation", "soft_targets", "checkpoint_dir", "resume",
)  # fmt: skip
"""Parameters that an ensemble has itself."""

OF_STREAMS = ("callbacks", "checkpoint_every", "keep_checkpoints")
"""Parameters that the one member has besides, where rows are streamed."""


def changed(estimator: Any) -> dict[str, Any]:
    """The parameters of an estimator that are not those by default."""
    given = estimator.get_params(deep=False)
    return {
        name: value for name, value in given.items() if not _same(value, getattr(type(estimator), name, None))
    }


def hyperparameters(estimator: Any, preset: Preset, m: int, seconds: float | None = None) -> SimpleNamespace:
    """All parameters of the training of one network on m rows, those of a member within ``seconds``."""
    from sklearn.base import is_classifier

    from deepstep.estimators.options import DEFAULTS

    given, defaults = estimator.get_params(deep=False), dict(DEFAULTS["mlp"])
    if preset.name in ALONE:
        found = {**given, "epsilon_at": "hat"}
        if preset is SINGLE:
            found["epsilon_at"] = "outside"
            defaults |= DEFAULTS["single"]
            if estimator.solver == "lbfgs":
                defaults |= {"max_iter": LBFGS_ITERATIONS, "tol": 1e-5}
            elif estimator.early_stopping:
                defaults["n_iter_no_change"] = DEFAULTS["mlp"]["n_iter_no_change"]
            if estimator.batch_size == "auto":
                found["batch_size"] = min(small_batch_size(m), m)
    else:
        settings = {
            "max_iter": max(1, round(preset.epochs * n_epochs(m))),
            "batch_size": batch_size(m),
            **preset.parameters(classes=is_classifier(estimator)),
        }
        if preset is TABM:
            settings["shared_members"] = n_shared(m)
        asked = changed(estimator)
        settings |= {name: asked[name] for name in (*FOR_ALL_MEMBERS, "shared_members") if name in asked}
        if not np.any(settings.get("dropout", 0)):
            settings["dropout_schedule"] = None
        if not settings.get("weight_decay"):
            settings["weight_decay_schedule"] = None
        settings["batch_size"] = min(settings["batch_size"], m) if m else 1
        own = {name: value for name, value in given.items() if name in (*OF_THE_ENSEMBLE, *OF_STREAMS)}
        by_default = {name: getattr(type(estimator), name) for name in given}
        found = {**by_default, **own, **settings, "time_budget": seconds, "epsilon_at": "hat"}
    found.setdefault("features", {})
    found["engine"] = engine_on(found["device"], found["engine"], "")
    return SimpleNamespace(
        **{name: defaults.get(name) if value is None else value for name, value in found.items()}
    )


def engine_on(device: str, engine: str, where: str) -> str:
    """The engine on a device; a `ConfigurationError` where the engine is not there."""
    if device.partition(":")[0] not in DEVICES:
        raise unknown_name(where, "device", device, DEVICES, setting="device")
    name, _, own = engine.partition(":")
    on_cpu = {"auto": ON_CPU, "reference": engine, "compiled": engine}
    if device == "auto" or own == device:
        return engine
    if not own and name in ("auto", "torch") and device != "cpu":
        return f"torch:{device}"
    if not own and device == "cpu":
        return on_cpu.get(name, f"{name}:cpu")
    expected, hint = (
        f"'auto', or one that engine={engine!r} works on",
        "Pass engine='auto' for another device.",
    )
    raise ConfigurationError(where, expected, f"got {device!r}", hint, setting="device")


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if type(value) is not type(default) and not (np.isscalar(value) and np.isscalar(default)):
        return False
    try:
        return bool(np.all(value == default))
    except (TypeError, ValueError):
        return False


def realmlp_init(shape: Architecture, dtype: Any, rng: np.random.Generator) -> tuple[Parameters, Factors]:
    """Initial values and factors of the learning rate in RealMLP's manner (arXiv 2407.04491, appendix A).

    Its "neural tangent" layer, Z = W·A / √n with weights of variance 1, is under Adam the plain one with
    weights and learning rate divided by √n. The output layer begins with zeros.
    """
    values = shape.lay_out(drawn(shape.graph, INITIALIZATIONS["lecun"], rng).astype(dtype))
    for layer in range(1, shape.n_layers):
        values[f"b{layer}"][:] = rng.standard_normal(values[f"b{layer}"].shape)
    values[f"W{shape.n_layers}"][:] = 0
    factors = {name: 1 / sqrt(W.shape[1]) for name, W in values.to_dict().items() if name.startswith("W")}
    slow = {f"{name}*": 0.1 for name in SLOW if any(one.startswith(name) for one in values)}
    return values, {**factors, **slow, **({"s1": 6.0} if "s1" in values else {})}


def tabm_init(
    shape: Architecture, origins: AnyArray, dtype: Any, rng: np.random.Generator
) -> tuple[Parameters, Factors]:
    """Initial values in TabM's manner (arXiv 2410.24210, section 3): inputs of a feature have one sign."""
    values = shape.lay_out(drawn(shape.graph, INITIALIZATIONS["lecun"], rng).astype(dtype))
    values["r1"][:] = values["r1"][:, origins]
    return values, {}


DEVICES = ("auto", "cpu", "cuda", "mps")
"""Devices to choose from; a GPU may have a number, too."""


def n_shared(m: int) -> int:
    """How many members share a network, for m rows learned from: fewer where each takes long."""
    return 16 if m < 20_000 else 8


def default_n_bins(m: int) -> int:
    """Greatest number of pieces that a number is cut into, for m rows learned from: some 30 rows each."""
    return min(32, max(8, m // 30))


def n_epochs(m: int) -> int:
    """Epochs for m rows learned from: 64, and fewer where they are so many that all are seen often."""
    return min(64, max(4, 4_000_000 // m))


def batch_size(m: int) -> int:
    """Examples of an update for m rows learned from."""
    for size, most in ((32, 500), (64, 2_000), (128, 8_000), (256, 12_000), (512, 100_000)):
        if m <= most:
            return size
    return 1024


def small_batch_size(m: int) -> int:
    """Examples of an update of one network on a table of m rows, measured on 344 to 53,940 rows."""
    return 32 if m < 4096 else 128 if m < 32768 else 256
