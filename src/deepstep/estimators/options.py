"""The parameters of the estimators: each with its default, the values it may have, and its meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from inspect import cleandoc, get_annotations
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._param_validation import Options as AnyOf

from deepstep.engines.settings import PRECISIONS
from deepstep.estimators.population import EFFORTS
from deepstep.training import Callback, ReduceLROnPlateau
from deepstep.training.checkpoints import KEPT

_AT_LEAST_0 = Interval(Real, 0, None, closed="left")
_ABOVE_0 = Interval(Real, 0, None, closed="neither")
_SHARE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
Schedule = Annotated[Any, str, Mapping, ReduceLROnPlateau, callable, None]

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "mlp": {
        "hidden_layer_sizes": (100,),
        "activation": "relu",
        "alpha": 0.0001,
        "learning_rate_init": 0.001,
        "max_iter": 200,
        "tol": 1e-4,
        "early_stopping": False,
        "validation_fraction": 0.1,
        "n_iter_no_change": 10,
        "initialization": "glorot",
        "input_scale": False,
        "shared_members": 0,
        "dropout": 0.0,
        "label_smoothing": 0.0,
    },
    "single": {
        "hidden_layer_sizes": (64, 32),
        "alpha": 0.0,
        "max_iter": 40,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "initialization": "he",
    },
}
"""Values of the parameters that are None by default: those of scikit-learn for ``preset='mlp'``, and what
differs from them for 'single', which are those of ``deepstep train --preset single``. A parameter that is
None by default is chosen by the preset, so that a given value holds even where it is one of these."""


PARAMETERS = {
    "l2": "alpha",
    "iterations": "max_iter",
    "epochs": "max_iter",
    "seed": "random_state",
    "tolerance": "tol",
    "optimizer_params['tolerance']": "tol",
    "rate": "learning_rate_init",
    "layer_dims": "hidden_layer_sizes",
    "activations": "activations (activation)",
    "output": "output (loss)",
    "output_settings": "output_settings (loss_params and their kin)",
    "optimizer": "optimizer (solver)",
    "optimizer_params": "optimizer_params (of the solver)",
    "learning_rate": "learning_rate (learning_rate_init, learning_rate, power_t)",
    "order": "order (shuffle, random_state)",
    "patience": "patience (n_iter_no_change)",
    "monitor": "monitor (early_stopping)",
    "keep_best": "keep_best (early_stopping)",
}
"""Settings of a training by the names of the parameters that they come from, where these differ."""


def parameter_of(setting: str) -> str:
    """The name of a setting in the estimators; empty where it is the same."""
    return PARAMETERS.get(setting, "")


@dataclass(eq=False, repr=False, match_args=False)
class Options(BaseEstimator):
    """The parameters of `DeepClassifier` and `DeepRegressor`: constructor, signature, constraints and help.

    A parameter that is None by default is the preset's own choice; its value for ``preset='mlp'`` stands
    beside it.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int or None, default=None ('mlp': (100,), 'single': (64, 32))
        Units of each hidden layer; an empty sequence for none.
    activation : str or sequence of str or None, default=None ('mlp': 'relu')
        Activation of the hidden layers: one for all, or one for each. 'identity', 'relu', 'leaky_relu',
        'elu', 'selu', 'gelu', 'gelu_tanh', 'silu', 'mish', 'softplus', 'tanh', 'sigmoid' (scikit-learn's
        'logistic' is the same), or one that was registered with `deepstep.equations.register_activation`.
    preset : {'tabular', 'tabm', 'single', 'mlp'}, default='tabular'
        'tabular' takes a table as it is, a pandas, polars or pyarrow frame or an array, with texts, dates and
        missing values. A population of small networks learns on the folds of a cross-validation: some with
        fixed settings (after RealMLP, Holzmüller et al., arXiv 2407.04491, and plainer ones), the others with
        random ones (after TabPack, arXiv 2607.05380). All are trained on the first folds, the best on all. An
        ensemble of them is selected by their predictions for rows that they have not learned from. Their
        number follows from ``effort`` and the number of rows (`deepstep.estimators.population`). 'tabm' takes
        a table, too, and trains on each fold one network that is many, which share their matrices
        (``shared_members``; after TabM-mini, Gorishniy et al., arXiv 2410.24210), for longer. 'single' takes
        it, too, and trains one network with exactly these parameters, by default with those of
        ``deepstep train --preset single``. 'mlp' trains one network with these on X as it is, numbers, as
        `sklearn.neural_network.MLPClassifier` does: parameters of the same name mean the same, and on the
        same starting weights and the same order of examples it computes the same numbers. It differs in what
        is drawn: initial weights are normal and biases zero (there: both uniform), and the order of an epoch
        is a function of ``random_state`` and the epoch's number alone (there: one stream of draws).
    n_estimators : int or None, default=None
        Networks of the ensemble, with folds (without validation data) rounded up to whole folds; None for as
        many as ``effort`` and the table's size ask for.
    effort : {'fast', 'balanced', 'best'}, default='balanced'
        How many networks 'tabular' tries at most, see `deepstep.estimators.population.SIZES`; a given
        ``n_estimators`` goes before it, and a ``time_budget`` ends or goes on by the clock.
    solver : str, default='adam'
        'adam', 'sgd' and 'lbfgs' are scikit-learn's, with parameters of their own below. 'adamw', 'rmsprop',
        'lion', 'gd', 'momentum', 'nesterov' and 'heavy_ball' are the update rules of
        ``deepstep.equations.OPTIMIZERS``, with ``optimizer_params`` instead. All learn from batches, except
        'lbfgs' that learns from all examples at once, which is good for small data (of sparse inputs it makes
        a dense copy).
    alpha : float or None, default=None ('mlp': 0.0001, 'single': 0.0)
        λ of L2 regularization: J has alpha / (2 Σ weights) · Σ ‖W‖² on top.
    batch_size : int or 'auto', default='auto'
        Examples an update; 'auto' is ``min(200, n_samples)``, with 'single' 32 to 256 by the number of rows.
        Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate goes from epoch to epoch; not used by 'adam' and 'lbfgs'. 'invscaling':
        learning_rate_init / (t + 1)^power_t with t the examples seen. 'adaptive': divided by 5 each time
        training stalls, which ends it at 1e-6.
    learning_rate_init : float or 'auto' or None, default=None ('mlp': 0.001)
        α; not used by 'lbfgs'. 'auto' searches for it before the first epoch, on the rows that are learned
        from: a hundred rates from 1e-6 to 10 are tried, a batch each, and a tenth of the one at which the
        smoothed cost was lowest is taken, see ``learning_rate_`` and ``rate_search_``. A fit that continues
        (``partial_fit``, ``warm_start``) keeps it.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int or None, default=None ('mlp': 200, 'single': 40)
        Epochs, each a pass over the examples ('lbfgs': iterations).
    shuffle : bool, default=True
        Take the examples in a new order in each epoch.
    random_state : int, RandomState or None, default=None
        Where the initial values, the order of the examples, dropout and the validation part come
        from. An int gives the same fit bit for bit, and the initial values of
        ``Network(…, initialization=…, seed=…)``.
    tol : float or None, default=None ('mlp': 1e-4, 'single': 0.0)
        What counts as an improvement; for 'lbfgs' the largest entry of the gradient that is small enough.
    verbose : bool, int or str, default=False
        Show one bar of the epochs of all networks on stderr, with the time left, under this text where it is
        one; with 'mlp' the cost of each epoch on stdout, as scikit-learn does.
    warm_start : bool, default=False
        ``fit`` continues from the parameters of the last fit (with a new state of the optimizer).
    momentum : float, default=0.9
        β of 'sgd': v := β·v - α·g.
    nesterovs_momentum : bool, default=True
        Nesterov's momentum; else classical.
    early_stopping : bool or None, default=None ('mlp': False)
        Stop when the score on validation data stalls, and keep the parameters of the best epoch. The data are
        those that ``fit`` was given as ``X_val`` and ``y_val``, else a part of the training data. 'lbfgs'
        uses it with 'single' alone. With 'tabular' the best epoch is always kept, by the rows of the other
        folds, for all folds of a preset together; a member ends early where the third cycle of its rate was
        worse than those before, and False is refused.
    validation_fraction : float or None, default=None ('mlp': 0.1)
        The part that early stopping holds out, at least two examples; classes keep their shares. With
        'tabular' it is refused where there are several folds; ``n_estimators=1``, or more than
        100,000 rows, have one.
    validation : {'random', 'time'}, default='random'
        Which rows are held out. 'random' draws them, classes in proportion (with ``fit(…, groups=…)`` whole
        groups). 'time' is for rows in the order of time: the later half is held out in blocks, each by a fold
        that learned from all rows before it alone (`sklearn.model_selection.TimeSeriesSplit`); rows of the
        first half are held out by none, and their ``oof_predictions_`` are NaN. With one part, as of 'single'
        and 'mlp' with early stopping, it is the last rows.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moving averages of 'adam'.
    epsilon : float, default=1e-8
        Guard of the division of 'adam': √s + ε, before the correction of s; with 'single' √ŝ + ε, after it.
    n_iter_no_change : int or inf or None, default=None ('mlp': 10, 'single': inf)
        Training ends after more than so many epochs without improvement by ``tol``, with 'single' after so
        many. ``inf`` lets a schedule run to its end.
    max_fun : int, default=15000
        Greatest number of evaluations of the cost, for 'lbfgs'.
    initialization : str or mapping or None, default=None ('mlp': 'glorot', 'single': 'he')
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``. 'glorot' has the
        variance of scikit-learn's, so results compare; 'he' keeps the size of signals through relu layers;
        'data' fits weights and biases to the training inputs. A mapping ``{"W1": …, "b1": …}`` of arrays
        (n_l, n_{l-1}) and (n_l, 1), such as ``network_.parameters``, starts from these values.
    engine : {'auto', 'reference', 'compiled', 'torch'}, default='auto'
        What runs the training; ``'torch:cuda'``, ``'torch:cpu'``, … are the torch engine on that device.
    device : str, default='auto'
        Where it runs: 'cpu', 'cuda', 'cuda:1', …, 'mps', or 'auto' for the rule of the engine. The devices
        other than 'cpu' are those of the torch engine; with an engine that is not there it is refused.
    n_jobs : int or None, default=None
        Members that are trained at the same time, each by one thread; with a single network the threads of
        its updates. -1 for all processors, -2 for all but one, …; None for as many threads as there are
        processors, or what ``joblib.parallel_config`` says. Predictions are the same bits for any value.
    categorical_features : sequence of str, int or bool, or None, default=None
        Columns whose values are categories, also where they are numbers (postcodes): names, numbers from 0,
        or a mask of all columns. None tells them by their values: columns of texts are, numbers are not.
        Not for 'mlp', which takes numbers.
    dtype : {'auto', 'float32', 'float64'}, default='auto'
        Precision of the network. 'auto' is float32 for ensembles, half the memory and twice the speed of
        float64, and float64 for 'single' and for 'lbfgs', whose line search needs the digits. With 'mlp' it
        is that of X, as in scikit-learn's network: float32 for an array of float32, else float64. With a
        ``precision`` it is float32.
    precision : {'bfloat16'}, default=None
        Precision of the products of matrices in training, where it is another than that of the network, which
        has to be float32: done by the torch engine. None is the network's own.
    optimizer_params : mapping, default=None
        Of a solver in ``OPTIMIZERS``, for example ``{"beta1": 0.95}``. Those of 'adam' go before ``beta_1``,
        ``beta_2`` and ``epsilon``.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber'.
    normalization : {'none', 'batch', 'layer'} or sequence of these, default='none'
        Normalization of the hidden layers: one for all, or one for each.
    input_scale : bool or None, default=None ('mlp': False)
        Whether a factor of each input is learned.
    shared_members : int or None, default=None ('mlp': 0)
        K: one network that is K, which share all matrices but the last and whose answers are averaged, see
        `deepstep.Network`; 0 for an ordinary one. With 'tabm' as many as the table's size asks for; 'tabular'
        has none.
    dropout : float or sequence of float or None, default=None ('mlp': 0.0)
        Probability with which a unit of a hidden layer is left out of a step: one for all, or one for each.
    l1 : float, default=0.0
        λ of L1 regularization: J has l1 / Σ weights · Σ |W| on top.
    weight_decay : float, default=None
        λ of decoupled weight decay, θ := (1 - α·λ)·θ before each update; None is the solver's own (0.01 for
        'adamw', else 0).
    clip_norm, clip_value : float, default=None
        Greatest norm of the whole gradient, and greatest size of each of its entries.
    lr_multipliers, weight_decay_multipliers : mapping, default=None
        Factors of the learning rate and of the weight decay for parameters by name or pattern, such as
        ``{"b*": 0.1, "W1": 6}``. By default the weights W alone decay.
    schedule, weight_decay_schedule, dropout_schedule : str, mapping or callable, default=None
        Factor of the learning rate, of the weight decay and of the dropout as a function of the fraction of
        training done, of ``max_iter`` or of ``time_budget``, whichever is further: a name in
        ``deepstep.training.SCHEDULES`` such as 'cosine', a mapping with settings such as
        ``{"name": "cosine", "warm_up": 0.1}``, or a function of t from 0 to 1. 'plateau', and
        ``{"name": "plateau", "quantity": "validation_cost", "patience": 5}``, fall when training stalls.
    time_budget : float, default=None
        Seconds after which training ends, if it has not before, but not before one epoch is done; schedules
        run by the clock then, which begins with the first step, and for an ensemble with the fit. 'tabular'
        uses all of it: when the presets of ``effort`` are trained, further ones are drawn, a few at a time,
        as long as what is left suffices for one more (with ``n_estimators``, that many networks).
    scoring : str, callable or None, default=None
        What validation data are scored with: the name of a scikit-learn metric, a
        ``scorer(estimator, X, y)``, None for the estimator's own ``score``, or 'loss' for minus the cost, as
        greater scores are better. Early stopping goes by it. Refused where nothing is validated: with
        'lbfgs' unless ``fit`` was given ``X_val``.
    refit : bool, default=False
        After early stopping, and refused without it or with 'lbfgs', train again, from the same start, on the
        training and the validation data together, for as many epochs as it took to the best one. Rates by
        the clock (``time_budget``) or by the course of training ('plateau') cannot be repeated and are
        refused; 'adaptive' goes by the cost. With 'tabular' and 'tabm' one network of each selected preset
        learns all rows, also the newest ones of ``validation='time'``, for the epochs that the folds had
        best, and predicts in place of the folds' networks. Weights, temperatures, ``oof_predictions_``, sets
        and intervals stay those of the folds' networks, which have learned fewer rows.
    deterministic : bool, default=False
        One thread for the products of matrices: the same bits on any number of cores.
    stream : bool or None, default=None
        Where X is a path (Parquet, a folder of Parquet parts, .npy) and y the name of a column: whether
        the rows stay there and are read again in each epoch, or go into memory; None for the rule, which
        streams from 256 MB on. Memory-mapped arrays stay where they are with True alone.
    buffer_rows : int or None, default=None
        Rows of a stream that are in memory at a time; None for what 64 MB hold.
    keep_columns : sequence of str, default=None
        Columns that are features even if they look like numbers of the rows, which are left out otherwise.
        Not used with 'mlp', which takes all columns.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Objects, or functions that take the record of each epoch, whose new entries go into the history. With
        ``refit`` they see both trainings.
    checkpoint_dir : str or Path, default=None
        Folder into which ``fit`` writes checkpoints, now and then and at Ctrl-C. Each fit needs its own. An
        ensemble ('tabular', 'tabm') writes its members instead, a file for each: at once after a training of
        a second, else every 5 seconds and at Ctrl-C; a shorter fit leaves none. The only network of one, as
        of a table above 100,000 rows, has checkpoints, too. Refused for an ensemble with
        a ``time_budget``, as the clock decides how long its members are trained.
    checkpoint_every : float, default=None
        Seconds between two checkpoints of one network; None for 30.
    keep_checkpoints : int, default=3
        How many of the newest checkpoints of one network are kept.
    resume : bool, default=False
        Go on from the newest checkpoint of ``checkpoint_dir``, and begin where there is none: the same
        call starts a fit, and after a kill ends with the same bits. Other data or parameters are refused,
        except ``max_iter`` of one network where no schedule depends on it; a ``random_state`` that is no int
        takes the seed that was drawn. An ensemble trains only the members that are not in the folder; of its
        parameters ``n_jobs`` and ``verbose`` may be others. A damaged member is trained again, with a
        warning.
    """

    hidden_layer_sizes: Annotated[Any, "array-like", _COUNT, None] = None
    activation: Annotated[Any, str, "array-like", None] = None
    _: KW_ONLY
    preset: Annotated[str, StrOptions({"tabular", "tabm", "single", "mlp"})] = "tabular"
    n_estimators: Annotated[int | None, _COUNT, None] = None
    effort: Annotated[str, StrOptions({*EFFORTS})] = "balanced"
    solver: Annotated[str, str] = "adam"
    alpha: Annotated[float | None, _AT_LEAST_0, None] = None
    batch_size: Annotated[int | str, StrOptions({"auto"}), _COUNT] = "auto"
    learning_rate: Annotated[str, StrOptions({"constant", "invscaling", "adaptive"})] = "constant"
    learning_rate_init: Annotated[float | str | None, StrOptions({"auto"}), _ABOVE_0, None] = None
    power_t: Annotated[float, _AT_LEAST_0] = 0.5
    max_iter: Annotated[int | None, _COUNT, None] = None
    shuffle: Annotated[bool, "boolean"] = True
    random_state: Annotated[Any, "random_state"] = None
    tol: Annotated[float | None, _AT_LEAST_0, None] = None
    verbose: Annotated[bool | int | str, "verbose", str] = False
    warm_start: Annotated[bool, "boolean"] = False
    momentum: Annotated[float, Interval(Real, 0, 1, closed="both")] = 0.9
    nesterovs_momentum: Annotated[bool, "boolean"] = True
    early_stopping: Annotated[bool | None, "boolean", None] = None
    validation_fraction: Annotated[float | None, _SHARE, None] = None
    validation: Annotated[str, StrOptions({"random", "time"})] = "random"
    beta_1: Annotated[float, _SHARE] = 0.9
    beta_2: Annotated[float, _SHARE] = 0.999
    epsilon: Annotated[float, _ABOVE_0] = 1e-8
    n_iter_no_change: Annotated[float | None, _COUNT, AnyOf(Real, {np.inf}), None] = None
    max_fun: Annotated[int, _COUNT] = 15000
    initialization: Annotated[Any, str, Mapping, None] = None
    engine: Annotated[str, str] = "auto"
    device: Annotated[str, str] = "auto"
    n_jobs: Annotated[int | None, _COUNT, Interval(Integral, None, -1, closed="right"), None] = None
    categorical_features: Annotated[Any, "array-like", None] = None
    dtype: Annotated[str, StrOptions({"auto", "float32", "float64"})] = "auto"
    precision: Annotated[str | None, StrOptions({*PRECISIONS}), None] = None
    optimizer_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    loss_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    normalization: Annotated[Any, str, "array-like"] = "none"
    input_scale: Annotated[bool | None, "boolean", None] = None
    shared_members: Annotated[int | None, Interval(Integral, 0, None, closed="left"), None] = None
    dropout: Annotated[float | Sequence[float] | None, _SHARE, "array-like", None] = None
    l1: Annotated[float, _AT_LEAST_0] = 0.0
    weight_decay: Annotated[float | None, _AT_LEAST_0, None] = None
    clip_norm: Annotated[float | None, _ABOVE_0, None] = None
    clip_value: Annotated[float | None, _ABOVE_0, None] = None
    lr_multipliers: Annotated[Mapping[str, float] | None, Mapping, None] = None
    weight_decay_multipliers: Annotated[Mapping[str, float] | None, Mapping, None] = None
    schedule: Schedule = None
    weight_decay_schedule: Schedule = None
    dropout_schedule: Schedule = None
    time_budget: Annotated[float | None, _ABOVE_0, None] = None
    scoring: Annotated[Any, str, callable, None] = None
    refit: Annotated[bool, "boolean"] = False
    deterministic: Annotated[bool, "boolean"] = False
    stream: Annotated[bool | None, "boolean", None] = None
    buffer_rows: Annotated[int | None, _COUNT, None] = None
    keep_columns: Annotated[Sequence[str] | None, "array-like", None] = None
    callbacks: Annotated[Any, "array-like", Callback, callable, None] = None
    checkpoint_dir: Annotated[str | Path | None, str, Path, None] = None
    checkpoint_every: Annotated[float | None, _AT_LEAST_0, None] = None
    keep_checkpoints: Annotated[int, _COUNT] = KEPT
    resume: Annotated[bool, "boolean"] = False

    # Names are checked where they are looked up: those that users register are known there, and the error
    # has the nearest one.
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Read the constraints of the parameters from their annotations."""
        super().__init_subclass__(**kwargs)
        cls._parameter_constraints = {
            name: [*hint.__metadata__]
            for base in reversed(cls.__mro__)
            for name, hint in get_annotations(base).items()
            if hasattr(hint, "__metadata__")
        }


Class = TypeVar("Class", bound=type)


def documented(estimator: Class) -> Class:
    """A class decorator: the sections of the docstring begin with those that the bases have."""
    text = cleandoc(estimator.__doc__ or "")
    for title in ("Parameters", "Attributes"):
        head = f"{title}\n{'-' * len(title)}\n"
        for base in estimator.__mro__[1:]:
            _, found, section = cleandoc(base.__dict__.get("__doc__") or "").partition(head)
            if found:
                text = text.replace(head, head + section.partition("\n\n")[0] + "\n")
    estimator.__doc__ = text
    return estimator
