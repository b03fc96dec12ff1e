"""The parameters of NetworkClassifier and NetworkRegressor: defaults, values that they may have, meaning."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from inspect import cleandoc, get_annotations
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options, StrOptions

from deepstep.training import Callback, ModelCheckpoint, ReduceLROnPlateau

AT_LEAST_0 = Interval(Real, 0, None, closed="left")
ABOVE_0 = Interval(Real, 0, None, closed="neither")
SHARE = Interval(Real, 0, 1, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")

BFLOAT16 = "bfloat16"
"""The dtype that is a precision of products alone: the parameters are float32."""

SPELLED = {
    "l2": "alpha",
    "epochs": "max_iter",
    "iterations": "max_iter",
    "seed": "random_state",
    "tolerance": "tol",
    "optimizer_params['tolerance']": "tol",
    "layer_dims": "hidden_layer_sizes",
    "precision": "dtype",
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
    """The name of a setting among the parameters; empty where it is the same."""
    return SPELLED.get(setting, "")


@dataclass(eq=False, repr=False, match_args=False)
class NetworkParameters(BaseEstimator):
    """The parameters of both estimators: constructor, signature, constraints and help.

    The first 23 are those of `sklearn.neural_network.MLPClassifier`, with its defaults and its meaning. On
    the same starting weights and the same order of examples the same numbers are computed. What is drawn
    differs: initial weights are normal and biases zero (there: both uniform), and the order of an epoch is a
    function of ``random_state`` and the epoch's number alone (there: one stream of draws).

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; an empty sequence for none.
    activation : str or sequence of str, default='relu'
        Activation of the hidden layers: one for all, or one for each. A name in
        ``deepstep.equations.ACTIVATIONS`` such as 'relu', 'tanh', 'gelu' or 'selu', also one that was
        registered; 'logistic' is 'sigmoid'.
    solver : str, default='adam'
        'adam', 'sgd' and 'lbfgs' are scikit-learn's, with parameters of their own below. 'adamw', 'rmsprop',
        'lion', 'gd', 'momentum', 'nesterov' and 'heavy_ball' are the update rules of
        ``deepstep.equations.OPTIMIZERS``, with ``optimizer_params`` instead. All learn from batches, except
        'lbfgs' that learns from all examples at once, which is good for small data (of sparse inputs it makes
        a dense copy).
    alpha : float, default=0.0001
        λ of L2 regularization: J has alpha / (2 Σ weights) · Σ ‖W‖² on top.
    batch_size : int or 'auto', default='auto'
        Examples an update; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate goes from epoch to epoch; not used by 'adam' and 'lbfgs'. 'invscaling':
        learning_rate_init / (t + 1)^power_t with t the examples seen. 'adaptive': divided by 5 each time
        training stalls, which ends it at 1e-6.
    learning_rate_init : float or 'auto', default=0.001
        α; not used by 'lbfgs'. 'auto' searches for it before the first epoch, on the rows that are learned
        from: a hundred rates from 1e-6 to 10 are tried, a batch each, and a tenth of the one at which the
        smoothed cost was lowest is taken, see ``learning_rate_`` and ``rate_search_``. A fit that continues
        (``partial_fit``, ``warm_start``) keeps it.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int, default=200
        Epochs, each a pass over the examples ('lbfgs': iterations).
    shuffle : bool, default=True
        Take the examples in a new order in each epoch.
    random_state : int, RandomState or None, default=None
        Where the initial values, the order of the examples, dropout and the validation part come
        from. An int gives the same fit bit for bit, and the initial values of
        ``Network(…, initialization=…, seed=…)``.
    tol : float, default=1e-4
        What counts as an improvement; for 'lbfgs' the largest entry of the gradient that is small enough.
    verbose : bool or int, default=False
        Print the cost of each epoch on stdout, as scikit-learn does.
    warm_start : bool, default=False
        ``fit`` continues from the parameters of the last fit (with a new state of the optimizer).
    momentum : float, default=0.9
        β of 'sgd': v := β·v - α·g.
    nesterovs_momentum : bool, default=True
        Nesterov's momentum; else classical.
    early_stopping : bool, default=False
        Stop when the score on validation data stalls, and keep the parameters of the best epoch. The data are
        those that ``fit`` was given as ``X_val`` and ``y_val``, else a part of the training data. Not used by
        'lbfgs'.
    validation_fraction : float, default=0.1
        The part that early stopping holds out, at least two examples; classes keep their shares.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moving averages of 'adam'.
    epsilon : float, default=1e-8
        Guard of the division of 'adam': √s + ε, before the correction of s.
    n_iter_no_change : int or inf, default=10
        Training ends after more than so many epochs without improvement by ``tol``. ``inf`` lets a schedule
        run to its end.
    max_fun : int, default=15000
        Greatest number of evaluations of the cost, for 'lbfgs'.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber', ``{"smoothing": 0.1}`` for the share
        of each label that 'cross_entropy' spreads evenly over all classes, or ``{"levels": [0.1, 0.9]}`` for
        'quantile'.
    optimizer_params : mapping, default=None
        Of a solver in ``OPTIMIZERS``, for example ``{"beta1": 0.95}``. Those of 'adam' go before ``beta_1``,
        ``beta_2`` and ``epsilon``; its ``{"epsilon_at": "outside"}`` puts ε after the correction of s.
    weight_decay : float, default=None
        λ of decoupled weight decay, θ := (1 - α·λ)·θ before each update; None is the solver's own (0.01 for
        'adamw', else 0).
    dropout : float or sequence of float, default=0.0
        Probability with which a unit of a hidden layer is left out of a step: one for all, or one for each.
    normalization : {'none', 'batch', 'layer'} or sequence of these, default='none'
        Normalization of the hidden layers: one for all, or one for each.
    initialization : str or mapping, default='glorot'
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``. 'glorot' has the
        variance of scikit-learn's, so results compare; 'he' keeps the size of signals through relu layers;
        'data' fits weights and biases to the training inputs. A mapping ``{"W1": …, "b1": …}`` of arrays
        (n_l, n_{l-1}) and (n_l, 1), such as ``network_.parameters``, starts from these values.
    clip_norm : float, default=None
        Greatest norm of the whole gradient.
    lr_multipliers : mapping, default=None
        Factors of the learning rate for parameters by name or pattern, such as ``{"b*": 0.1, "W1": 6}``.
    schedule : str, mapping or callable, default=None
        Factor of the learning rate as a function of the fraction of training done, of ``max_iter`` or of
        ``time_budget``, whichever is further: a name in ``deepstep.training.SCHEDULES`` such as 'cosine', a
        mapping with settings such as ``{"name": "cosine", "warm_up": 0.1}``, or a function of t from 0 to 1.
        'plateau', and ``{"name": "plateau", "quantity": "validation_cost", "patience": 5}``, fall when
        training stalls. A mapping by the names "schedule", "weight_decay_schedule" and "dropout_schedule" has
        one of these for each, for the factors of the weight decay and of the dropout, too.
    time_budget : float, default=None
        Seconds after which training ends, if it has not before, but not before one epoch is done; schedules
        run by the clock then, which begins with the first step.
    scoring : str, callable or None, default=None
        What validation data are scored with: the name of a scikit-learn metric, a
        ``scorer(estimator, X, y)``, None for the estimator's own ``score``, or 'loss' for minus the cost, as
        greater scores are better. Early stopping goes by it. Refused where nothing is validated.
    refit : bool, default=False
        After early stopping, and refused without it or with 'lbfgs', train again, from the same start, on the
        training and the validation data together, for as many epochs as it took to the best one. Rates by
        the clock (``time_budget``) or by the course of training ('plateau') cannot be repeated and are
        refused; 'adaptive' goes by the cost.
    engine : {'auto', 'reference', 'compiled', 'torch'}, default='auto'
        What runs the training; ``'torch:cuda'``, ``'torch:cpu'``, … are the torch engine on that device.
    dtype : {'auto', 'float32', 'float64', 'bfloat16'}, default='auto'
        Precision of the network. 'auto' is that of X, as in scikit-learn's network: float32 for an array of
        float32, else float64; float64 for 'lbfgs', whose line search needs the digits. 'bfloat16' is the
        precision of the products of matrices in training, which the torch engine does; the parameters are
        float32.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Objects, or functions that take the record of each epoch, whose new entries go into the history. With
        ``refit`` they see both trainings.
    checkpoint_dir : str, Path or ModelCheckpoint, default=None
        Folder into which ``fit`` writes checkpoints, now and then and at Ctrl-C; a
        `deepstep.training.ModelCheckpoint` says how often, too. Each fit needs its own.
    resume : bool, default=False
        Go on from the newest checkpoint of ``checkpoint_dir``, and begin where there is none: the same
        call starts a fit, and after a kill ends with the same bits. Other data or parameters are refused,
        except ``max_iter`` where no schedule depends on it; a ``random_state`` that is no int takes the seed
        that was drawn.
    """

    hidden_layer_sizes: Annotated[Any, "array-like", COUNT] = (100,)
    activation: Annotated[Any, str, "array-like"] = "relu"
    _: KW_ONLY
    solver: Annotated[str, str] = "adam"
    alpha: Annotated[float, AT_LEAST_0] = 0.0001
    batch_size: Annotated[int | str, StrOptions({"auto"}), COUNT] = "auto"
    learning_rate: Annotated[str, StrOptions({"constant", "invscaling", "adaptive"})] = "constant"
    learning_rate_init: Annotated[float | str, StrOptions({"auto"}), ABOVE_0] = 0.001
    power_t: Annotated[float, AT_LEAST_0] = 0.5
    max_iter: Annotated[int, COUNT] = 200
    shuffle: Annotated[bool, "boolean"] = True
    random_state: Annotated[Any, "random_state"] = None
    tol: Annotated[float, AT_LEAST_0] = 1e-4
    verbose: Annotated[bool | int, "verbose"] = False
    warm_start: Annotated[bool, "boolean"] = False
    momentum: Annotated[float, Interval(Real, 0, 1, closed="both")] = 0.9
    nesterovs_momentum: Annotated[bool, "boolean"] = True
    early_stopping: Annotated[bool, "boolean"] = False
    validation_fraction: Annotated[float, SHARE] = 0.1
    beta_1: Annotated[float, SHARE] = 0.9
    beta_2: Annotated[float, SHARE] = 0.999
    epsilon: Annotated[float, ABOVE_0] = 1e-8
    n_iter_no_change: Annotated[float, COUNT, Options(Real, {np.inf})] = 10
    max_fun: Annotated[int, COUNT] = 15000
    loss_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    optimizer_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    weight_decay: Annotated[float | None, AT_LEAST_0, None] = None
    dropout: Annotated[Any, SHARE, "array-like"] = 0.0
    normalization: Annotated[Any, str, "array-like"] = "none"
    initialization: Annotated[Any, str, Mapping] = "glorot"
    clip_norm: Annotated[float | None, ABOVE_0, None] = None
    lr_multipliers: Annotated[Mapping[str, float] | None, Mapping, None] = None
    schedule: Annotated[Any, str, Mapping, ReduceLROnPlateau, callable, None] = None
    time_budget: Annotated[float | None, ABOVE_0, None] = None
    scoring: Annotated[Any, str, callable, None] = None
    refit: Annotated[bool, "boolean"] = False
    engine: Annotated[str, str] = "auto"
    dtype: Annotated[str, StrOptions({"auto", "float32", "float64", BFLOAT16})] = "auto"
    callbacks: Annotated[Any, "array-like", Callback, callable, None] = None
    checkpoint_dir: Annotated[Any, str, Path, ModelCheckpoint, None] = None
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

    @property
    def precision(self) -> np.dtype[Any] | None:
        """The precision of a new network; None for that of X."""
        if self.dtype == BFLOAT16:
            return np.dtype(np.float32)
        if self.dtype != "auto":
            return np.dtype(self.dtype)
        return np.dtype(np.float64) if self.solver == "lbfgs" else None


Class = TypeVar("Class", bound=type)


def documented(estimator: Class) -> Class:
    """A class decorator: the sections of the docstring begin with those that the bases have.

    The signature has plain types: the constraints are read from the annotations of the class.
    """
    text = cleandoc(estimator.__doc__ or "")
    for title in ("Parameters", "Attributes"):
        head = f"{title}\n{'-' * len(title)}\n"
        for base in estimator.__mro__[1:]:
            _, separator, section = cleandoc(base.__dict__.get("__doc__") or "").partition(head)
            if separator:
                text = text.replace(head, head + section.partition("\n\n")[0] + "\n")
    estimator.__doc__ = text
    init: Any = vars(estimator)["__init__"]
    init.__annotations__ = {**get_type_hints(init), "return": None}
    return estimator
