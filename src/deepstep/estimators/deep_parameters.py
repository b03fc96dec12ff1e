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
from deepstep.estimators.moved import check_moved
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
"""Settings of a training by the names of the parameters that they come from."""


def parameter_of(setting: str) -> str:
    """The name of a setting among the parameters; empty where it is the same."""
    return SPELLED.get(setting, "")


@dataclass(eq=False, repr=False, match_args=False)
class DeepParameters(BaseEstimator):
    """The parameters of both estimators: constructor, signature, constraints and help.

    Parameters
    ----------
    effort : {'fast', 'balanced', 'best'}, default='balanced'
        How many presets are tried at most, see `deepstep.ensembles.presets.SIZES`; a given
        ``n_estimators`` goes before it, and a ``time_budget`` ends or extends a fit by the clock.
    time_budget : float, default=None
        Seconds after which training ends, if it has not before, but not before one epoch is done; schedules
        run by the clock then. All of it is used: when the presets of ``effort`` are trained, they come again
        with other initial values, a few at a time, as long as what is left suffices for one more (with
        ``n_estimators`` or ``presets``, no further ones).
    scoring : str, callable or None, default=None
        The metric by which the epochs, the presets and their weights are chosen, on rows that were held out:
        the name of a scikit-learn scorer, a ``scorer(estimator, X, y)``, or None for the loss. A scorer sees
        predictions for rows, X without columns. Training itself goes by the loss: where ``time_budget`` or
        ``network_params={"patience": …}`` end it, they choose the epochs.
    validation : None, 'time', splitter or sequence, default=None
        Which rows the folds hold out. None draws them, classes in proportion; with ``fit(…, groups=…)`` whole
        groups. 'time' is for rows in the order of time: the later half is held out in blocks, each by a fold
        that learned from all rows before it alone (`sklearn.model_selection.TimeSeriesSplit`); rows of the
        first half are held out by none, and their ``oof_predictions_`` are NaN. A splitter of scikit-learn,
        or a list of pairs of row numbers (learned, held out), gives the folds that it says.
    n_estimators : int or None, default=None
        Networks of the ensemble, with folds (without validation data) rounded up to whole folds; None for as
        many as ``effort`` and the table's size ask for.
    presets : str, Preset or sequence of these, default=None
        What is tried in place of the population: names in `deepstep.ensembles.presets.PRESETS`, or
        `deepstep.ensembles.presets.Preset` objects.
    network_params : mapping, default=None
        Parameters that hold for the networks of all members in place of the presets', in the words of
        `deepstep.Network` and `Network.train`: for example ``{"epochs": 100, "dropout": 0.1}``. Their names
        are the fields of `deepstep.ensembles.presets.Preset` from ``hidden_layers`` on, and those of
        `deepstep.engines.Settings`.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber'.
    categorical_features : sequence of str, int or bool, or None, default=None
        Columns whose values are categories, also where they are numbers (postcodes): names, numbers from 0,
        or a mask of all columns. None tells them by their values: columns of texts are, numbers are not.
    keep_columns : sequence of str, default=None
        Columns that are features even if they look like numbers of the rows, which are left out otherwise.
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
        Where folds, initial values, the order of the examples and dropout come from. An int
        gives the same fit bit for bit.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Objects, or functions that take the record of each epoch, called for all members, by one thread at a
        time: ``training.member`` is (preset, fold).
    checkpoint_dir : str or Path, default=None
        Folder into which ``fit`` writes its finished members, a folder for each: at once after a training of
        a second, else every 5 seconds and at Ctrl-C; a shorter fit leaves none. The only network of one, as
        of a table above 100,000 rows, has checkpoints, too. Each fit needs its own. Refused with a
        ``time_budget``, as the clock decides how long members are trained.
    resume : bool, default=False
        Go on from what is in ``checkpoint_dir``, and begin where there is nothing: the same call starts a
        fit, and after a kill ends with the same bits. Only the members that are not in the folder are
        trained; of the parameters ``n_jobs`` and ``verbose`` may be others. Other data or parameters are
        refused; a ``random_state`` that is no int takes the seed that was drawn. A damaged member is trained
        again, with a warning.
    verbose : bool or str, default=False
        Show progress on stderr, a text under this name.
    stream : bool or None, default=None
        Where X is a path (Parquet, a folder of Parquet parts, .npy) and y the name of a column: whether
        the rows stay there and are read again in each epoch, or go into memory; None for the rule, which
        streams from 256 MB on. Memory-mapped arrays stay where they are with True alone.
    """

    _: KW_ONLY
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
            For a parameter of 0.2, with its new place.

        Examples
        --------
        >>> from deepstep import DeepClassifier
        >>> DeepClassifier().set_params(effort="fast").effort
        'fast'
        """
        check_moved(type(self), params)
        super().set_params(**params)
        return self
