"""Why a model predicts what it predicts: the contribution of each column to each prediction.

Integrated gradients (Sundararajan, Taly & Yan, Axiomatic attribution for deep networks, ICML 2017, arXiv
1703.01365) along the straight way of all networks' inputs from an average row to the row that is explained.
Contributions add up to the prediction minus the prediction for the average row, up to the error of the
quadrature, which is stated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_formats import html_table, number_text
from deepstep.ensembles.calibration import TINY, with_temperature
from deepstep.ensembles.ensemble import Ensemble, Member
from deepstep.ensembles.predictor import Predictor, predictor_of
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.equations import Graph
from deepstep.equations.ops import Tape, backward
from deepstep.inspection.metrics import text_table
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.targets import PROBABILITIES, Targets
from deepstep.types import AnyArray, Array

LEAST_POINTS, MOST_POINTS = 16, 512
"""Points of a way at which gradients are taken: they are doubled for rows whose error is too large."""

TOLERANCE = 5e-3
"""Error of the sum of a row's contributions that ends the doubling, as a share of what they explain."""

TOLERANCE_OF_PROBABILITIES = 1e-3
"""Error that is small enough for probabilities, however little they explain."""

ROUNDING = 1e-6
"""Error, as a share of a predicted number, that comes from rounding in float32."""

NUMBERS_AT_ONCE = 2**23
"""Inputs that are in memory at once."""

SHOWN_ROWS, SHOWN_COLUMNS = 10, 3
"""Rows, and columns of a row, in the text of an explanation."""


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Contributions of columns to predictions.

    Attributes
    ----------
    columns : tuple of str
        The columns of the table, or names of the inputs where there is no table.
    outputs : tuple of str
        The outputs that are explained: of two classes the second one, of more classes each, of numbers the
        targets or quantiles.
    contributions : ndarray of shape (m, n_columns, n_outputs)
        How much each column moves an output away from that for the average row: probabilities of classes, or
        numbers in the target's unit.
    predictions : ndarray of shape (m, n_outputs)
        The outputs.
    base : ndarray of shape (n_outputs,)
        The outputs for the average row, each feature of which is at its mean over the training rows: numbers
        at theirs, categories and marks of missing values at their shares. Without a table all inputs are 0.
    error : ndarray of shape (m,)
        The largest difference between ``contributions.sum(axis=1)`` and ``predictions - base`` in a row.
    explained : ndarray of shape (m,)
        The number of the output of each row that `strongest` speaks of: the most probable class, the quantile
        next to the median; of several targets the first.

    Examples
    --------
    >>> from deepstep import NetworkRegressor, TableEncoder, explain
    >>> from sklearn.pipeline import make_pipeline
    >>> import polars
    >>> table = polars.DataFrame({"rooms": [1.0, 2.0, 3.0, 6.0], "floor": [0.0, 2.0, 1.0, 1.0]})
    >>> model = make_pipeline(TableEncoder(), NetworkRegressor((), solver="lbfgs", alpha=0, random_state=1))
    >>> model = model.fit(table, [10.0, 22.0, 31.0, 61.0])  # 10·rooms + floor
    >>> explanation = explain(model, table)
    >>> explanation.base.round(2), explanation.contributions[3, :, 0].round(2)
    (array([31.]), array([30.,  0.]))
    >>> explanation.strongest(1)[3][0][0]
    'rooms'
    """

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    contributions: Array
    predictions: Array
    base: Array
    error: Array
    explained: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.predictions)

    def strongest(self, k: int = SHOWN_COLUMNS) -> list[tuple[tuple[str, float], ...]]:
        """The columns that move each prediction most.

        Parameters
        ----------
        k : int, optional
            How many columns of each row.

        Returns
        -------
        list of tuple of (str, float)
            For each row columns with their contributions to the output `explained`, the largest in size
            first.
        """
        rows = self.contributions[np.arange(len(self)), :, self.explained]
        order = np.argsort(-np.abs(rows), axis=1, kind="stable")[:, :k]
        return [
            tuple((self.columns[column], float(row[column])) for column in columns)
            for row, columns in zip(rows, order, strict=True)
        ]

    def cells(self) -> list[tuple[str, ...]]:
        """The strongest contributions of the first rows as texts, for tables."""
        cells = list[tuple[str, ...]]()
        for row, strongest in enumerate(self.strongest()[:SHOWN_ROWS]):
            output = self.explained[row]
            parts = (f"{column} {'+' * (value >= 0)}{number_text(value, 4)}" for column, value in strongest)
            prediction = number_text(float(self.predictions[row, output]), 4)
            cells.append((str(row), self.outputs[output], prediction, ", ".join(parts)))
        return cells

    HEADER = ("row", "output", "prediction", "strongest contributions")

    def __repr__(self) -> str:
        more = f"… and {len(self) - SHOWN_ROWS} rows more\n" if len(self) > SHOWN_ROWS else ""
        return f"{text_table(self.HEADER, self.cells())}\n{more}{self._summary}"

    def _repr_html_(self) -> str:
        return html_table(self.HEADER, self.cells(), caption=self._summary)

    @property
    def _summary(self) -> str:
        base = ", ".join(
            f"{name} {number_text(float(value), 4)}"
            for name, value in zip(self.outputs, self.base, strict=True)
        )
        return f"average row: {base}; error of the sums at most {self.error.max(initial=0):.1g}"


class _Way(NamedTuple):
    """The way of one network's inputs from the average row to each row that is explained.

    ``begin`` is (n_inputs, 1), ``change`` (n_inputs, m), ``columns`` (n_inputs,) the numbers of the columns
    that the inputs are made of. A temperature of None is that of outputs that are no probabilities.
    """

    member: Member
    share: float
    temperature: float | None
    scale: Array
    center: Array
    begin: Array
    change: Array
    columns: NDArray[np.intp]

    def part(self, rows: AnyArray | slice) -> "_Way":
        return self._replace(change=self.change[:, rows])


def explain(model: Any, X: Any) -> Explanation:
    """Explain predictions: contributions of the columns that add up to each of them.

    Parameters
    ----------
    model : estimator, pipeline or Run
        A fitted estimator of DeepStep, a pipeline of a `TableEncoder` and one network, or what `load` reads.
    X : table or array of shape (m, n_columns)
        Rows as ``predict`` takes them.

    Returns
    -------
    Explanation
        The contributions, by integrated gradients from an average row.

    Raises
    ------
    ConfigurationError
        If the model is no such model.
    DataError
        If the rows do not fit the model.

    Notes
    -----
    Each network is gone through by its own backward pass, at 16 to 512 points of the way of each row: as many
    as make the error of the sum at most a two-hundredth of what is explained, or 0.001 of a probability. A
    row takes as long as one to two hundred predictions.

    Examples
    --------
    >>> import numpy as np
    >>> from deepstep import NetworkRegressor, explain
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]])
    >>> model = NetworkRegressor((), solver="lbfgs", alpha=0, random_state=1).fit(X, X @ [3.0, -1.0])
    >>> explain(model, [[2.0, 1.0]]).contributions.round(2).ravel()
    array([ 6., -1.])
    """
    if hasattr(model, "explain"):
        explanation: Explanation = model.explain(X)
        return explanation
    predictor = predictor_of(model)
    return explanation_of_rows(predictor, predictor.rows(X))


def explanation_of_rows(predictor: Predictor, rows: Any) -> Explanation:
    """The explanation of rows as the ensemble takes them."""
    n_inputs = sum(member.network.architecture.n_inputs for member in predictor.ensemble.members)
    size = max(1, NUMBERS_AT_ONCE // n_inputs)
    starts = range(0, rows.shape[0], size)
    return joined([_explained_part(predictor, rows[start : start + size]) for start in starts])


def joined(explanations: Sequence[Explanation]) -> Explanation:
    """The explanations of parts of some rows as one."""
    arrays = dict[str, Any]()
    for name in ("contributions", "predictions", "error", "explained"):
        arrays[name] = np.concatenate([getattr(part, name) for part in explanations])
    return replace(explanations[0], **arrays)


def _output_names(targets: Targets) -> tuple[str, ...]:
    """The names of the outputs that are explained."""
    if targets.levels:
        return tuple(f"quantile_{level:g}" for level in targets.levels)
    n = targets.n_outputs
    names = targets.names or tuple(f"target {number}" for number in range(n) if n > 1) or ("target",)
    if not targets.is_classes:
        return names
    if targets.several:
        return tuple(f"{name}={labels[1]}" for name, labels in zip(names, targets.labels, strict=True))
    (labels,) = targets.labels
    return tuple(map(str, labels[1:] if len(labels) == 2 else labels))


def _columns(predictor: Predictor) -> tuple[tuple[str, ...], list[NDArray[np.intp]]]:
    """The names of the columns, and for each fold the number of the column of each feature."""
    names: dict[str, int] = {}
    folds = []
    for preprocessor in predictor.ensemble.preprocessors:
        preparation = preprocessor.preparation
        if isinstance(preparation, TablePreparation):
            widths = {name: block.stop - block.start for name, block in preparation.blocks.items()}
        else:
            widths = dict.fromkeys(_inputs(predictor, preparation), 1)
        numbers = [names.setdefault(name, len(names)) for name, width in widths.items() if width]
        folds.append(np.repeat(numbers, [width for width in widths.values() if width]))
    return tuple(names), folds


def _inputs(predictor: Predictor, preparation: ImagePreparation | None) -> tuple[str, ...]:
    """The names of inputs that are no columns of a table."""
    if preparation is not None:
        return preparation.feature_names
    n = predictor.ensemble.members[0].network.architecture.n_inputs
    return predictor.columns.names or tuple(f"x{number}" for number in range(n))


def _explained_part(predictor: Predictor, rows: Any) -> Explanation:
    """The explanation of rows whose inputs are in memory at once."""
    names, columns = _columns(predictor)
    ensemble, explained = predictor.ensemble, _Explained(predictor)
    begins, ends = [], []
    for preprocessor in ensemble.preprocessors:
        begins.append(preprocessor.inputs(_average(preprocessor, rows)))
        features = preprocessor.features(rows)
        ends.append(preprocessor.inputs(features.toarray() if hasattr(features, "toarray") else features))
    base = explained.outputs(ensemble.outputs_of_inputs(begins))[0]
    predictions = explained.outputs(ensemble.outputs_of_inputs(ends))
    ways = list(_ways(ensemble, begins, ends, columns))
    contributions = np.zeros((len(predictions), len(names), predictions.shape[1]))
    errors = np.zeros(len(predictions))
    left = np.arange(len(predictions))
    points = LEAST_POINTS
    while left.size and points <= MOST_POINTS:
        contributions[left] = _integrals([way.part(left) for way in ways], explained, points, len(names))
        difference = predictions[left] - base
        error = np.abs(contributions[left].sum(axis=1) - difference).max(axis=1)
        errors[left] = error
        # of numbers far from 0 the outputs themselves are rounded
        rounding = ROUNDING * np.abs(predictions[left]).max(axis=1)
        least = TOLERANCE_OF_PROBABILITIES if predictor.targets.is_classes else rounding
        left = left[error > np.maximum(TOLERANCE * np.abs(difference).max(axis=1), least)]
        points *= 2
    targets = predictor.targets
    predicted = targets.predicted_output(predictions)
    return Explanation(names, _output_names(targets), contributions, predictions, base, errors, predicted)


def _average(preprocessor: Preprocessor, rows: Any) -> Array:
    """The features (1, n) of the average row."""
    preparation = preprocessor.preparation
    if isinstance(preparation, TablePreparation) and preparation.averages:
        return np.array([preparation.averages])
    return np.zeros((1, rows.shape[1] if preparation is None else preparation.n_features))


def _ways(
    ensemble: Ensemble,
    begins: list[dict[str, Array]],
    ends: list[dict[str, Array]],
    columns: list[NDArray[np.intp]],
) -> Iterator[_Way]:
    """The way of each network that counts."""
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        if not share:
            continue
        fold, name = member.fold, member.inputs
        preprocessor = ensemble.preprocessors[fold]
        encoding = preprocessor.encodings[name]
        origins = slice(None) if encoding is None else encoding.origins
        begin, end = (inputs[fold][name].T.astype(member.network.dtype) for inputs in (begins, ends))
        yield _Way(
            member,
            share,
            ensemble.temperatures[member.preset] if ensemble.head in PROBABILITIES else None,
            preprocessor.scale if preprocessor.scale.size else np.ones(1),
            preprocessor.center if preprocessor.center.size else np.zeros(1),
            begin,
            end - begin,
            columns[fold][origins],
        )


def _integrals(ways: list[_Way], explained: "_Explained", points: int, n_columns: int) -> Array:
    """The contributions (m, n_columns, n_outputs), by Gauss-Legendre quadrature over each way."""
    m = ways[0].change.shape[1]
    widest = max(sum(way.member.network.architecture.layer_dims) for way in ways)
    n_outputs = explained.n_outputs**2  # the derivatives of each by each
    size = max(1, NUMBERS_AT_ONCE // (points * max(widest, n_outputs)))
    blocks = ([way.part(slice(start, start + size)) for way in ways] for start in range(0, m, size))
    return np.concatenate([_integrals_of_block(block, explained, points, n_columns) for block in blocks])


def _integrals_of_block(ways: list[_Way], explained: "_Explained", points: int, n_columns: int) -> Array:
    nodes, weights = _quadrature(points)
    m = ways[0].change.shape[1]
    mean: Array = np.zeros(1)
    for way in ways:
        mean = mean + way.share * (_outputs(way, nodes) * way.scale + way.center)
    seeds = explained.derivatives(mean)
    contributions = np.zeros((m, n_columns, len(seeds)))
    for way in ways:
        for number, gradients in enumerate(_gradients(way, nodes, seeds)):
            integrals = gradients.reshape(-1, m, points) @ weights * way.change
            np.add.at(contributions[:, :, number].T, way.columns, integrals)
    return contributions


@cache
def _quadrature(points: int) -> tuple[Array, Array]:
    """Nodes and weights on the way from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return (nodes + 1) / 2, weights / 2


def _pass(way: _Way, nodes: Array) -> tuple[Graph, Tape]:
    """A forward pass at the nodes of each row's way: columns go row by row, node by node."""
    network = way.member.network
    X = way.begin[:, :, np.newaxis] + way.change[:, :, np.newaxis] * nodes
    X = X.reshape(len(X), -1).astype(network.dtype, copy=False)
    return network.architecture.run(X, network.parameters, statistics=network.statistics)


def _tempered(way: _Way, A: Array) -> Array:
    """Outputs (n_outputs, m) of a network as rows, at the temperature of its preset."""
    outputs = A.T.astype(np.float64)
    if way.temperature is None:
        return outputs
    return with_temperature(outputs, way.temperature, each=_is_each(way))


def _is_each(way: _Way) -> bool:
    """Whether each output is the probability of its own yes or no."""
    return way.member.network.architecture.output == "sigmoid"


def _outputs(way: _Way, nodes: Array) -> Array:
    """The outputs of a network at the nodes, (m · points, n_outputs)."""
    graph, tape = _pass(way, nodes)
    return _tempered(way, tape[graph.output])


def _gradients(way: _Way, nodes: Array, seeds: list[Array]) -> Iterator[Array]:
    """The derivatives of each explained output by the inputs of a network, (n_inputs, m · points)."""
    graph, tape = _pass(way, nodes)
    A = tape[graph.output]
    # by the logits where there is a temperature: their derivatives need no division by a probability
    symbol = graph.output if way.temperature is None else graph.logits
    Q = _tempered(way, A)
    for seed in seeds:
        dA = seed * (way.share * way.scale)
        if way.temperature is not None:
            dA = dA * Q * (1 - Q) if _is_each(way) else Q * (dA - (dA * Q).sum(axis=1, keepdims=True))
            dA = dA / way.temperature
        for _, derivatives in backward(graph.nodes, tape, {symbol: dA.T.astype(A.dtype)}):
            if "A0" in derivatives:
                yield derivatives["A0"]
                break


class _Explained:
    """The explained outputs as a function of the weighted mean of the networks' outputs."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        targets = predictor.targets
        self._is_classes = targets.is_classes
        self.n_outputs = targets.n_outputs + 1
        # of two classes the second one alone
        self._first = int(targets.is_classes and not targets.several and len(targets.labels[0]) == 2)

    def outputs(self, mean: Array) -> Array:
        """The explained outputs (m, n_explained) of means (m, n_outputs)."""
        mean = mean.astype(np.float64)
        return self._predictor.probabilities(mean)[:, self._first :] if self._is_classes else mean

    def derivatives(self, mean: Array) -> list[Array]:
        """For each explained output its derivative by the means, (m, n_outputs)."""
        targets, n = self._predictor.targets, mean.shape[1]
        if not self._is_classes:
            return [np.broadcast_to(unit, mean.shape) for unit in np.eye(n)]
        # before the temperature probabilities are the outputs, or the drops between 1, P(y > 0), …, 0
        J = (
            np.eye(n)
            if targets.several or targets.kind == "classes"
            else np.eye(n, n + 1, 1) - np.eye(n, n + 1)
        )
        P = np.maximum(targets.probabilities(mean), TINY)
        E = self._predictor.tempered(P)
        derivatives = list[Array]()
        for k in range(self._first, P.shape[1]):
            if targets.several:
                dP = np.zeros_like(P)
                dP[:, k] = E[:, k] * (1 - E[:, k]) / (P[:, k] * np.maximum(1 - P[:, k], TINY))
            else:
                dP = -E * E[:, [k]] / P
                dP[:, k] += E[:, k] / P[:, k]
            derivatives.append(dP / self._predictor.calibration.temperature @ J.T)
        return derivatives
