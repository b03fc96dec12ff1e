"""Predictions for some rows: charts, rows behind each cell of a confusion matrix, worst errors, reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_formats import column_texts, number_text
from deepstep.data.text_tables import typed
from deepstep.ensembles.calibrate import answers_of_rows
from deepstep.ensembles.calibration import interval_half_width
from deepstep.ensembles.explanation import Explanation
from deepstep.environment import package, polars
from deepstep.errors import DeepStepError
from deepstep.held_out import MOST_COLUMNS, HeldOut
from deepstep.inspection.metrics import figures, percent, score
from deepstep.plots import ExplanationDisplay
from deepstep.plots.drawing import drawable
from deepstep.preparation import TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.report.html import Chart, Content, Html, details, figure, join, picture, table, tag
from deepstep.run import DIVERGED, Run
from deepstep.types import AnyArray, Array

MOST_CLASSES = 20  # of a confusion matrix; with more only the most frequent confusions are listed
MOST_CELLS = 30  # confusions with their rows, the most frequent ones
MOST_EXAMPLES = 8  # rows of a confusion, those with the greatest loss
WORST = 12  # worst errors that are listed
DIGITS = 5  # of the largest number among them
EXPLAINED, MOST_EXPLAINED = 3, 200  # worst errors, and rows for the importance of columns
MOST_TARGETS = 5  # of several that are explained
MOST_POINTS = 1000  # of predicted against true numbers
MOST_GROUPS, LEAST_ROWS = 10, 10  # groups of equally many rows in the chart of reliability, and their rows
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
COVERAGES = {"50 %": 0.5, "80 %": 0.8, "90 %": 0.9, "95 %": 0.95}
SQUARE = ((0.0, 0.0), (1.0, 1.0))

LACKING = (
    "These rows have no {}: the predictions are out of fold, or the run does not keep all cells of the rows. "
    "deepstep report RUN --data FILE shows them for a table."
)

FIGURES = ("loss", "P(predicted)", "P(true)")
"""Columns of a classified row: -log of the probability of the true class, and both probabilities."""


def listed(
    rows: HeldOut,
    facts: Sequence[str],
    shown: Mapping[int, Sequence[Content]],
    *,
    caption: str,
    left: int = 0,
) -> Html:
    """Some rows with facts about them: as cells of the user's own table, or as a gallery of pictures."""
    if rows.pictures is None:
        header = ["row", *facts, *rows.cells]
        body = [
            [f"row {rows.numbers[row]}", *values, *(cells[row] for cells in rows.cells.values())]
            for row, values in shown.items()
        ]
        return table(header, body, caption=caption, left=1 + left, texts_last=len(rows.cells))
    items = []
    brightest = float(np.max(rows.pictures, initial=0)) or 1.0
    for row, values in shown.items():
        lines = [f"picture {rows.numbers[row]}"]
        lines += [f"{name}: {value}" for name, value in zip(facts, values, strict=True)]
        drawn = picture((rows.pictures[row] / brightest).clip(0, 1), f"row {rows.numbers[row]}")
        items.append(tag("li", drawn, *(tag("span", line, class_="line") for line in lines)))
    return join([tag("p", caption), tag("ul", *items, class_="gallery")])


@dataclass(frozen=True)
class Classified:
    """The predictions for one target of classes."""

    name: str
    classes: tuple[str, ...]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    probabilities: Array

    @property
    def true_probabilities(self) -> Array:
        """The probability of the true class (m,)."""
        P: Array = self.probabilities[np.arange(len(self.true)), self.true]
        return P

    def by_loss(self, chosen: NDArray[np.bool_]) -> list[int]:
        """The indices of chosen rows, by descending loss."""
        rows = np.flatnonzero(chosen)
        return [int(row) for row in rows[np.argsort(self.true_probabilities[rows], kind="stable")]]

    def worst(self, count: int) -> dict[int, list[Content]]:
        """Wrong rows, by descending loss, with their true and predicted class and `figures`."""
        rows, names = self.by_loss(self.true != self.predicted)[:count], self.classes
        return {row: [names[self.true[row]], names[self.predicted[row]], *self.figures(row)] for row in rows}

    def figures(self, row: int) -> list[Content]:
        """The loss of a row, and the probabilities of its predicted and its true class."""
        P = self.true_probabilities[row]
        loss = f"{-np.log(P):.3f}" if P > 0 else "∞"
        return [loss, f"{self.probabilities[row, self.predicted[row]]:.3f}", f"{P:.3f}"]


def classified(run: Run, rows: HeldOut) -> Iterator[Classified]:
    """The predictions for each target of classes; none for targets of numbers."""
    target = run.targets
    if not target.is_classes:
        return
    each = target.by_column(run.predictor.probabilities(rows.outputs))
    true = rows.answers.reshape(-1, target.n_columns)
    predicted = target.decide(rows.outputs).reshape(true.shape)
    for k, (name, P) in enumerate(zip(run.target_names, each, strict=True)):
        yield Classified(name, tuple(map(str, target.labels[k])), true[:, k], predicted[:, k], P)


def _explains(run: Run, rows: HeldOut) -> bool:
    """Whether predictions can be explained: finite ones, from columns of a table."""
    is_table = isinstance(run.predictor.preparation, TablePreparation)
    return is_table and rows.finite and DIVERGED not in run.config


def raw_rows(run: Run, rows: HeldOut, raw: "polars.DataFrame | None" = None) -> "polars.DataFrame | None":
    """The rows as the model takes them: of the table ``raw``, else from the cells that are kept.

    None where the predictions by these cells are not those of the rows: a column is not kept, a long text is
    cut, or the predictions are out of fold.
    """
    if not _explains(run, rows):
        return None
    if raw is not None:
        return raw[rows.numbers - 1]
    how = run.reading()
    try:
        frame = typed(polars.DataFrame({**rows.cells}), how.usual, how.values)
        outputs = run.outputs(frame)
    except DeepStepError:
        return None
    return frame if np.allclose(outputs, rows.outputs, 1e-4, 1e-4 * np.abs(outputs).max()) else None


def importance_of(run: Run, raw: "polars.DataFrame | None") -> Explanation | None:
    """The explanation of up to 200 rows of `raw_rows`."""
    return None if raw is None else run.explain(raw[evenly_spread(len(raw), MOST_EXPLAINED)])


def _of_target(run: Run, explanation: Explanation, k: int) -> Explanation:
    """The explanation of the target number k alone."""
    explained = np.full(len(explanation), k) if run.targets.several else explanation.explained
    return replace(explanation, explained=explained)


def _shown(run: Run, rows: HeldOut, importance: Explanation | None, k: int = 0) -> HeldOut:
    """The rows with the columns that the page shows: the most important ones for a target, else the first."""
    explained = None if importance is None else _of_target(run, importance, k)
    first = () if explained is None else ExplanationDisplay.from_explanation(explained).columns
    chosen = [name for name in dict.fromkeys([*first, *rows.cells]) if name in rows.cells][:MOST_COLUMNS]
    cells = {name: texts for name, texts in rows.cells.items() if name in chosen}
    return replace(rows, cells=cells, left_out=rows.left_out + len(rows.cells) - len(cells))


def predictions(
    run: Run, rows: HeldOut, raw: "polars.DataFrame | None" = None, importance: Explanation | None = None
) -> Html:
    """The part of the page about predictions; ``raw`` are of `raw_rows`, with their `importance_of`."""
    if not len(rows.outputs):
        return tag("p", "The run keeps no rows. deepstep report RUN --data FILE shows those of a table.")
    about = tag("p", _shown(run, rows, importance).description)
    if not rows.finite:
        overflows = "There are no predictions: outputs of the parameters before the divergence overflow."
        return join([about, tag("p", overflows)])
    target = run.targets
    scores = score(target, rows.answers, rows.outputs, rows.weight, run.predictor.tempered)
    lines, notes = figures({"value": scores}, decimal=run.decimal)
    metrics = [about, table(["metric", "value"], lines, caption="Metrics of these rows")]
    metrics += [tag("p", note) for note in notes]
    if target.is_classes:
        threshold = run.predictor.threshold or 0.5
        for k, part in enumerate(classified(run, rows)):
            metrics.append(_of_classes(part, _shown(run, rows, importance, k), f"answer-{k}", threshold))
        return join(metrics)
    halves = _half_widths(run, rows, raw)
    if halves is None and run.predictor.calibration.scores is not None and not target.repeats:
        metrics.append(tag("p", LACKING.format("prediction intervals")))
    for k, (name, true, predicted) in enumerate(_numbers(run, rows)):
        half = None if halves is None else halves[:, :, k]
        columns = _shown(run, rows, importance, k)
        metrics.append(_of_numbers(name, true, predicted, half, columns, run.decimal, f"true-{k}"))
    return join(metrics)


def _numbers(run: Run, rows: HeldOut) -> Iterator[tuple[str, Array, Array]]:
    """The name of each target of numbers, with true and predicted values."""
    predicted = run.targets.decode(rows.outputs).reshape(len(rows.outputs), -1)
    yield from zip(run.target_names, rows.answers.reshape(predicted.shape).T, predicted.T, strict=True)


def explanations(
    run: Run, rows: HeldOut, raw: "polars.DataFrame | None", importance: Explanation | None
) -> Html | None:
    """The importance of the columns, and the worst errors with the columns that contribute most."""
    if raw is None or importance is None:
        return tag("p", LACKING.format("explanations")) if rows.cells and _explains(run, rows) else None
    some = len(importance)
    text = (
        "The importance of a column is the mean size of its contributions to the predictions for "
        f"{some} of these rows. Contributions, by integrated gradients, add up to the difference of a "
        "prediction from that for an average row, and need not be causes. The worst errors follow."
    )
    parts = [tag("p", text)]
    worst = [(part.name, part.worst(EXPLAINED)) for part in classified(run, rows)]
    if not worst:
        numbers = _numbers(run, rows)
        worst = [(part[0], _largest_errors(*part, rows, run.decimal, EXPLAINED)) for part in numbers]
    for k, (name, errors) in enumerate(worst[:MOST_TARGETS]):
        entries: list[tuple[Explanation, int | None, str, str]]
        entries = [(importance, None, f"{some} rows", f"{name}: importance of the columns")]
        for row, (true, predicted, *_) in errors.items():
            heading = f"{name}: row {rows.numbers[row]}, true {true}, predicted {predicted}"
            entries.append((run.explain(raw[[row]]), 0, f"row {rows.numbers[row]}", heading))
        for place, (explanation, index, label, heading) in enumerate(entries):
            display = ExplanationDisplay.from_explanation(_of_target(run, explanation, k), row=index)
            display = replace(display, rows=label, decimal=run.decimal)
            parts.append(figure(display, f"explained-{k}-{place}", heading))
    return join(parts)


def _of_classes(part: Classified, rows: HeldOut, ids: str, threshold: float) -> Html:
    n, m = len(part.classes), len(part.true)
    counts = np.bincount(part.true * n + part.predicted, minlength=n * n).reshape(n, n)
    right = int(np.trace(counts))
    share = f"{100 * right / max(1, m):.1f} %"
    cells = [(int(counts[i, j]), i, j) for i, j in zip(*np.nonzero(counts), strict=True)]
    opened = sorted(cells, key=lambda cell: (cell[1] == cell[2], -cell[0]))[:MOST_CELLS]
    links = {(i, j): f"{ids}-{i}-{j}" for _, i, j in opened}
    left_out = len(cells) - len(opened)
    more = f"{left_out} of the {len(cells)} cells with rows are not opened." if left_out else None
    return join(
        [
            tag("p", f"{part.name}: {right} of {m} predictions are correct ({share})."),
            _confusion_matrix(part, counts, links),
            _charts(part, rows, ids, threshold),
            tag("h3", "Examples behind each cell"),
            None if more is None else tag("p", more),
            *(
                details(
                    _cell_name(part, i, j, count), tag("div", _examples(part, rows, i, j), id=links[i, j])
                )
                for count, i, j in opened
            ),
            _worst(part, rows),
        ]
    )


def _confusion_matrix(part: Classified, counts: NDArray[np.intp], links: dict[tuple[int, int], str]) -> Html:
    if len(part.classes) > MOST_CLASSES:
        return tag("p", f"There are {len(part.classes)} classes: the most frequent confusions are below.")
    body = []
    for i, name in enumerate(part.classes):
        cells: list[Content] = [name]
        for j, other in enumerate(part.classes):
            count = int(counts[i, j])
            shown: Content = count or "·"
            if (i, j) in links:
                label = f"{count} rows of {name} predicted as {other}"
                shown = tag("a", count, href=f"#{links[i, j]}", aria_label=label)
            cells.append(tag("strong", shown) if i == j else shown)
        body.append(cells)
    caption = f"{part.name}: rows by true class (down) and predicted class (across), correct ones in bold"
    return table(["true ↓ predicted →", *part.classes], body, caption=caption)


def _cell_name(part: Classified, i: int, j: int, count: int) -> str:
    true, predicted = part.classes[i], part.classes[j]
    return f"true {true}, correct: {count}" if i == j else f"true {true}, predicted {predicted}: {count}"


def _examples(part: Classified, rows: HeldOut, i: int, j: int) -> Html:
    every = part.by_loss((part.true == i) & (part.predicted == j))
    shown = {row: part.figures(row) for row in every[:MOST_EXAMPLES]}
    left_out = len(every) - len(shown)
    more = f"; those with the greatest loss, {left_out} more are left out" if left_out else ""
    return listed(rows, FIGURES, shown, caption=_cell_name(part, i, j, len(every)) + more)


def _worst(part: Classified, rows: HeldOut) -> Html:
    wrong = int((part.true != part.predicted).sum())
    if not wrong:
        return tag("p", "All predictions are correct.")
    shown = part.worst(WORST)
    caption = f"The {len(shown)} worst of {wrong} errors, by loss, -log P(true)"
    errors = listed(rows, ["true", "predicted", *FIGURES], shown, caption=caption, left=2)
    return join([tag("h3", "Worst errors"), errors])


def _charts(part: Classified, rows: HeldOut, ids: str, threshold: float) -> Html:
    """ROC and precision-recall of two classes with the threshold, other thresholds, and reliability."""
    weight = np.ones(len(part.true)) if rows.weight is None else rows.weight
    used = np.flatnonzero(weight > 0)
    weight, true, predicted = weight[used], part.true[used], part.predicted[used]
    if len(part.classes) > 2:
        P, right = part.probabilities[used, predicted], true == predicted
        return _reliability(P, right, weight, ("probability of the predicted class", "share correct"), ids)
    P, right, second = part.probabilities[used, 1].astype(np.float64), true == 1, part.classes[1]
    reliability = _reliability(P, right, weight, (f"probability of {second}", f"share of {second}"), ids)
    if right.all() or not right.any():
        return reliability
    metrics, share = package("sklearn.metrics"), float(np.average(right, weights=weight))
    tried, named = dict[float, tuple[float, float, float, list[str]]](), f"threshold {threshold:.3g}"
    for t in sorted({*THRESHOLDS, threshold}):
        chosen = predicted == 1 if t == threshold else t < P
        flagged, hits = (float(np.average(each, weights=weight)) for each in (chosen, chosen & right))
        precision, recall = hits / flagged if flagged else np.nan, hits / share
        texts = [*map(percent, (flagged, precision, recall)), f"{precision / share:.2f}"]
        texts = ["–" if "nan" in text else text for text in texts]
        tried[t] = (flagged - hits) / (1 - share), precision, recall, texts
    alarms, precision, recall, texts = tried[threshold]
    x, y, _ = metrics.roc_curve(right, P, sample_weight=weight)
    labels = f"share of the others predicted as {second}", f"recall of {second}"
    words = f"{named}: {labels[0]} {percent(alarms)}, {labels[1]} {texts[2]}; area {metrics.auc(x, y):.3f}"
    roc = Chart(x=x, y=y, labels=labels, reference=SQUARE, words=words, point=(alarms, recall, named))
    y, x, _ = metrics.precision_recall_curve(right, P, sample_weight=weight)
    labels, level = (f"recall of {second}", f"precision of {second}"), ((0.0, share), (1.0, share))
    words = f"{named}: {labels[0]} {texts[2]}, {labels[1]} {texts[1]}; share of {second} {percent(share)}"
    curve = Chart(x=x, y=y, labels=labels, reference=level, words=words, point=(recall, precision, named))
    charts = figure(roc, f"{ids}-roc", "ROC"), figure(curve, f"{ids}-pr", "Precision-recall")
    names = {t: f"{t:.3g}{' (the model)' if t == threshold else ''}" for t in tried}
    body = [[names[t], *texts] for t, (*_, texts) in tried.items()]
    header = ["threshold", f"predicted as {second}", "precision", "recall", "lift"]
    caption = f"{part.name}: predicted as {second} above a threshold; lift is precision / share of {second}"
    return join([tag("div", *charts, reliability, class_="charts"), table(header, body, caption=caption)])


def _reliability(P: Array, right: AnyArray, weight: Array, labels: tuple[str, str], ids: str) -> Html:
    """A chart of predicted probabilities and observed shares, by groups of equally many rows.

    The groups are those of `sklearn.calibration.calibration_curve` with ``strategy="quantile"``.
    """
    if not len(P):
        return Html()
    n = min(MOST_GROUPS, max(1, len(P) // LEAST_ROWS))
    group = np.searchsorted(np.quantile(P, np.linspace(0, 1, n + 1))[1:-1], P)
    _, group, counts = np.unique(group, return_inverse=True, return_counts=True)
    sums = np.bincount(group, weight)
    predicted, observed = (np.bincount(group, weight * values) / sums for values in (P, right))
    lines = zip(predicted, observed, counts, strict=True)
    words = "\n".join(f"{labels[0]} {p:.3f}: {labels[1]} {o:.3f}, {n} rows" for p, o, n in lines)
    chart = Chart(x=predicted, y=observed, labels=labels, reference=SQUARE, words=words, style="o-")
    return figure(chart, f"{ids}-reliability", "Reliability")


def _half_widths(run: Run, rows: HeldOut, raw: "polars.DataFrame | None") -> Array | None:
    """Half widths of intervals with each of `COVERAGES`, (4, m, n_targets).

    None where there are none, where the rows gave the intervals themselves, and where the rows that variable
    widths take are not kept.
    """
    calibration, targets = run.predictor.calibration, run.targets
    if calibration.scores is None or targets.repeats or rows.part not in ("test", "data"):
        return None
    sigma: Array = np.ones((len(rows.outputs), targets.n_outputs))
    if calibration.widths is not None:
        if raw is None:
            return None
        taken = run.predictor.rows(raw)
        sigma = answers_of_rows(run.ensemble, targets, calibration.widths, taken)[:, targets.n_outputs :]
    scores = np.concatenate(calibration.scores)
    return np.array([interval_half_width(scores, 1 - coverage) * sigma for coverage in COVERAGES.values()])


def _largest_errors(
    name: str, true: Array, predicted: Array, rows: HeldOut, decimal: str, count: int = WORST
) -> dict[int, list[Content]]:
    """True and predicted values and errors of rows, with the decimals of the cells of the target."""
    error = predicted - true
    worst = np.argsort(-np.abs(error), kind="stable")[:count].tolist()
    written = [rows.written[name][row] for row in worst] if name in rows.written else []
    if not written and (true == np.round(true)).all():
        written = [f"{value:.0f}" for value in true[worst]]
    columns = [column[worst].tolist() for column in (true, predicted, error)]
    texts = column_texts(columns, DIGITS, decimal, written)
    signed = [text if value < 0 else f"+{text}" for value, text in zip(columns[2], texts[2], strict=True)]
    cells = zip(written or texts[0], texts[1], signed, strict=True)
    return {row: list[Content](values) for row, values in zip(worst, cells, strict=True)}


def _of_numbers(
    name: str, true: Array, predicted: Array, half: Array | None, rows: HeldOut, decimal: str, ids: str
) -> Html:
    """Predictions against true values, the shares of rows within intervals, and the largest errors."""
    some = evenly_spread(len(true), MOST_POINTS)
    x, y = drawable(true[some]), drawable(predicted[some])
    ends = [float(end(values)) for end in (np.min, np.max) for values in (x, y)]
    low, high = min(ends), max(ends)
    words = "{} of {} rows: from {} to {}, predictions from {} to {}. On the dotted line both are equal."
    texts = (number_text(end, DIGITS, decimal) for end in (ends[0], ends[2], ends[1], ends[3]))
    words = words.format(len(some), len(true), *texts)
    labels, line = (f"true {name}", "predicted"), ((low, low), (high, high))
    chart = Chart(x=x, y=y, labels=labels, reference=line, words=words, style=".", decimal=decimal)
    parts = [figure(chart, ids, f"{name}: predicted against true")]
    if half is not None:
        inside = [
            percent(float(part.mean())).replace(".", decimal) for part in np.abs(predicted - true) <= half
        ]
        widths = np.median(half, axis=1).tolist()
        (widths,) = column_texts([widths], DIGITS, decimal, [*rows.written.get(name, ())][:WORST])
        body = zip(COVERAGES, inside, widths, strict=True)
        header = ["coverage", "rows inside", "median half width"]
        parts.append(table(header, body, caption=f"{name}: prediction intervals of these rows"))
    shown = _largest_errors(name, true, predicted, rows, decimal)
    caption = f"{name}: the {len(shown)} largest errors of {len(true)} rows"
    errors = listed(rows, ["true", "predicted", "error"], shown, caption=caption)
    return join([*parts, tag("h3", "Worst errors"), errors])
