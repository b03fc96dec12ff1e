"""Predictions for some rows: charts, rows behind each cell of a confusion matrix, worst errors, reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_formats import column_texts, number_text
from deepstep.data.text_tables import typed
from deepstep.ensembles.calibrate import answers_of_rows
from deepstep.ensembles.calibration import interval_half_width
from deepstep.environment import package, polars
from deepstep.errors import DeepStepError
from deepstep.held_out import HeldOut
from deepstep.inspection.metrics import figures, percent, score
from deepstep.plots import ExplanationDisplay
from deepstep.plots.drawing import drawable
from deepstep.preparation import TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.report.html import Chart, Content, Html, details, figure_or_words, join, picture, table, tag
from deepstep.run import Run
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
COVERAGES = (0.5, 0.8, 0.9, 0.95)
SQUARE = ((0.0, 0.0), (1.0, 1.0))

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

    def worst(self, count: int) -> list[tuple[int, list[Content]]]:
        """Wrong rows, by descending loss, with their true and predicted class and `figures`."""
        rows = self.by_loss(self.true != self.predicted)[:count]
        names = self.classes
        return [
            (row, [names[self.true[row]], names[self.predicted[row]], *self.figures(row)]) for row in rows
        ]

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


def raw_rows(run: Run, rows: HeldOut, raw: "polars.DataFrame | None" = None) -> "polars.DataFrame | None":
    """The rows as the model takes them: of the table ``raw``, else from the cells that are kept.

    None where the predictions by these cells are not those of the rows: a column is not kept, a long text is
    cut, or the predictions are out of fold.
    """
    if (
        not len(rows.outputs)
        or not rows.finite
        or not isinstance(run.predictor.preparation, TablePreparation)
    ):
        return None
    if raw is not None:
        return raw[rows.numbers - 1]
    how = run.reading()
    cells = polars.DataFrame({name: list(column) for name, column in rows.cells.items()})
    try:
        frame = typed(cells, how.usual, how.values)
        outputs = run.outputs(frame)
    except DeepStepError:
        return None
    return frame if np.allclose(outputs, rows.outputs, 1e-4, 1e-4 * np.abs(outputs).max()) else None


def predictions(run: Run, rows: HeldOut, raw: "polars.DataFrame | None" = None) -> Html:
    """The part of the page about predictions; ``raw`` are of `raw_rows`."""
    if not len(rows.outputs):
        command = "deepstep report RUN --data FILE"
        return tag("p", f"The run keeps no rows. {command} shows the predictions for a table.")
    about = tag("p", rows.description)
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
            metrics.append(_of_classes(part, rows, f"answer-{k}", threshold))
        return join(metrics)
    halves = _half_widths(run, rows, raw)
    for k, (name, true, predicted) in enumerate(_numbers(run, rows)):
        half = None if halves is None else halves[:, :, k]
        metrics.append(_of_numbers(name, true, predicted, half, rows, run.decimal, f"true-{k}"))
    return join(metrics)


def _numbers(run: Run, rows: HeldOut) -> Iterator[tuple[str, Array, Array]]:
    """The name of each target of numbers, with true and predicted values."""
    predicted = run.targets.decode(rows.outputs).reshape(len(rows.outputs), -1)
    yield from zip(run.target_names, rows.answers.reshape(predicted.shape).T, predicted.T, strict=True)


def explanations(run: Run, rows: HeldOut, raw: "polars.DataFrame | None") -> Html | None:
    """The importance of the columns, and the worst errors with the columns that contribute most."""
    if (
        not len(rows.outputs)
        or not rows.finite
        or not isinstance(run.predictor.preparation, TablePreparation)
    ):
        return None
    if raw is None:
        command = tag("code", "deepstep report RUN --data FILE")
        return tag(
            "p", "The run does not keep the rows with all that a prediction takes: ", command, " explains."
        )
    several, classes = run.targets.several, run.targets.is_classes
    some = evenly_spread(len(raw), MOST_EXPLAINED)
    importance = run.explain(raw[some])
    text = (
        "The importance of a column is the mean size of its contributions to the predictions for "
        f"{len(some)} of these rows. Contributions, by integrated gradients, add up to the difference of a "
        "prediction from that for an average row. They explain the model, and need not be causes."
    )
    parts = [tag("p", text)]
    if len(run.target_names) > MOST_TARGETS:
        parts.append(tag("p", f"Of {len(run.target_names)} targets the first {MOST_TARGETS} are explained."))
    if classes:
        worst = [(part.name, part.worst(EXPLAINED)) for part in classified(run, rows)]
    else:
        errors = (
            (name, _largest_errors(name, y, p, rows, run.decimal)) for name, y, p in _numbers(run, rows)
        )
        worst = [(name, [*shown.items()][:EXPLAINED]) for name, shown in errors]
    for k, (name, entries) in enumerate(worst[:MOST_TARGETS]):
        parts.append(tag("h3", f"{name}: the importance of the columns"))
        output = k if several else None
        display = ExplanationDisplay.from_explanation(importance, output=output)
        display = replace(display, decimal=run.decimal)
        parts.append(figure_or_words(display, f"importance-{k}", f"{name}: mean size of the contributions"))
        parts += [tag("h3", f"{name}: the worst errors, explained")] if entries else []
        for place, (row, (true, predicted, *_)) in enumerate(entries):
            explanation = run.explain(raw[[row]])
            display = ExplanationDisplay.from_explanation(explanation, row=0, output=output)
            display = replace(display, rows=f"row {rows.numbers[row]}", decimal=run.decimal)
            heading = f"{name}: row {rows.numbers[row]}, true {true}, predicted {predicted}"
            parts.append(figure_or_words(display, f"worst-{k}-{place}", heading))
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
    shown = dict(part.worst(WORST))
    caption = f"The {len(shown)} worst of {wrong} errors, by loss, -log P(true)"
    errors = listed(rows, ["true", "predicted", *FIGURES], shown, caption=caption, left=2)
    return join([tag("h3", "Worst errors"), errors])


def _charts(part: Classified, rows: HeldOut, ids: str, threshold: float) -> Html:
    """ROC and precision-recall of two classes with the threshold, other thresholds, and reliability."""
    weight = np.ones(len(part.true)) if rows.weight is None else rows.weight
    used = np.flatnonzero(weight > 0)
    weight, true, predicted = weight[used], part.true[used], part.predicted[used]
    if not len(used):
        return Html()
    if len(part.classes) > 2:
        P, right = part.probabilities[used, predicted], true == predicted
        reliability = _reliability(
            P, right, weight, ("probability of the predicted class", "share correct"), ids
        )
        return join([tag("h3", "Reliability"), *reliability])
    P, right, second = part.probabilities[used, 1].astype(np.float64), true == 1, part.classes[1]
    reliability = _reliability(P, right, weight, (f"probability of {second}", f"share of {second}"), ids)
    if right.all() or not right.any():
        return join([tag("h3", "Reliability"), *reliability])
    metrics, share = package("sklearn.metrics"), float(np.average(right, weights=weight))
    tried = {t: predicted == 1 if t == threshold else t < P for t in sorted({*THRESHOLDS, threshold})}
    body, points = [], {}
    for t, chosen in tried.items():
        flagged, hits = np.average(chosen, weights=weight), np.average(chosen & right, weights=weight)
        precision = hits / flagged if flagged else np.nan
        points[t] = float((flagged - hits) / (1 - share)), float(hits / share), float(precision)
        cells = [
            percent(flagged),
            _share(precision),
            percent(hits / share),
            "–" if np.isnan(precision) else f"{precision / share:.2f}",
        ]
        body.append([tag("strong", f"{t:.3g} (the model's)") if t == threshold else f"{t:g}", *cells])
    alarms, recall, precision = points[threshold]
    named = f"threshold {threshold:.3g}"
    x, y, _ = metrics.roc_curve(right, P, sample_weight=weight)
    words = (
        f"The area is {metrics.auc(x, y):.3f}. At the {named} of the model, {percent(recall)} of the rows of "
        f"{second} and {percent(alarms)} of the others are predicted to be {second}."
    )
    labels = f"share of the others predicted as {second}", f"recall of {second}"
    roc = Chart(x=x, y=y, labels=labels, reference=SQUARE, words=words, point=(alarms, recall, named))
    y, x, _ = metrics.precision_recall_curve(right, P, sample_weight=weight)
    words = (
        f"At the {named} of the model, {_share(precision)} of the rows predicted to be {second} are, and "
        f"{percent(recall)} of those that are, are found. The dotted line is the share of {second}, "
        f"{percent(share)}."
    )
    labels = f"recall of {second}", f"precision of {second}"
    level = (0.0, share), (1.0, share)
    curve = Chart(x=x, y=y, labels=labels, reference=level, words=words, point=(recall, precision, named))
    charts = (
        figure_or_words(roc, f"{ids}-roc", "ROC"),
        figure_or_words(curve, f"{ids}-pr", "Precision-recall"),
    )
    header = ["threshold", f"predicted as {second}", "precision", "recall", "lift"]
    text = f"Above the threshold {second} is predicted. The lift is the precision over the share of {second}."
    return join(
        [
            tag("h3", "Thresholds and probabilities"),
            tag("div", *charts, reliability[0], class_="charts"),
            *reliability[1:],
            tag("p", text),
            table(header, body, caption=f"{part.name}: what other thresholds would give"),
        ]
    )


def _share(value: float) -> str:
    return "–" if np.isnan(value) else percent(value)


def _reliability(
    P: Array, right: AnyArray, weight: Array, labels: tuple[str, str], ids: str
) -> tuple[Html, Html]:
    """A chart of predicted probabilities and observed shares, by groups of equally many rows, and a table.

    The groups are those of `sklearn.calibration.calibration_curve` with ``strategy="quantile"``.
    """
    n = min(MOST_GROUPS, max(1, len(P) // LEAST_ROWS))
    group = np.searchsorted(np.quantile(P, np.linspace(0, 1, n + 1))[1:-1], P)
    counts, sums = np.bincount(group), np.bincount(group, weight)
    filled = counts > 0
    predicted, observed = (
        np.bincount(group, weight * values)[filled] / sums[filled] for values in (P, right)
    )
    apart = float(np.average(np.abs(predicted - observed), weights=sums[filled]))
    words = f"{len(predicted)} groups of rows. Probability and share differ by {apart:.3f} in the mean."
    chart = Chart(x=predicted, y=observed, labels=labels, reference=SQUARE, words=words, style="o-")
    body = zip(
        (f"{value:.3f}" for value in predicted),
        (f"{v:.3f}" for v in observed),
        counts[filled].tolist(),
        strict=True,
    )
    caption = "Reliability: groups of rows by their probability"
    numbers = details("Reliability as a table", table([*labels, "rows"], body, caption=caption))
    return figure_or_words(chart, f"{ids}-reliability", "Reliability"), numbers


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
    return np.array([interval_half_width(scores, 1 - coverage) * sigma for coverage in COVERAGES])


def _largest_errors(
    name: str, true: Array, predicted: Array, rows: HeldOut, decimal: str
) -> dict[int, list[Content]]:
    """True and predicted values and errors of rows, with the decimals of the cells of the target."""
    error = predicted - true
    worst = np.argsort(-np.abs(error), kind="stable")[:WORST].tolist()
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
    drawn = drawable(true[some]), drawable(predicted[some])
    low, high = (float(end(drawn)) for end in (np.min, np.max))
    ends = (number_text(float(end(values)), DIGITS, decimal) for values in drawn for end in (np.min, np.max))
    words = "{} of {} rows: true values from {} to {}, predictions from {} to {}. The dotted line: equal."
    chart = Chart(
        x=drawn[0],
        y=drawn[1],
        labels=(f"true {name}", "predicted"),
        reference=((low, low), (high, high)),
        words=words.format(len(some), len(true), *ends),
        style=".",
        decimal=decimal,
    )
    parts = [figure_or_words(chart, ids, f"{name}: predicted against true")]
    if half is not None:
        inside = np.abs(predicted - true) <= half
        cells = [[percent(float(np.average(row, weights=rows.weight)))] for row in inside]
        widths = [float(np.median(row)) for row in half]
        (texts,) = column_texts([widths], DIGITS, decimal, [*rows.written.get(name, ())][:WORST])
        body = [
            [f"{c:.0%}".replace("%", " %"), *cell, f"±{t}"]
            for c, cell, t in zip(COVERAGES, cells, texts, strict=True)
        ]
        header = ["coverage", "rows inside", "median half width"]
        parts.append(table(header, body, caption=f"{name}: prediction intervals of these rows"))
    shown = _largest_errors(name, true, predicted, rows, decimal)
    caption = f"{name}: the {len(shown)} largest errors of {len(true)} rows"
    errors = listed(rows, ["true", "predicted", "error"], shown, caption=caption)
    return join([*parts, tag("h3", "Worst errors"), errors])
