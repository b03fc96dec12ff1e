"""The parameters of DeepClassifier and DeepRegressor: defaults, the values they may have, meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from inspect import get_annotations
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from deepstep.ensembles.presets import EFFORTS, Preset
from deepstep.ensembles.split import TIME
from deepstep.estimators.member_settings import check_parameters
from deepstep.estimators.network_parameters import ABOVE_0, COUNT
from deepstep.training import Callback

SPELLED = {
    "seed": "random_state",
    "epochs": "network_params['epochs']",
    "learning_rate": "network_params['learning_rate']",
    "batch_size": "network_params['batch_size']",
    "dropout": "network_params['dropout']",
    "layer_dims": "network_params['hidden_layers']",
    "precision": "network_params['precision']",
}
"""From the name of a training setting to the parameter that sets it."""


def parameter_of(setting: str) -> str:
    """The parameter that sets a training setting; empty for one that is not in `SPELLED`."""
    return SPELLED.get(setting, "")


@dataclass(eq=False, repr=False, match_args=False)
class DeepParameters(BaseEstimator):
    """The parameters of both estimators: constructor, signature, constraints and help.

    Parameters
    ----------
    effort : {'fast', 'balanced', 'best'}, default='balanced'
        How many presets are tried at most (`deepstep.ensembles.presets.SIZES`). ``n_estimators``, where it is
        set, decides in its place. With a ``time_budget`` the clock may make it fewer or more.
    time_budget : float, default=None
        Seconds that training may take, the preparation of the folds included. The networks share them, and
        each network that is begun gets at least one whole epoch: a budget too short for that is exceeded,
        with a warning. Schedules go by the share of the epochs or of the time that is used, whichever is
        greater. When the presets of ``effort`` are trained and the time that is left suffices for another
        one, further presets are trained, and then the same ones again with other initial values. With
        ``n_estimators`` or ``presets`` there are no further ones. Where rows are streamed, these are the
        seconds of the one network, from its first step on.
    scoring : str, callable or None, default=None
        The metric by which the number of epochs and, with the loss beside it, the weights of the presets are
        chosen, on rows that were held out: the name of a scikit-learn scorer, a function ``scorer(estimator,
        X, y)``, or None for the loss. The networks always learn by the loss, and by it presets are dropped
        after the first folds. Below 100 held-out rows of the rarest class, or of numbers in all, the loss is
        in place of the metric, and a warning says so. Where ``time_budget`` or ``network_params=
        {"patience": …}`` may end the training of a network, its best epoch is the one with the lowest
        validation cost. In place of the estimator a scorer gets an object whose predictions are those for the
        rows that were held out, and in place of their X an array with as many rows and no columns.
    validation : None, 'time', splitter or sequence, default=None
        Which rows the folds hold out. None draws them, classes in proportion; with ``fit(…, groups=…)`` whole
        groups. 'time' is for rows in the order of time: the later half is held out in blocks, each by a fold
        that learned from all rows before it alone (`sklearn.model_selection.TimeSeriesSplit`); rows of the
        first half are held out by none, and their ``oof_predictions_`` are NaN. The folds may also be
        given: by a splitter of scikit-learn, or as a list of pairs of row numbers (learned, held out).
    n_estimators : int or None, default=None
        Number of networks. Each preset is trained on every fold, so it is rounded up to a multiple of the
        number of folds: those of a splitter in ``validation``, else 5 at most. With validation data there is
        one fold, and no rounding. None for as many as ``effort`` plans for a table of this size.
    presets : str, Preset or sequence of these, default=None
        The presets to train, in place of those of ``effort``: names in `deepstep.ensembles.presets.PRESETS`,
        or `deepstep.ensembles.presets.Preset` objects.
    network_params : mapping, default=None
        Parameters for the networks of all members in place of the presets', under the names that
        `deepstep.Network` and `Network.train` have for them: ``{"epochs": 100, "dropout": 0.1}``, ….
        They are the fields of `deepstep.ensembles.presets.Preset` from ``hidden_layers`` on, and those of
        `deepstep.engines.Settings` except ``seed``.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber'.
    categorical_features : sequence of str, int or bool, or None, default=None
        Columns whose values are categories, also where they are numbers (postcodes): names, numbers from 0,
        or a mask of all columns. None decides by the values: texts are categories, numbers are not.
    keep_columns : sequence of str, default=None
        Columns that are kept as features even if they look like row numbers, which are left out otherwise.
    refit : bool, default=False
        Train one network of each selected preset again on all rows, also the newest ones of
        ``validation='time'``, for the epochs that the folds had best; they predict in place of the folds'
        networks. Weights, temperatures, ``oof_predictions_``, sets and intervals stay those of the folds'
        networks, which have learned fewer rows.
    engine : str, default='auto'
        What runs the training: 'auto', 'reference', 'compiled', 'torch', or ``'torch:cuda'``,
        ``'torch:cpu'``, … for the torch engine on that device.
    dtype : {'float32', 'float64'}, default='float32'
        Precision of the networks.
    n_jobs : int or None, default=None
        Members that are trained at the same time, each by one thread. -1 for all processors, -2 for all but
        one, …; None for as many threads as there are processors, or what ``joblib.parallel_config`` says.
        Predictions are the same bits for any value.
    random_state : int, RandomState or None, default=None
        Seed of the folds, the initial values, the order of the examples and dropout. An int gives the same
        fit bit for bit.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Callback objects, or functions that take the record of each epoch. They are called in the training of
        every member. Members are trained by several threads, but two calls never overlap.
        ``training.member`` is the pair (name of the preset, number of the fold, -1 where ``refit`` trains on
        all rows).
    checkpoint_dir : str or Path, default=None
        Folder into which ``fit`` writes its finished members, each as a folder: at once a member that took a
        second or more, and shorter ones together, every 5 seconds and at Ctrl-C. A fit of less than 5 seconds
        leaves its short members out. Where a fit has one network alone, as that of a table above 100,000
        rows, the network writes its checkpoints there, too. Each fit needs a folder of its own. Of rows
        in memory it is refused with a ``time_budget``, as the clock decides how long members are trained.
    resume : bool, default=False
        Go on from what is in ``checkpoint_dir``, or begin where nothing is there: the same call starts a fit
        and, after it was killed, continues it to the same bits. Only the members that are not in the folder
        are trained. ``n_jobs``, ``verbose``, ``callbacks`` and ``refit`` may differ from those of the call
        before, and the folder may have been moved; callbacks that keep a state must be the same where the fit
        has one network alone. Other data are refused, and so are other values of all other parameters
        (where rows are streamed, of those that the training of the network depends on; ``engine`` is not
        compared there). Where ``random_state`` is no int, the seed that was drawn before is taken. A damaged
        member is trained again, with a warning.
    verbose : bool, int or str, default=False
        Show progress on stderr. A text is its label, in place of the name of the class. An int is True from
        1 on. The logger ``deepstep`` has the progress at the level INFO in any case.
    stream : bool or None, default=None
        Where X is a path (Parquet, a folder of Parquet parts, .npy) and y the name of a column: whether
        the rows stay in the files and are read again in each epoch, or are read into memory. None streams
        from 256 MB on. Memory-mapped arrays are streamed with True alone.
    """

    _: KW_ONLY
    # A parameter that is a name, such as `engine` or the `loss` of a subclass, may be any str here. It is
    # checked where it is looked up: names that users have registered are known there, and the error has the
    # nearest one.
    effort: Annotated[str, StrOptions({*EFFORTS})] = "balanced"
    time_budget: Annotated[float | None, ABOVE_0, None] = None
    scoring: Annotated[Any, str, callable, None] = None
    validation: Annotated[
        Any, StrOptions({TIME}), HasMethods(["split", "get_n_splits"]), "array-like", None
    ] = None
    n_estimators: Annotated[int | None, COUNT, None] = None
    presets: Annotated[Any, str, Preset, "array-like", None] = None
    network_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    loss_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    categorical_features: Annotated[Any, "array-like", None] = None
    keep_columns: Annotated[Sequence[str] | None, "array-like", None] = None
    refit: Annotated[bool, "boolean"] = False
    engine: Annotated[str, str] = "auto"
    dtype: Annotated[str, StrOptions({"float32", "float64"})] = "float32"
    n_jobs: Annotated[int | None, COUNT, Interval(Integral, None, -1, closed="right"), None] = None
    random_state: Annotated[Any, "random_state"] = None
    callbacks: Annotated[Any, "array-like", Callback, callable, None] = None
    checkpoint_dir: Annotated[str | Path | None, str, Path, None] = None
    resume: Annotated[bool, "boolean"] = False
    verbose: Annotated[bool | int | str, "verbose", str] = False
    stream: Annotated[bool | None, "boolean", None] = None

    # filled by `__init_subclass__`
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Fill `_parameter_constraints` from the annotations of the bases, then of the class itself."""
        super().__init_subclass__(**kwargs)
        cls._parameter_constraints = {
            name: [*annotation.__metadata__]
            for base in reversed(cls.__mro__)
            for name, annotation in get_annotations(base).items()
            if hasattr(annotation, "__metadata__")
        }

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, as `sklearn.base.BaseEstimator.set_params` does.

        Parameters
        ----------
        **params
            New values.

        Returns
        -------
        self
            The estimator; `fit` takes the values.

        Raises
        ------
        TypeError
            For a parameter of a network, with its place in ``network_params``.

        Examples
        --------
        >>> from deepstep import DeepClassifier
        >>> DeepClassifier().set_params(effort="fast").effort
        'fast'
        """
        check_parameters(type(self), params)
        super().set_params(**params)
        return self
