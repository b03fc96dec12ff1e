"""Parameters of the estimators of 0.2 that are elsewhere now; this file goes after one release."""

from collections.abc import Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

_NETWORK = "{name} is a parameter of NetworkClassifier and NetworkRegressor. "


def _network(instead: str = "") -> str:
    rest = f"For all members of an ensemble: network_params={{{instead}}}." if instead else ""
    return (_NETWORK + rest).strip()


MOVED: Mapping[str, str] = {
    "preset": "preset is gone: NetworkClassifier and NetworkRegressor are one network on numbers, with a "
    "TableEncoder before them one on a table. An ensemble has presets=(names), without 'tabm'.",
    "hidden_layer_sizes": _network("'hidden_layers': …"),
    "activation": _network("'activation': …"),
    "solver": _network("'optimizer': …"),
    "alpha": _network("'l2': …"),
    "batch_size": _network("'batch_size': …"),
    "learning_rate": _network(),
    "learning_rate_init": _network("'learning_rate': …"),
    "power_t": _network(),
    "max_iter": _network("'epochs': …"),
    "shuffle": _network(),
    "tol": _network(),
    "warm_start": _network(),
    "momentum": _network("'optimizer_params': …"),
    "nesterovs_momentum": _network(),
    "early_stopping": _network("'patience': …"),
    "validation_fraction": "validation_fraction is a parameter of NetworkClassifier and NetworkRegressor. "
    "For an ensemble: validation=ShuffleSplit(1, test_size=…) of scikit-learn.",
    "beta_1": _network("'optimizer_params': …"),
    "beta_2": _network("'optimizer_params': …"),
    "epsilon": _network("'optimizer_params': …"),
    "n_iter_no_change": _network("'patience': …"),
    "max_fun": _network(),
    "initialization": _network(),
    "optimizer_params": _network("'optimizer_params': …"),
    "normalization": _network("'normalization': …"),
    "input_scale": "input_scale is a parameter of Network. "
    "For all members of an ensemble: network_params={'input_scale': …}.",
    "shared_members": "shared_members is gone: it took 1.66 times the time and did not lower the log-loss. "
    "Each member of an ensemble is a network of its own; n_estimators is their number.",
    "dropout": _network("'dropout': …"),
    "l1": "l1 is a parameter of Network.train. For all members of an ensemble: network_params={'l1': …}.",
    "weight_decay": _network("'weight_decay': …"),
    "clip_norm": _network("'clip_norm': …"),
    "clip_value": "clip_value is a parameter of Network.train. "
    "For all members of an ensemble: network_params={'clip_value': …}.",
    "lr_multipliers": _network("'lr_multipliers': …"),
    "weight_decay_multipliers": "weight_decay_multipliers is a parameter of Network.train. "
    "For all members of an ensemble: network_params={'weight_decay_multipliers': …}.",
    "schedule": _network("'schedule': …"),
    "weight_decay_schedule": "weight_decay_schedule is an entry of the mapping schedule of NetworkClassifier "
    "and NetworkRegressor. For all members of an ensemble: network_params={'weight_decay_schedule': …}.",
    "dropout_schedule": "dropout_schedule is an entry of the mapping schedule of NetworkClassifier "
    "and NetworkRegressor. For all members of an ensemble: network_params={'dropout_schedule': …}.",
    "label_smoothing": "label_smoothing is loss_params={'smoothing': …} of NetworkClassifier. "
    "For all members of an ensemble: network_params={'label_smoothing': …}.",
    "precision": "precision is dtype='bfloat16' of NetworkClassifier and NetworkRegressor. "
    "For all members of an ensemble: network_params={'precision': 'bfloat16'}.",
    "device": "device is part of engine: engine='torch:cuda'.",
    "deterministic": "deterministic is gone: members have one thread, and the same bits on any machine's "
    "number of processors.",
    "buffer_rows": "buffer_rows is gone: as many rows of a stream are in memory as 64 MB hold.",
    "checkpoint_every": "checkpoint_every is ModelCheckpoint(folder, every=…) of deepstep.training.",
    "keep_checkpoints": "keep_checkpoints is ModelCheckpoint(folder, keep=…) of deepstep.training.",
}
"""The new place, by the name of the parameter."""

MOVED_FLAGS: Mapping[str, str] = {
    "--preset": "--model ensemble (tabular) or --model network (single); tabm is gone: --model ensemble.",
    "--n-estimators": "--set n_estimators=5.",
    "--activation": "--model network --set activation=tanh.",
    "--normalization": "--model network --set normalization=batch.",
    "--initialization": "--model network --set initialization=glorot.",
    "--quantiles": "--set quantiles=[0.1,0.9].",
    "--huber-delta": "--set loss_params.delta=2, in the units of the target.",
    "--label-smoothing": "--model network --set loss_params.smoothing=0.1.",
    "--optimizer": "--model network --set solver=adamw.",
    "--optimizer-param": "--model network --set optimizer_params.beta1=0.95.",
    "--iterations": "--epochs.",
    "--schedule": "--model network --set schedule=cosine.",
    "--warmup-fraction": "--model network --set schedule.name=cosine --set schedule.warm_up=0.1.",
    "--clip-norm": "--model network --set clip_norm=1.",
    "--clip-value": "--set network_params.clip_value=1.",
    "--lr-multiplier": "--model network --set 'lr_multipliers={\"b*\" = 0.1}'.",
    "--l1": "--set network_params.l1=0.1.",
    "--l2": "--model network --set alpha=0.1.",
    "--weight-decay": "--model network --set weight_decay=0.01.",
    "--weight-decay-multiplier": "--set 'network_params.weight_decay_multipliers={\"b*\" = 0}'.",
    "--weight-decay-schedule": "--model network --set schedule.weight_decay_schedule=cosine.",
    "--dropout-schedule": "--model network --set schedule.dropout_schedule=linear.",
    "--patience": "--model network --set early_stopping=true --set n_iter_no_change=4 (ends after more than "
    "4 epochs without improvement, as --patience 5 did).",
    "--validation-fraction": "--model network --set early_stopping=true --set validation_fraction=0.1.",
    "--refit": "--set refit=true.",
    "--precision": "--set dtype=float32.",
    "--deterministic": "nothing, as members have one thread: the same bits on any number of cores.",
    "--buffer-rows": "nothing, as rows of a stream fill 64 MB at most.",
    "--checkpoint-every": "nothing, as a checkpoint is written every 30 seconds.",
    "--keep-checkpoints": "nothing, as the newest 3 checkpoints are kept.",
    "--sep": "--read 'sep=;'.",
    "--decimal": "--read decimal=,.",
    "--encoding": "--read encoding=windows-1251.",
    "--no-header": "--read header=false.",
    "--help-all": "--help.",
}
"""The words to type in place of the flags of 0.2; the command line answers them."""

Estimator = TypeVar("Estimator", bound=type)


def moved_to(name: str) -> str:
    """The new place of a parameter of 0.2.

    >>> moved_to("l1")
    "l1 is a parameter of Network.train. For all members of an ensemble: network_params={'l1': …}."
    """
    return MOVED[name].replace("{name}", name)


def check_moved(estimator: type, names: Iterable[str]) -> None:
    """Refuse the names of parameters of 0.2, with their new places."""
    for name in names:
        if name in MOVED and not hasattr(estimator, name):
            raise TypeError(f"{estimator.__name__}: {moved_to(name)}")


def refuse_moved(estimator: Estimator) -> Estimator:
    """A class decorator: the constructor refuses parameters of 0.2, with their new places."""
    kind: Any = estimator
    initialize = kind.__init__

    @wraps(initialize)  # the signature stays, which get_params reads
    def checked(self: Any, *args: Any, **params: Any) -> None:
        check_moved(estimator, params)
        initialize(self, *args, **params)

    kind.__init__ = checked
    return estimator
