"""``deepstep train`` by the estimators: from the options and the rows of a table to a run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings, filterwarnings, simplefilter

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from deepstep.cli.groups_and_time import in_time
from deepstep.cli.options import BFLOAT16, ENSEMBLES, SINGLE, TYPED, TrainOptions, flag_of
from deepstep.cli.screen import harmless
from deepstep.cli.settings import schedules_of
from deepstep.cli.split import Rows, TableSplit
from deepstep.cli.target import by_position, columns_of, weights_by_class
from deepstep.errors import DataError, DataWarning, spelled
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.ensemble import Ensemble
from deepstep.inspection.metrics import Scores, score
from deepstep.model.options import LBFGS
from deepstep.run import Run, few_rows
from deepstep.targets import NUMBER_LOSSES, Targets
from deepstep.training.checkpoints import KEPT
from deepstep.training.plan import UNTIL_TIME_IS_UP
from deepstep.training.scoring import COST
from deepstep.types import AnyArray

OF_LBFGS = {"tolerance": "tol", "evaluations": "max_fun"}
"""Parameters that the settings of L-BFGS are."""


def new_estimator(
    options: TrainOptions, preset: str, split: TableSplit, name: str
) -> DeepClassifier | DeepRegressor:
    """The estimator that learns a table, whose progress is shown under a name."""
    target, single = split.target, preset == SINGLE
    given: dict[str, Any] = {"preset": preset, "verbose": harmless(name) or "train"}
    for option, typed in TYPED.items():
        value = getattr(options, option)
        if typed.to != "" and value not in (None, ()) and (single or typed.of != "network"):
            given[typed.to or option] = value
    if split.survey is not None:
        given["stream"] = True
    if in_time(options) and not single:
        given["validation"] = "time"
    if single:
        given |= _of_one_network(options, validated=split.validation is not None)
    if target.is_classes:
        if options.label_smoothing is not None:
            given["label_smoothing"] = options.label_smoothing
        if not target.several:
            given["classes"] = target.labels[0]
        loss = "ordinal" if target.is_ordered else "cross_entropy"
        return DeepClassifier(loss=loss, class_weight=_class_weight(target, options), **given)
    loss = next(name for name, head in NUMBER_LOSSES.items() if head == target.head)
    if loss == "huber":  # a delta is asked for in the target's deviations
        delta = 1.0 if options.huber_delta is None else options.huber_delta
        given["loss_params"] = {"delta": delta * split.deviation}
    return DeepRegressor(loss=loss, quantiles=target.levels or None, **given)


def _of_one_network(options: TrainOptions, *, validated: bool) -> dict[str, Any]:
    """Parameters that several options make, or that one makes several of."""
    given: dict[str, Any] = dict(schedules_of(options, validated=validated))
    given["early_stopping"] = options.patience is not None
    if validated:
        given["scoring"] = options.scoring or COST
    if options.iterations is None:
        given["max_iter"] = UNTIL_TIME_IS_UP
    if options.precision is not None:
        narrow = options.precision == BFLOAT16
        given |= {
            "dtype": "float32" if narrow else options.precision,
            "precision": BFLOAT16 if narrow else None,
        }
    if options.optimizer == LBFGS:
        settings = options.optimizer_params or {}
        given |= {"optimizer_params": None, **{OF_LBFGS[name]: value for name, value in settings.items()}}
    return given


def _class_weight(target: Any, options: TrainOptions) -> Any:
    """As the estimator takes it, by label; by 0 and 1 of several columns."""
    if options.class_weight is None:
        return None
    found = by_position(options.class_weight, target)
    if target.several or isinstance(found, str):
        return found
    return {target.labels[0][position]: weight for position, weight in found[0].items()}


def fit(estimator: DeepClassifier | DeepRegressor, split: TableSplit, options: TrainOptions) -> None:
    """Fit an estimator to the rows that are learned from."""
    validation: dict[str, Any] = {}
    if split.validation is not None and (split.survey is None or options.validation is not None):
        X, y, weight = _given(split, split.validation)
        validation = {"X_val": X, "y_val": y, "sample_weight_val": weight}
    with spelled(flag_of), _told_by_the_command():
        if split.survey is not None:
            estimator.fit(split.survey, options.targets[0], options.sample_weight, **validation)
        else:
            groups = split.train.groups if estimator.preset in ENSEMBLES else None  # of one, split is enough
            estimator.fit(*_given(split, split.train), **validation, groups=groups)
    history = estimator.histories_[0]
    if not history and not estimator.interrupted_:
        # L-BFGS has nothing to do where the gradient is small from the beginning
        raise DataError("--optimizer lbfgs", "a cost that can be lowered", history.stopped)


def _given(split: TableSplit, rows: Rows) -> tuple[Any, AnyArray, Any]:
    """X, y and weights of rows; of the columns that no feature is made of, some may be missing."""
    from deepstep.environment import polars

    names = [name for name in split.train.frame.columns if name not in split.without]
    missing = [polars.lit(None).alias(name) for name in names if name not in rows.frame.columns]
    return rows.frame.with_columns(missing)[names], _labels(split.target, rows.labels), rows.weight


def _labels(target: Targets, labels: Any) -> AnyArray:
    """y of some rows: labels, of several columns 0 and 1, or numbers."""
    values = target.values(labels)
    return np.asarray(target.labels[0])[values] if target.is_classes and not target.several else values


@contextmanager
def _told_by_the_command() -> Iterator[None]:
    """Leave out warnings about what the command says itself."""
    with catch_warnings():
        for category in (DataWarning, ConvergenceWarning):
            simplefilter("ignore", category)
        for said in ("Training interrupted by user", "learning_rate_init='auto' found no rate", "batch_size"):
            filterwarnings("ignore", said)
        yield


def run_of(
    ensemble: DeepClassifier | DeepRegressor | Ensemble, split: TableSplit, config: dict[str, Any]
) -> Run:
    """The run of a fitted estimator, or of an ensemble alone, with some of the training rows."""
    preparation = Preparation(split.inputs, split.target)
    if isinstance(ensemble, Ensemble):
        run = Run(ensemble, preparation, config)
    else:
        ensemble.set_params(**dict.fromkeys(OF_ONE_CALL), keep_checkpoints=KEPT, resume=False, verbose=False)
        run = Run.of(ensemble, config, preparation=preparation)
    run.examples = run.examples_of(split.train.frame, split.train.labels)
    return run


OF_ONE_CALL = ("callbacks", "checkpoint_dir", "checkpoint_every")
"""Parameters of an estimator that are those of one call of the command."""


def weights(split: TableSplit, learned: Sequence[Rows], options: TrainOptions) -> dict[str, Any]:
    """The weights of classes and of the rows that are kept, as the config of a run has them."""
    target, known, whole = split.target, {}, None
    if split.train.weight is not None:
        whole = np.concatenate([rows.weight for rows in learned if rows.weight is not None])
        known["example_weights"] = split.train.weight[few_rows(len(split.train.weight))].tolist()
    if options.class_weight is not None and target.is_classes:
        answers = np.concatenate([target.values(rows.labels) for rows in learned])
        found = weights_by_class(options.class_weight, target, columns_of(answers), whole)
        of_each = [one.tolist() for one in found]
        known["class_weights"] = of_each if target.several else of_each[0]
    return known


def scores(run: Run, split: TableSplit, learned: Sequence[Rows]) -> dict[str, Scores]:
    """Scores of the rows that were learned from, by all networks and by those that did not learn them, and of
    the rows that were held out.
    """
    target = run.targets

    def of(*parts: Rows) -> Scores:
        answers = np.concatenate([target.values(rows.labels) for rows in parts])
        outputs = np.concatenate([run.outputs(rows.frame) for rows in parts])
        of_rows = [rows.weight for rows in parts if rows.weight is not None]
        return score(
            target, answers, outputs, np.concatenate(of_rows) if of_rows else None, run.predictor.tempered
        )

    found, A = {"train": of(*learned)}, run.ensemble.out_of_fold
    if A is not None:
        weight, answers = split.train.weight, target.values(split.train.labels)
        kept = slice(None) if weight is None else weight > 0
        known = np.isfinite(A).all(axis=1)
        of_known = None if weight is None else weight[kept][known]
        found["out_of_fold"] = score(target, answers[kept][known], A[known], of_known, run.predictor.tempered)
    if split.validation is not None and len(learned) == 1 and run.ensemble.members[0].preset.name == SINGLE:
        found["validation"] = of(split.validation)
    return found if split.test is None else {**found, "test": of(split.test)}
