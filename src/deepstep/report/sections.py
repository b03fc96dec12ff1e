"""The sections of a report, each from a run to HTML."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from deepstep import __version__
from deepstep.data.text_formats import number_text
from deepstep.ensembles.ensemble import TriedPresets
from deepstep.inspection import Finding
from deepstep.inspection.metrics import Scores, figures
from deepstep.plots import (
    ArchitectureDisplay,
    FirstLayerWeightsDisplay,
    GradientFlowDisplay,
    LayerStatisticsDisplay,
    TrainingCurveDisplay,
    UnitHealthDisplay,
    UpdateRatioDisplay,
)
from deepstep.plots.drawing import HIGHEST
from deepstep.preparation import ImagePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.report.diagnosis import has_health, no_health
from deepstep.report.html import Content, Html, details, figure, join, table, tag
from deepstep.run import DEMO, Run
from deepstep.training.history import health_in

MOST_EPOCHS = 40  # in the table of the training curve, evenly spread
MOST_COLUMNS = 200  # of a table that are described
MOST_MEMBERS = 200  # of an ensemble that are listed
WIDEST = 8  # width of the bar of a weight of 1, in rem

MARKS = {"serious": "✖", "warning": "▲", "note": "●"}
"""Signs of the severities, which are readable without colours."""

MOST_TRIED = 100
"""Presets that were tried in the table of them; a long time budget tries thousands."""
HEALTH = ("dead", "saturated", "gradient_norm", "update_ratio")


def overview(run: Run) -> Html:
    """The task, the data, the model and the results."""
    config = run.config
    ensemble = run.ensemble
    if ensemble.only is not None:
        how: list[tuple[str, Content]] = [("network", repr(ensemble.network)), ("ended", ensemble.ended)]
    else:
        folds = {member.fold for member in ensemble.members}
        presets = {member.preset for member in ensemble.members}
        counts = [len(part) for part in (ensemble.members, presets, folds)]
        networks = "{} of {} on {}".format(*map(_counted, counts, ("network", "preset", "fold")))
        how = [("ensemble", f"{networks}{', interrupted' if config.get('interrupted') else ''}")]
    if config.get("seconds") is not None:
        how.append(("trained in", f"{written(config['seconds'])} seconds"))
    facts = [
        ("task", config.get("task", "")),
        ("target", run.target_name),
        ("trained on", config.get("source", "")),
        *([("held out", config["split"])] if "split" in config else []),
        *how,
    ]
    results = {name: Scores(part) for name, part in config.get("results", {}).items()}
    rows, notes = figures(results, decimal=run.decimal)
    header = ["metric", *(part.replace("_", " ") for part in results)]
    listed = tag("dl", *(join([tag("dt", name), tag("dd", value)]) for name, value in facts))
    undefined = [tag("p", note) for note in notes]
    return join([listed, table(header, rows, caption="Recorded results") if rows else None, *undefined])


def findings(entries: list[Finding], run: Run) -> Html:
    """The findings."""
    without = None if has_health(run) or run.ensemble.only is None else tag("p", no_health(run))
    if not entries:
        return join([tag("p", "Nothing was found."), without])
    items = (
        tag(
            "li",
            tag("strong", f"{MARKS[finding.severity]} {finding.severity}, {finding.kind}: "),
            str(finding),
            class_=finding.severity,
        )
        for finding in entries
    )
    return join([tag("ul", *items, class_="findings"), without])


def curves(run: Run) -> Html:
    """Cost, metrics and learning rate over the epochs, as a figure and as a table; of several networks the
    costs of all.
    """
    histories = [member.network.history for member in run.ensemble.members]
    if not all(histories):
        return tag("p", "The history is empty.")
    smoothed = tag("p", run.ensemble.cost_note) if run.ensemble.cost_note else None
    if run.ensemble.only is None:
        display = TrainingCurveDisplay.from_ensemble(run.ensemble)
        return join([figure(display, "curves", "Cost of each member over the epochs, and medians"), smoothed])
    history = run.ensemble.history
    display = TrainingCurveDisplay.from_history(history)
    shown = {"cost": display.costs}
    if display.validation_costs is not None:
        shown["validation cost"] = display.validation_costs
    shown |= {**display.metrics, "learning rate": display.rates}
    chosen = evenly_spread(len(history), MOST_EPOCHS)
    rows = [[f"{display.epochs[k]:.0f}", *(written(curve[k]) for curve in shown.values())] for k in chosen]
    caption = f"{len(rows)} of {len(history)} epochs"
    numbers = details("As a table", table(["epoch", *shown], rows, caption=caption))
    caption = "Cost, metrics and learning rate over the epochs"
    if any((np.abs(curve) > HIGHEST).any() for curve in shown.values()):
        caption += f"; values above {HIGHEST:g} are drawn there"
    return join([figure(display, "curves", caption), smoothed, numbers])


def layers(run: Run) -> Html:
    """The network, and the health of its layers."""
    architecture, history = run.ensemble.network.architecture, run.ensemble.history
    parts = [figure(ArchitectureDisplay.from_network(run.ensemble.network), "network", "The network")]
    inputs = run.predictor.preparation
    if isinstance(inputs, ImagePreparation) and inputs.height * inputs.width > 1:
        shape = (inputs.height, inputs.width, inputs.channels)[: 2 if inputs.channels == 1 else 3]
        display = FirstLayerWeightsDisplay.from_network(run.ensemble.network, image_shape=shape)
        parts.append(figure(display, "weights", "Weights of the first layer as pictures"))
    looks = [look for record in history if (look := health_in(record)) is not None]
    names = HEALTH if looks else ()
    rows: list[list[Content]] = []
    for layer in range(1, architecture.n_layers + 1):
        cells = [written(looks[-1][layer - 1].get(name)) for name in names]
        units, name = architecture.layer_dims[layer], architecture.activations[layer - 1]
        rows.append([f"layer {layer}", name, units, *cells])
    header = ["layer", "activation", "units", *(name.replace("_", " ") for name in names)]
    caption = "Layers, in the last record of Health" if looks else "Layers"
    parts.append(table(header, rows, caption=caption, left=2))
    if not looks:
        return join([*parts, tag("p", no_health(run))])
    parts += [
        figure(UnitHealthDisplay.from_history(history), "units", "Dead and saturated units"),
        figure(UpdateRatioDisplay.from_history(history), "updates", "Updates compared with the weights"),
    ]
    statistics = LayerStatisticsDisplay.from_history(history)
    parts.append(figure(statistics, "statistics", "Activations, weights and gradients of each layer"))
    return join(parts)


def gradients(run: Run) -> Html:
    """The size of the gradient in each layer: over the training, or on the rows that the run keeps."""
    if has_health(run):
        display, heading = GradientFlowDisplay.from_history(run.ensemble.history), "Gradient of each layer"
    else:
        if run.examples is None or not len(run.examples.Y):
            return tag("p", "The run keeps no training rows, on which gradients could be computed.")
        X, Y = run.kept_examples()
        display = GradientFlowDisplay.from_network(run.ensemble.network, X.T, Y.T)
        heading = f"Gradient of each layer, of {len(X)} training rows after the training"
    if not np.isfinite(display.norms).any():
        return tag("p", f"{heading}: it is not finite in any layer, so there is nothing to draw.")
    return figure(display, "gradients", heading)


def presets(run: Run) -> Html:
    """The presets: their purpose, the cost of their members, and their weights."""
    name, costs = run.ensemble.preset_costs
    rows: list[list[Content]] = [
        [
            summary.name,
            summary.why,
            len(summary.members),
            written(cost),
            join([f"{summary.weight:.3f}", _bar(summary.weight)]),
        ]
        for summary, cost in zip(run.ensemble.by_preset, costs, strict=True)
    ]
    header = ["preset", "purpose", "members", name, "weight"]
    text = "The weights are chosen by the out-of-fold predictions of all presets together."
    tried = TriedPresets(run.ensemble.tried)
    listed = table(header, rows, caption="Presets", left=2)
    parts = [tag("p", text), details(_counted(len(rows), "preset"), listed)]
    if tried:
        which = "All" if len(tried) <= MOST_TRIED else f"The first {MOST_TRIED} of {len(tried)}"
        caption = f"{which} presets that were tried"
        cells = tried.cells()[:MOST_TRIED]
        parts.append(details(caption, table(tried.HEADER, cells, caption=caption, left=2, texts_last=1)))
    return join(parts)


def members(run: Run) -> Html:
    """The leaderboard of the members, which are numbered as ``--member`` takes them."""
    trace, explore = (
        tag("code", f"deepstep {name} RUN --member 0", class_="whole") for name in ("trace", "explore")
    )
    text = tag("p", "The number selects a member: ", trace, " and ", explore, " show all numbers of a step.")
    board = run.ensemble.leaderboard()
    rows = [[*cells[:3], tag("span", cells[3], class_="whole"), *cells[4:]] for cells in board.cells()]
    shown = rows[:MOST_MEMBERS]
    listed = table(board.header, shown, caption=f"{len(shown)} of {len(rows)} members", left=2)
    return join([text, details(_counted(len(shown), "member"), listed)])


def columns(run: Run) -> Html:
    """The treatment of each column, and its reason; or that of the pixels of pictures."""
    inputs = run.predictor.preparation
    if isinstance(inputs, ImagePreparation):
        size = f"{inputs.height}×{inputs.width}, channels: {inputs.channels}"
        return tag("p", f"Inputs are pictures of {size}, each pixel multiplied by {inputs.scale:.6g}.")
    text = "Fitted on all training rows; each fold is fitted on its own rows."
    described = [list(column[:3]) for column in inputs.describe()]
    shown = described[:MOST_COLUMNS]
    caption = f"{len(shown)} of {len(described)} columns"
    listed = table(["column", "kind", "treatment"], shown, caption=caption, left=3)
    return join([tag("p", text) if run.ensemble.only is None else None, listed])


def settings(run: Run) -> Html:
    """The recorded settings."""
    recorded = run.config.get("settings", {})
    searched = run.config.get("found", ())
    rows = [
        [name, f"{_value(value)}{' (found by a search)' if name in searched else ''}"]
        for name, value in recorded.items()
    ]
    return table(["setting", "value"], rows, caption="Settings of the training", left=2) if rows else Html()


def environment(run: Run) -> Html:
    """Versions: those of the training, and those of this page."""
    name, why = run.ensemble.engine
    recorded = [
        ("DeepStep that saved the run", run.saved_by or "not recorded"),
        ("engine", f"{name} ({why})" if why else name or "not recorded"),
    ]
    now = [
        ("DeepStep", __version__),
        ("Python", platform.python_version()),
        *((package, _version(package)) for package in ("numpy", "matplotlib")),
    ]
    return join(
        [
            table(["recorded in the run", "version"], recorded, caption="The training", left=2),
            table(["of this page", "version"], now, caption="This report", left=2),
        ]
    )


def reproduction(run: Run, command: str | None) -> Html:
    """How to reproduce the numbers."""
    recorded = run.config.get("settings", {})
    seed = recorded.get("random_state", recorded.get("seed"))
    seeded = "" if seed is None else f" The seed {seed} determines initial weights, order and masks."
    if command is None:
        source = run.config.get("source", "its source")
        return tag("p", f"The settings above on the data of {source} reproduce the numbers.{seeded}")
    text = (
        f"The demo has settings of its own.{seeded}"
        if DEMO in run.config
        else f"The command is the one of the training, without its --out.{seeded}"
    )
    return join([tag("pre", tag("code", command)), tag("p", text)])


def written(value: Any) -> str:
    """A number in a table."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    return number_text(float(value), 5) if isinstance(value, int | float | np.number) else str(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # the page of an ensemble has no figures
        return "not installed"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={entry}" for name, entry in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _bar(share: float) -> Html:
    return tag("span", class_="bar", style=f"width: {WIDEST * share:.2f}rem", aria_hidden="true")


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
