"""Metrics of predictions, by `sklearn.metrics`, beside those of a baseline that needs no network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_formats import number_text
from deepstep.environment import package
from deepstep.equations.ops import symbol_and_layer
from deepstep.errors import unknown_name
from deepstep.network import Architecture, Parameters
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

UNEVEN = 1.5  # ratio of the largest class to the smallest one, from which on recall is shown by class
MOST_RECALLS = 12  # most classes of which each has a recall


NONE = np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions for rows with a weight above 0, of one target."""

    true: AnyArray  # (m,), positions of classes, or numbers
    predicted: AnyArray  # the same
    weight: Array | None
    P: Array = field(default_factory=lambda: NONE)  # (m, n_classes), probabilities
    quantiles: Array = field(default_factory=lambda: NONE)  # (m, n_levels), for the loss 'quantile'

    def baseline(self) -> "Predictions":
        """Predictions by the target alone: the largest class with the class frequencies, or the mean."""
        if not self.P.size:
            mean = np.average(self.true, weights=self.weight)
            return replace(self, predicted=np.full(len(self.true), mean))
        sizes = np.bincount(self.true, self.weight, minlength=self.P.shape[1])
        majority = np.full(len(self.true), sizes.argmax())
        return replace(
            self, predicted=majority, P=np.broadcast_to(sizes / sizes.sum(), (len(majority), len(sizes)))
        )


def _sums_to_1(predictions: Predictions) -> Array:
    P = predictions.P.astype(np.float64)
    return np.asarray(P / P.sum(axis=1, keepdims=True))


def _by(
    name: str,
    scored: Callable[[Predictions], Any] = lambda p: p.predicted,
    options: Callable[[int], Mapping[str, Any]] = lambda n_classes: {},
) -> Callable[[Predictions], float]:
    """A metric of scikit-learn of true values and what is ``scored``: answers, or probabilities."""

    def function(p: Predictions) -> float:
        metrics = package("sklearn.metrics")  # takes a while, and not every command needs it
        chosen = options(p.P.shape[1])
        return float(getattr(metrics, name)(p.true, scored(p), sample_weight=p.weight, **chosen))

    return function


_f1 = _by("f1_score", options=lambda n: {"average": "binary" if n == 2 else "macro", "zero_division": np.nan})
_roc_auc = _by(
    "roc_auc_score",
    lambda p: _sums_to_1(p)[:, 1] if p.P.shape[1] == 2 else _sums_to_1(p),
    lambda n: {} if n == 2 else {"multi_class": "ovr", "labels": range(n)},
)
_average_precision = _by(
    "average_precision_score",
    lambda p: _sums_to_1(p)[:, 1] if p.P.shape[1] == 2 else _sums_to_1(p),
    lambda n: {} if n == 2 else {"average": "macro"},
)
_log_loss, _brier = (
    _by(name, _sums_to_1, lambda n: {"labels": range(n)}) for name in ("log_loss", "brier_score_loss")
)


def recalls(p: Predictions) -> Array:
    """The recall of each class, NaN for a class without rows."""
    options: dict[str, Any] = {"labels": range(p.P.shape[1]), "average": None, "zero_division": np.nan}
    recall_score = package("sklearn.metrics").recall_score
    return np.asarray(recall_score(p.true, p.predicted, sample_weight=p.weight, **options))


def _poisson_deviance(p: Predictions) -> float:
    # a mean that is rounded to 0 is that of an event which is almost never seen
    return _by("mean_poisson_deviance")(replace(p, predicted=np.maximum(p.predicted, np.finfo(float).tiny)))


def _balanced_accuracy(p: Predictions) -> float:
    return float(np.nanmean(recalls(p)))


def _within_one(p: Predictions) -> float:
    return float(np.average(np.abs(p.predicted - p.true) <= 1, weights=p.weight))


def _coverage(p: Predictions) -> float:
    low, high = p.quantiles[:, 0], p.quantiles[:, -1]
    return float(np.average((low <= p.true) & (p.true <= high), weights=p.weight))


def _one_class(p: Predictions) -> str:
    missing = p.P.shape[1] - len(np.unique(p.true))
    have = "has" if missing == 1 else "have"
    return f"{missing} of {p.P.shape[1]} classes {have} no rows" if missing else ""


def _no_positives(p: Predictions) -> str:
    if p.P.shape[1] > 2 or p.true.any() or p.predicted.any():
        return ""
    return "no row is, or is predicted to be, of the second class"


def _constant(p: Predictions) -> str:
    return "all targets are equal" if np.ptp(p.true) == 0 else ""


def percent(share: float) -> str:
    """A share as text.

    >>> percent(0.98565)
    '98.56 %'
    """
    return f"{100 * share:.2f} %"


def four_digits(value: float) -> str:
    """Four digits behind the point; far from 0, where a training has diverged, four in all.

    >>> four_digits(0.98765), four_digits(-1.5e271)
    ('0.9877', '-1.5e+271')
    """
    return f"{value:.4f}" if abs(value) < 1e4 else f"{value:.4g}"


class Metric(NamedTuple):
    """A metric of predictions."""

    name: str  # in JSON
    label: str  # for people
    task: str  # "classes", "ordered classes", "numbers", "counts" or "quantiles"
    larger_is_better: bool
    function: Callable[[Predictions], float]
    shown: Callable[[float], str] = four_digits  # the value as text
    baseline: str = ""  # the prediction of the baseline that has it, too: "majority", "prior" or "mean"
    undefined: Callable[[Predictions], str] = lambda p: ""  # why rows have no such metric


_classes, _mae = "{:.3f}".format, _by("mean_absolute_error")

METRICS: tuple[Metric, ...] = (
    Metric("accuracy", "accuracy", "classes", True, _by("accuracy_score"), percent, "majority"),
    Metric("balanced_accuracy", "balanced accuracy", "classes", True, _balanced_accuracy, percent),
    Metric("f1", "F1", "classes", True, _f1, undefined=_no_positives),
    Metric("roc_auc", "ROC AUC", "classes", True, _roc_auc, undefined=_one_class),
    Metric(
        "average_precision", "average precision", "classes", True, _average_precision, undefined=_one_class
    ),
    Metric("log_loss", "log loss", "classes", False, _log_loss, baseline="prior"),
    Metric("brier_score", "Brier score", "classes", False, _brier, baseline="prior"),
    Metric("distance", "mean distance in classes", "ordered classes", False, _mae, _classes),
    Metric("within_one", "within one class", "ordered classes", True, _within_one, percent),
    Metric("rmse", "RMSE", "numbers", False, _by("root_mean_squared_error"), number_text, "mean"),
    Metric("mae", "MAE", "numbers", False, _mae, number_text, "mean"),
    Metric("r2", "R²", "numbers", True, _by("r2_score"), undefined=_constant),
    Metric("deviance", "Poisson deviance", "counts", False, _poisson_deviance, number_text, "mean"),
    Metric("coverage", "within the outer quantiles", "quantiles", True, _coverage, percent),
)
"""The metrics in the order in which they are shown."""

OF_SECOND = ("f1", "average_precision")
"""Metrics that of two classes are those of the second."""

BASELINES = {"majority": "majority class", "prior": "class frequencies", "mean": "mean"}
"""Predictions of the baseline, by the first word of the metric's name."""

OTHERS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "threshold": ("threshold", four_digits),
    "all_right": ("all targets correct", percent),
    "mean_r2": ("mean R²", four_digits),
    "recall": ("recall", percent),
    "rows": ("rows", "{:,}".format),
}
"""Figures that are no metric of one target, with their labels and formats."""


def metrics_of(target: Targets) -> list[Metric]:
    """The metrics of one column of a target."""
    if target.is_classes:
        tasks = ["classes", *(["ordered classes"] if target.is_ordered else [])]
    else:
        tasks = ["numbers", *(["counts"] if target.head == "poisson" else [])]
        tasks += ["quantiles"] if len(target.levels) > 1 else []
    return [metric for metric in METRICS if metric.task in tasks]


def predictions_of(
    target: Targets,
    true: AnyArray,
    outputs: Array,
    weight: Array | None = None,
    reported: Callable[[Array], Array] = lambda P: P,
) -> list[Predictions]:
    """The predictions of each column by outputs (m, n_outputs); ``reported`` turns the probabilities."""
    if weight is not None:  # rows of weight 0 are left out
        used = weight > 0
        true, outputs, weight = true[used], outputs[used], weight[used]
    columns = true.reshape(len(true), target.n_columns).T
    if target.is_classes:
        decided = target.decide(outputs).reshape(columns.T.shape).T
        P = target.by_column(reported(target.probabilities(outputs)))
        each = zip(columns, decided, P, strict=True)
        return [Predictions(true, predicted, weight, column_P) for true, predicted, column_P in each]
    predicted = target.decode(outputs).reshape(columns.T.shape).T
    quantiles = outputs if len(target.levels) > 1 else NONE
    pairs = zip(columns, predicted, strict=True)
    return [Predictions(*pair, weight, quantiles=quantiles) for pair in pairs]


def evaluate(metric: Metric, p: Predictions) -> float | str:
    """The value of a metric, or the reason why there is none."""
    reason = "no row has a weight above 0" if not len(p.true) else metric.undefined(p)
    if not reason and not all(np.isfinite(values).all() for values in (p.predicted, p.P)):
        reason = "predictions are not finite"
    if reason:
        return reason
    with np.errstate(over="ignore", invalid="ignore"):
        value = metric.function(p)
    return "it is not defined for these rows" if isnan(value) else value


class Scores(NamedTuple):
    """Values of the metrics by name, of several targets by column; ``undefined`` has why one is absent."""

    values: Mapping[str, Any]
    uneven: bool = False

    def lines(self, *, by_class: bool = False) -> list[tuple[str, str]]:
        """Label and text of each figure, of several targets column by column; "–" for undefined ones."""
        values, missing = self.values, self._undefined
        several = values.get("rmse", values.get("accuracy"))
        columns = list(several) if isinstance(several, Mapping) else [""]
        shown = _labels()
        rows: list[tuple[str, str]] = []
        for column in columns:
            suffix = f" of {column}" if column else ""
            for name, (label, text) in shown.items():
                value, second = values.get(name), values.get("second_class")
                if column:
                    value, second = (
                        v.get(column) if isinstance(v, Mapping) else None for v in (value, second)
                    )
                if second is not None and name in OF_SECOND:
                    label = f"{label} of {second}"
                if isinstance(value, Mapping):
                    keys = value.items() if name != "recall" or by_class else ()
                    rows += [(f"{label} of {key}", _text(text, entry)) for key, entry in keys]
                elif f"{name}{suffix}" in missing:
                    rows.append((f"{label}{suffix}", "–"))
                elif value is not None:
                    rows.append((f"{label}{suffix}", _text(text, value)))
        if columns != [""]:
            rows += [
                (OTHERS[name][0], _text(OTHERS[name][1], values[name])) for name in OTHERS if name in values
            ]
        return rows

    def notes(self) -> list[str]:
        """Why metrics are absent."""
        labels = _labels()
        return [
            f"{labels.get(name.partition(' of ')[0], (name,))[0]}{''.join(name.partition(' of ')[1:])}: {why}"
            for name, why in self._undefined.items()
        ]

    @property
    def _undefined(self) -> Mapping[str, str]:
        reasons = self.values.get("undefined")
        return reasons if isinstance(reasons, Mapping) else {}

    def to_dict(self) -> dict[str, Any]:
        """Plain types; the recall of a class without rows is NaN."""
        return dict(self.values)


def _text(shown: Callable[[Any], str], value: Any) -> str:
    if not isinstance(value, int | float) or isnan(value):
        return "–"
    return shown(value)


def _labels() -> dict[str, tuple[str, Callable[[Any], str]]]:
    """The label and the format of each figure, in their order."""
    labels: dict[str, tuple[str, Callable[[Any], str]]] = {}
    for metric in METRICS:
        labels[metric.name] = metric.label, metric.shown
        if metric.baseline:
            label = f"baseline {metric.label} ({BASELINES[metric.baseline]})"
            labels[f"{metric.baseline}_{metric.name}"] = label, metric.shown
    return {**labels, **OTHERS}


def score(
    target: Targets,
    true: AnyArray,
    outputs: Array,
    weight: Array | None = None,
    reported: Callable[[Array], Array] = lambda P: P,
) -> Scores:
    """Metrics of outputs for rows with these classes or numbers; the arguments are of `predictions_of`."""
    each = predictions_of(target, true, outputs, weight, reported)
    by_column = [_of_column(column, p) for column, p in zip(target.columns, each, strict=True)]
    rows: dict[str, Any] = {"rows": len(true)}
    uneven = any(scores.uneven for scores in by_column)
    if target.has_threshold:
        usual = np.array([[1 - target.threshold, target.threshold]])
        rows["threshold"] = float(reported(usual)[0, 1])
    if not target.several:
        return Scores({**rows, **by_column[0].values}, uneven)
    values: dict[str, Any] = {}
    for column, scores in zip(target.names, by_column, strict=True):
        for name, value in scores.values.items():
            if name == "undefined":
                why = {f"{metric} of {column}": reason for metric, reason in value.items()}
                values.setdefault(name, {}).update(why)
            elif name != "recall":
                values.setdefault(name, {})[column] = value
    if target.is_classes and len(true):
        right = np.all([p.predicted == p.true for p in each], axis=0)
        rows["all_right"] = float(np.average(right, weights=each[0].weight))
    elif values.get("r2"):
        rows["mean_r2"] = float(np.mean(list(values["r2"].values())))
    return Scores({**rows, **values}, uneven)


def _of_column(target: Any, p: Predictions) -> Scores:
    results = dict(_values(target, p))
    undefined = {name: reason for name, reason in results.items() if isinstance(reason, str)}
    values: dict[str, Any] = {name: value for name, value in results.items() if name not in undefined}
    uneven = False
    if target.is_classes and len(p.true):
        names, sizes = list(map(str, target.labels[0])), np.bincount(p.true)
        uneven = bool(sizes.max() > UNEVEN * sizes[sizes > 0].min())
        if len(names) == 2:
            values["second_class"] = names[1]
        if len(names) <= MOST_RECALLS:
            values["recall"] = dict(zip(names, recalls(p).tolist(), strict=True))
    elif "coverage" in values:
        values["levels"] = (target.levels[0], target.levels[-1])
    return Scores({**values, **({"undefined": undefined} if undefined else {})}, uneven)


def _values(target: Targets, p: Predictions) -> Iterator[tuple[str, float | str]]:
    for metric in metrics_of(target):
        yield metric.name, evaluate(metric, p)
        if metric.baseline and len(p.true):
            yield f"{metric.baseline}_{metric.name}", evaluate(metric, p.baseline())


SCORERS = {"root_mean_squared_error": "rmse", "mean_absolute_error": "mae"}
"""Names of scikit-learn's scorers, without "neg_", that have another name here."""


def main_metric(target: Targets, name: str | None = None, where: str = "metric") -> Metric:
    """The metric of a name, also of that of scikit-learn's scorer; by default accuracy or R².

    Raises a `ConfigurationError` where the target has none of this name.
    """
    known = {metric.name: metric for metric in metrics_of(target)}
    name = (name or ("accuracy" if target.is_classes else "r2")).removeprefix("neg_")
    name = SCORERS.get(name, name)
    if name not in known:
        raise unknown_name("metric", name, known, setting=where)
    return known[name]


class Importance(NamedTuple):
    """By how much a metric gets worse where a column is permuted.

    ``margin`` is that of the 95 % interval of the mean, by Student's t; NaN for a single permutation.
    """

    column: str
    mean: float
    margin: float


def permutation_importance(
    outputs: "Callable[[str, NDArray[np.intp]], Array]",
    best: float,
    n_rows: int,
    columns: Sequence[str],
    measured: Callable[[Array], float],
    *,
    larger_is_better: bool,
    repeats: int,
    seed: int,
    moved: Callable[[int, str], None] = lambda done, column: None,
) -> list[Importance]:
    """The importance of raw columns, the largest first (Breiman, Machine Learning 45, 2001).

    ``outputs`` are those where a column has its rows in some order, ``best`` is the metric of the rows as
    they are, and ``moved`` is called with the number of columns that are done and the name of the last one.
    """
    rng = np.random.default_rng(seed)
    sign = 1 if larger_is_better else -1
    # NaN without a degree of freedom
    factor = package("scipy.special").stdtrit(repeats - 1, 0.975) / sqrt(max(repeats - 1, 1))
    importances: list[Importance] = []
    for done, name in enumerate(columns, start=1):
        lost = np.empty(repeats)
        for repeat in range(repeats):
            lost[repeat] = sign * (best - measured(outputs(name, rng.permutation(n_rows))))
        importances.append(Importance(name, float(lost.mean()), float(factor * lost.std())))
        moved(done, name)
    return sorted(importances, key=lambda importance: -importance.mean)


def confusion(true: AnyArray, predicted: AnyArray, n_classes: int) -> NDArray[np.int64]:
    """How many rows of each class (row) got each answer (column)."""
    return np.asarray(package("sklearn.metrics").confusion_matrix(true, predicted, labels=range(n_classes)))


def figures(
    parts: Mapping[str, Scores], *, by_class: bool = True, decimal: str = "."
) -> tuple[list[list[str]], list[str]]:
    """Rows of a table with a column for each part of the rows, and the reasons why figures are absent."""
    columns = [dict(scores.lines(by_class=by_class)) for scores in parts.values()]
    labels = dict.fromkeys(label for column in columns for label in column)
    signs = str.maketrans(".,", ",.") if decimal == "," else {}  # the other sign separates thousands
    rows = [[label, *(column.get(label, "–").translate(signs) for column in columns)] for label in labels]
    notes = [
        f"{note} ({part.replace('_', ' ')})." for part, scores in parts.items() for note in scores.notes()
    ]
    return rows, notes


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned with spaces."""
    table = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def layer_names(shape: Architecture) -> list[str]:
    """The activation of each layer with its normalization; for the last one the head."""
    hidden = zip(shape.activations[:-1], shape.normalization, strict=True)
    names = [f"{'' if kind == 'none' else f'{kind} norm, '}{activation}" for activation, kind in hidden]
    return [*names, shape.output]


LAYERS = ("layer", "activation", "units", "W", "b", "parameters")  # the header of `layer_rows`


def layer_rows(shape: Architecture, parameters: Parameters) -> list[tuple[str, ...]]:
    """Layers with the shapes and numbers of their parameters."""
    inputs = ["input", *(["scaled"] if shape.input_scale else [])]
    inputs += [name.replace("_", " ") for name in shape.features]
    rows: list[tuple[str, ...]] = [("0", ", ".join(inputs), str(shape.n_inputs), "", "", "0")]
    for layer, name in enumerate(layer_names(shape), start=1):
        W, b = parameters[f"W{layer}"].shape, parameters[f"b{layer}"].shape
        sizes = (value.size for key, value in parameters.items() if symbol_and_layer(key)[1] == layer)
        rows.append((str(layer), name, str(W[0]), str(W), str(b), f"{sum(sizes):,}"))
    return rows
