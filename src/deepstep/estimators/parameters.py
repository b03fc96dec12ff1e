"""The parameters that both estimators take, and what may be given for them."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options, StrOptions

from deepstep.engines.settings import PRECISIONS
from deepstep.training import Callback, ReduceLROnPlateau
from deepstep.training.checkpoints import KEPT

_AT_LEAST_0 = Interval(Real, 0, None, closed="left")
_ABOVE_0 = Interval(Real, 0, None, closed="neither")
_SHARE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_SCHEDULE = [str, Mapping, ReduceLROnPlateau, callable, None]


PLAIN: Mapping[str, Any] = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "alpha": 0.0001,
    "learning_rate_init": 0.001,
    "max_iter": 200,
    "tol": 1e-4,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "n_iter_no_change": 10,
    "input_scale": False,
    "parametric": False,
    "shared_members": 0,
    "dropout": 0.0,
}
"""Values of parameters that are None with ``preset='mlp'``: scikit-learn's, or without effect. Parameters
that presets choose are None by default, so that a given value holds even where it is one of these."""


@dataclass(eq=False, repr=False, match_args=False)
class EstimatorParameters(BaseEstimator):
    """The parameters of `DeepClassifier` and `DeepRegressor`.

    A dataclass, so that the constructor is written from this one list and scikit-learn finds every parameter
    by name in its signature. A parameter that is None by default is the preset's own choice; its value for
    ``preset='mlp'`` stands beside it.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int or None, default=None ('mlp': (100,))
        Units of each hidden layer; an empty sequence for none.
    activation : str or sequence of str or None, default=None ('mlp': 'relu')
        Activation of the hidden layers: one for all, or one for each. 'identity', 'relu', 'leaky_relu',
        'elu', 'selu', 'gelu', 'gelu_tanh', 'silu', 'mish', 'softplus', 'tanh', 'sigmoid' (scikit-learn's
        'logistic' is the same), or one that was registered with `deepstep.equations.register_activation`.
    preset : {'tabular', 'tabm', 'mlp'}, default='tabular'
        'tabular' takes a table as it is (texts, dates, missing values) and trains an ensemble of networks by
        presets that are strong on tables. 'tabm' takes it, too, and trains on each fold one network that is
        many (``shared_members``), for longer. 'mlp' trains one network with exactly these parameters on X
        as it is, as `sklearn.neural_network.MLPClassifier` does.
    n_estimators : int or None, default=None
        Networks of the ensemble, rounded up to whole folds; None for as many as the table's size asks for.
    solver : str, default='adam'
        'adam', 'sgd' and 'lbfgs' are scikit-learn's, with parameters of their own below. 'adamw', 'rmsprop',
        'lion', 'gd', 'momentum', 'nesterov' and 'heavy_ball' are the update rules of
        ``deepstep.equations.OPTIMIZERS``, with ``optimizer_params`` instead. All learn from batches, except
        'lbfgs' that learns from all examples at once, which is good for small data (of sparse inputs it makes
        a dense copy).
    alpha : float or None, default=None ('mlp': 0.0001)
        λ of L2 regularization: J has alpha / (2 Σ weights) · Σ ‖W‖² on top.
    batch_size : int or 'auto', default='auto'
        Examples an update; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate goes from epoch to epoch; not used by 'adam' and 'lbfgs'. 'invscaling':
        learning_rate_init / (t + 1)^power_t with t the examples seen. 'adaptive': divided by 5 each time
        training stalls, which ends it at 1e-6.
    learning_rate_init : float or 'auto' or None, default=None ('mlp': 0.001)
        α; not used by 'lbfgs'. 'auto' searches for it before the first epoch, on the rows that are learned
        from: a hundred rates from 1e-6 to 10 are tried, a batch each, and a tenth of the one at which the
        smoothed cost was lowest is taken, see ``learning_rate_`` and ``rate_search_``. A fit that goes on
        (``partial_fit``, ``warm_start``) keeps it.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int or None, default=None ('mlp': 200)
        Epochs, each a pass over the examples ('lbfgs': iterations).
    shuffle : bool, default=True
        Take the examples in a new order in each epoch.
    random_state : int, RandomState or None, default=None
        Where the initial values, the order of the examples, dropout, noise and the validation part come
        from. An int gives the same fit bit for bit, and the initial values of
        ``Network(…, initialization=…, seed=…)``.
    tol : float or None, default=None ('mlp': 1e-4)
        What counts as an improvement; for 'lbfgs' the largest entry of the gradient that is small enough.
    verbose : bool or int, default=False
        Show progress on stderr.
    warm_start : bool, default=False
        ``fit`` goes on from the parameters of the last fit (the optimizer starts anew).
    momentum : float, default=0.9
        β of 'sgd': v := β·v - α·g.
    nesterovs_momentum : bool, default=True
        Nesterov's momentum; else classical.
    early_stopping : bool or None, default=None ('mlp': False)
        Stop when the score on validation data stalls, and keep the parameters of the best epoch. The data are
        those that ``fit`` was given as ``X_val`` and ``y_val``, else a part of the training data. Not used by
        'lbfgs'. With 'tabular' the best epoch is always kept, by the rows of the other folds, a member ends
        early where the third cycle of its rate was worse than those before, and False is refused.
    validation_fraction : float or None, default=None ('mlp': 0.1)
        The part that early stopping holds out, at least two examples; classes keep their shares. With
        'tabular' it is refused where there are several folds; ``n_estimators=1``, or more than
        100,000 rows, have one.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moving averages of 'adam'.
    epsilon : float, default=1e-8
        Guard of the division of 'adam': √s + ε, before the correction of s.
    n_iter_no_change : int or inf or None, default=None ('mlp': 10)
        Epochs without improvement by ``tol`` that are borne. ``inf`` lets a schedule run to its end.
    max_fun : int, default=15000
        Greatest number of evaluations of the cost, for 'lbfgs'.
    initialization : str or mapping, default='glorot'
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``. 'glorot' has the
        variance of scikit-learn's, so results compare; 'he' keeps the size of signals through relu layers;
        'data' fits weights and biases to the training inputs. A mapping ``{"W1": …, "b1": …}`` of arrays
        (n_l, n_{l-1}) and (n_l, 1), such as ``network_.parameters``, starts from these values.
    engine : {'auto', 'reference', 'compiled', 'torch'}, default='auto'
        What runs the training; ``'torch:cuda'``, ``'torch:cpu'``, … are the torch engine on that device.
    dtype : {'auto', 'float32', 'float64'}, default='auto'
        Precision of the network, whatever that of X is. 'auto' is float32, half the memory and twice the
        speed of float64, and float64 for 'lbfgs', whose line search needs the digits. scikit-learn's network
        takes the precision of X, which is float64 mostly.
    precision : {'bfloat16'}, default=None
        Precision of the products of matrices in training, where it is another than that of the network, which
        has to be float32: done by the torch engine. None is the network's own.
    optimizer_params : mapping, default=None
        Of a solver in ``OPTIMIZERS``, for example ``{"beta1": 0.95}``.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber'.
    normalization : {'none', 'batch', 'layer'} or sequence of these, default='none'
        Normalization of the hidden layers: one for all, or one for each.
    input_scale : bool or None, default=None ('mlp': False)
        Whether a factor of each input is learned.
    parametric : bool or sequence of bool or None, default=None ('mlp': False)
        Whether each unit of a hidden layer learns how much of its activation it uses: one answer for all
        layers, or one for each.
    shared_members : int or None, default=None ('mlp': 0)
        K: one network that is K, which share all matrices but the last and whose answers are averaged, see
        `deepstep.Network`; 0 for an ordinary one. With 'tabm' as many as the table's size asks for; 'tabular'
        has none.
    dropout : float or sequence of float or None, default=None ('mlp': 0.0)
        Probability with which a unit of a hidden layer is left out of a step: one for all, or one for each.
    input_noise : float, default=0.0
        Standard deviation of normal noise that is added to the inputs of each step.
    l1 : float, default=0.0
        λ of L1 regularization: J has l1 / Σ weights · Σ |W| on top.
    weight_decay : float, default=None
        λ of decoupled weight decay, θ := (1 - α·λ)·θ before each update; None is the solver's own (0.01 for
        'adamw', else 0).
    max_norm : float, default=None
        Greatest norm of the incoming weights of a unit.
    clip_norm, clip_value : float, default=None
        Greatest norm of the whole gradient, and greatest size of each of its entries.
    ema_decay : float, default=0.0
        Decay of a moving average of θ, such as 0.999, which is then what predicts; 0 for none.
    lr_multipliers, weight_decay_multipliers : mapping, default=None
        Factors of the learning rate and of the weight decay for parameters by name or pattern, such as
        ``{"b*": 0.1, "W1": 6}``.
    schedule, weight_decay_schedule, dropout_schedule : str, mapping or callable, default=None
        Factor of the learning rate, of the weight decay and of the dropout as a function of the fraction of
        training done, of ``max_iter`` or of ``time_budget``, whichever is further: a name in
        ``deepstep.training.SCHEDULES`` such as 'cosine', a mapping with settings such as
        ``{"name": "cosine", "warm_up": 0.1}``, or a function of t from 0 to 1. 'plateau', and
        ``{"name": "plateau", "quantity": "validation_cost", "patience": 5}``, fall when training stalls.
    time_budget : float, default=None
        Seconds after which training ends, if it has not before; schedules run by the clock then.
    scoring : str, callable or None, default=None
        What validation data are scored with: the name of a scikit-learn metric, a
        ``scorer(estimator, X, y)``, None for the estimator's own ``score``, or 'loss' for minus the cost, as
        greater scores are better. Early stopping goes by it. Refused where nothing is validated: with
        'lbfgs' unless ``fit`` was given ``X_val``.
    refit : bool, default=False
        After early stopping, and refused without it or with 'lbfgs', train anew, from the same start, on the
        training and the validation data together, for as many epochs as it took to the best one. Rates by
        the clock (``time_budget``) or by the course of training ('plateau') cannot be repeated and are
        refused; 'adaptive' goes by the cost.
    deterministic : bool, default=False
        One thread for the products of matrices: the same bits on any number of cores.
    stream : bool or None, default=None
        Where X is a path (Parquet, a folder of Parquet parts, .npy) and y the name of a column: whether
        the rows stay there and are read again in each epoch, or go into memory; None for the rule, which
        streams from 256 MB on. Memory-mapped arrays stay where they are with True alone.
    buffer_rows : int or None, default=None
        Rows of a stream that are in memory at a time; None for what 64 MB hold.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Objects, or functions that take the record of each epoch, whose new entries go into the history. With
        ``refit`` they see both trainings.
    checkpoint_dir : str or Path, default=None
        Folder into which ``fit`` writes checkpoints, now and then and at Ctrl-C. Each fit needs its own.
    checkpoint_every : float, default=None
        Seconds between two checkpoints; None for 30.
    keep_checkpoints : int, default=3
        How many of the newest checkpoints are kept.
    resume : bool, default=False
        Go on from the newest checkpoint of ``checkpoint_dir``, and begin anew where there is none: the same
        call starts a fit, and after a kill ends with the same bits. Other data or parameters are refused,
        except ``max_iter`` where no schedule depends on it; a ``random_state`` that is no int takes the seed
        that was drawn.
    """

    hidden_layer_sizes: Any = None
    activation: Any = None
    _: KW_ONLY
    preset: str = "tabular"
    n_estimators: int | None = None
    solver: str = "adam"
    alpha: float | None = None
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float | str | None = None
    power_t: float = 0.5
    max_iter: int | None = None
    shuffle: bool = True
    random_state: Any = None
    tol: float | None = None
    verbose: bool | int = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool | None = None
    validation_fraction: float | None = None
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float | None = None
    max_fun: int = 15000
    initialization: Any = "glorot"
    engine: str = "auto"
    dtype: str = "auto"
    precision: str | None = None
    optimizer_params: Mapping[str, Any] | None = None
    loss_params: Mapping[str, Any] | None = None
    normalization: Any = "none"
    input_scale: bool | None = None
    parametric: bool | Sequence[bool] | None = None
    shared_members: int | None = None
    dropout: float | Sequence[float] | None = None
    input_noise: float = 0.0
    l1: float = 0.0
    weight_decay: float | None = None
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    ema_decay: float = 0.0
    lr_multipliers: Mapping[str, float] | None = None
    weight_decay_multipliers: Mapping[str, float] | None = None
    schedule: Any = None
    weight_decay_schedule: Any = None
    dropout_schedule: Any = None
    time_budget: float | None = None
    scoring: Any = None
    refit: bool = False
    deterministic: bool = False
    stream: bool | None = None
    buffer_rows: int | None = None
    callbacks: Any = None
    checkpoint_dir: str | Path | None = None
    checkpoint_every: float | None = None
    keep_checkpoints: int = KEPT
    resume: bool = False

    # Names are checked where they are looked up: those that users register are known there, and the error
    # has the nearest one.
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", _COUNT, None],
        "activation": [str, "array-like", None],
        "preset": [StrOptions({"tabular", "tabm", "mlp"})],
        "n_estimators": [_COUNT, None],
        "solver": [str],
        "alpha": [_AT_LEAST_0, None],
        "batch_size": [StrOptions({"auto"}), _COUNT],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [StrOptions({"auto"}), _ABOVE_0, None],
        "power_t": [_AT_LEAST_0],
        "max_iter": [_COUNT, None],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [_AT_LEAST_0, None],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean", None],
        "validation_fraction": [_SHARE, None],
        "beta_1": [_SHARE],
        "beta_2": [_SHARE],
        "epsilon": [_ABOVE_0],
        "n_iter_no_change": [_COUNT, Options(Real, {np.inf}), None],
        "max_fun": [_COUNT],
        "initialization": [str, Mapping],
        "engine": [str],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
        "precision": [StrOptions({*PRECISIONS}), None],
        "optimizer_params": [Mapping, None],
        "loss_params": [Mapping, None],
        "normalization": [str, "array-like"],
        "input_scale": ["boolean", None],
        "parametric": ["boolean", "array-like", None],
        "shared_members": [Interval(Integral, 0, None, closed="left"), None],
        "dropout": [_SHARE, "array-like", None],
        "input_noise": [_AT_LEAST_0],
        "l1": [_AT_LEAST_0],
        "weight_decay": [_AT_LEAST_0, None],
        "max_norm": [_ABOVE_0, None],
        "clip_norm": [_ABOVE_0, None],
        "clip_value": [_ABOVE_0, None],
        "ema_decay": [_SHARE],
        "lr_multipliers": [Mapping, None],
        "weight_decay_multipliers": [Mapping, None],
        "schedule": _SCHEDULE,
        "weight_decay_schedule": _SCHEDULE,
        "dropout_schedule": _SCHEDULE,
        "time_budget": [_ABOVE_0, None],
        "scoring": [str, callable, None],
        "refit": ["boolean"],
        "deterministic": ["boolean"],
        "stream": ["boolean", None],
        "buffer_rows": [_COUNT, None],
        "callbacks": ["array-like", Callback, callable, None],
        "checkpoint_dir": [str, Path, None],
        "checkpoint_every": [_AT_LEAST_0, None],
        "keep_checkpoints": [_COUNT],
        "resume": ["boolean"],
    }

    def _setting(self, name: str) -> Any:
        """The value of a parameter for a training of one network: that of `PLAIN` where it is None."""
        value = getattr(self, name)
        return PLAIN[name] if value is None else value
