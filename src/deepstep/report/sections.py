"""The parts of a report, each from a run to HTML."""

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from deepstep import __version__
from deepstep.inspection import Finding
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
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.report.diagnosis import has_health, no_health
from deepstep.report.figures import figure
from deepstep.report.html import Content, Html, details, join, table, tag
from deepstep.report.rows import AnyRun
from deepstep.run import Run
from deepstep.run_folder import DEMO, RunFolder
from deepstep.training import History
from deepstep.training.history import health_in

MOST_LINES = 40
"""So many epochs are in the table of the curve, evenly spread."""

MOST_COLUMNS = 200
"""So many columns of a table are described."""

MARKS = {"serious": "✖", "warning": "▲", "note": "●"}
"""Beside the word, so that no colour has to be told apart."""


def overview(run: Run) -> Html:
    """The task, the data and the results."""
    return learned(run, [("network", repr(run.network)), ("ended", ended(run.history))])


def ended(history: History) -> str:
    """How a training ended."""
    if not len(history):
        return f"{history.stopped}, before the first epoch was done"
    first, last = (history[at]["cost"] for at in (0, -1))
    return f"{history.stopped}: {len(history)} epochs, cost {first:.6g} → {last:.6g}"


def learned(run: RunFolder, how: list[tuple[str, Content]]) -> Html:
    """The task, the data, the model and the results."""
    config = run.config
    facts: list[tuple[str, Content]] = [
        ("task", config.get("task", "")),
        ("target", run.target_name),
        ("learned from", config.get("source", "")),
        *how,
    ]
    results = {name: _flat(part) for name, part in config.get("results", {}).items()}
    names = dict.fromkeys(name for part in results.values() for name in part)
    rows = [[name, *(figure_of(part.get(name)) for part in results.values())] for name in names]
    parts = [part.replace("_", " ") for part in results]
    return join(
        [
            _facts(facts),
            table(["figure", *parts], rows, caption="Results as they were recorded") if rows else None,
        ]
    )


def findings(found: list[Finding], run: AnyRun) -> Html:
    """The findings."""
    without = None if has_health(run) or not isinstance(run, Run) else tag("p", no_health(run))
    if not found:
        return join([tag("p", "Nothing was found."), without])
    items = (
        tag(
            "li",
            tag("strong", f"{MARKS[one.severity]} {one.severity}, {one.kind}: "),
            str(one),
            class_=one.severity,
        )
        for one in found
    )
    return join([tag("ul", *items, class_="findings"), without])


def curves(run: Run) -> Html:
    """Cost, metrics and learning rate over the epochs, drawn and as a table."""
    history = run.history
    if not len(history):
        return tag("p", "The history is empty.")
    display = TrainingCurveDisplay.from_history(history)
    shown = {"cost": display.costs}
    if display.validation_costs is not None:
        shown["validation cost"] = display.validation_costs
    shown |= {**display.metrics, "learning rate": display.rates}
    at = sorted({round(row) for row in np.linspace(0, len(history) - 1, min(len(history), MOST_LINES))})
    rows = [[f"{display.epochs[row]:.0f}", *(figure_of(one[row]) for one in shown.values())] for row in at]
    caption = f"{len(at)} of {len(history)} epochs"
    numbers = details("As a table", table(["epoch", *shown], rows, caption=caption))
    caption = "Cost, metrics and learning rate over the epochs"
    if any((np.abs(one) > HIGHEST).any() for one in shown.values()):
        caption += f"; what is above {HIGHEST:g} is drawn there"
    return join([figure(display, "curves", caption), numbers])


def layers(run: Run) -> Html:
    """The network, and the health of its layers."""
    architecture = run.network.architecture
    parts = [figure(ArchitectureDisplay.from_network(run.network), "network", "The network")]
    inputs = run.preparation.inputs
    if isinstance(inputs, ImagePreparation) and inputs.height * inputs.width > 1:
        shape = (inputs.height, inputs.width, inputs.channels)[: 2 if inputs.channels == 1 else 3]
        display = FirstLayerWeightsDisplay.from_network(run.network, image_shape=shape)
        parts.append(figure(display, "weights", "Weights of the first layer as pictures"))
    last = next(filter(None, map(health_in, reversed(run.history.records))), None)
    names = ("dead", "saturated", "gradient_norm", "update_ratio")
    rows: list[list[Content]] = []
    for layer in range(1, architecture.n_layers + 1):
        health = {} if last is None else last[layer - 1]
        cells = [figure_of(health.get(name)) for name in names] if last is not None else []
        units, name = architecture.layer_dims[layer], architecture.activations[layer - 1]
        rows.append([f"layer {layer}", name, units, *cells])
    headers = [name.replace("_", " ") for name in names] if last is not None else []
    caption = "Layers" if last is None else "Layers, as Health saw them last"
    parts.append(table(["layer", "activation", "units", *headers], rows, caption=caption, left=2))
    return join([*parts, *(_health(run) if last is not None else [tag("p", no_health(run))])])


def gradients(run: Run) -> Html:
    """How the gradient comes through the layers: over the training, or on the rows that the run keeps."""
    if has_health(run):
        display, heading = GradientFlowDisplay.from_history(run.history), "Gradient of each layer"
    else:
        X, Y = run.examples
        display = GradientFlowDisplay.from_network(run.network, X.T, Y.T)
        heading = f"Gradient of each layer, of {len(X)} training rows after the training"
    if not np.isfinite(display.norms).any():
        return tag("p", f"{heading}: it is not finite in any layer, so there is nothing to draw.")
    return figure(display, "gradients", heading)


def _health(run: Run) -> Iterable[Html]:
    history = run.history
    yield figure(UnitHealthDisplay.from_history(history), "units", "Dead and saturated units")
    yield figure(UpdateRatioDisplay.from_history(history), "updates", "Updates compared with the weights")
    looks = [look for record in history if (look := health_in(record)) is not None]
    if all("weight_size" in layer for look in looks for layer in look):  # runs of older releases lack it
        display = LayerStatisticsDisplay.from_history(history)
        yield figure(display, "statistics", "Activations, weights and gradients of each layer")


def configuration(run: Run) -> Html:
    """The settings, and what was done to the columns."""
    inputs = run.preparation.inputs
    if isinstance(inputs, TablePreparation):
        return join([settings(run), details("What is done to the columns", columns(inputs))])
    size = f"{inputs.height}×{inputs.width}, channels: {inputs.channels}"
    said = f"Inputs are pictures of {size}, each pixel times {inputs.scale:.6g}."
    return join([settings(run), tag("p", said)])


def settings(run: RunFolder) -> Html:
    """The settings, as they were recorded."""
    recorded = run.config.get("settings", {})
    found = run.config.get("found", ())
    searched = {name: " (found by a search)" if name in found else "" for name in recorded}
    rows = [[name, f"{_value(value)}{searched[name]}"] for name, value in recorded.items()]
    if not rows:
        return Html()
    return table(["setting", "value"], rows, caption="Settings of the training", left=2)


def columns(inputs: TablePreparation) -> Html:
    """The treatment of each column, and its reason."""
    described = [list(column[:3]) for column in inputs.describe()]
    shown = described[:MOST_COLUMNS]
    caption = f"{len(shown)} of {len(described)} columns"
    return table(["column", "kind", "what is done"], shown, caption=caption, left=3)


def environment(run: AnyRun) -> Html:
    """Versions: those that the run recorded, and those that wrote this page."""
    config = run.config
    if isinstance(run, Run):
        name, why = run.history.engine, run.history.why_engine
    else:
        name, why = (str(config.get(entry, "")) for entry in ("engine", "why_engine"))
    engine = f"{name} ({why})" if why else name
    recorded = [
        ("DeepStep of the training", config.get("deepstep", "not recorded")),
        ("engine", engine or "not recorded"),
        *[(name, _value(value)) for name, value in config.get("environment", {}).items()],
    ]
    now = [
        ("DeepStep", __version__),
        ("Python", platform.python_version()),
        *[(package, _version(package)) for package in ("numpy", "matplotlib")],
    ]
    return join(
        [
            table(["recorded in the run", "version"], recorded, caption="The training", left=2),
            table(["of this page", "version"], now, caption="This report", left=2),
        ]
    )


def reproduction(run: RunFolder, command: str | None) -> Html:
    """How to come to the same numbers."""
    seed = run.config.get("settings", {}).get("seed")
    seeded = "" if seed is None else f" The seed {seed} decides first weights, order and masks."
    source = run.config.get("source", "its source")
    if command is None:
        return tag("p", f"The settings above on the data of {source} come to the same numbers.{seeded}")
    if DEMO in run.config:
        return join([tag("pre", tag("code", command)), tag("p", f"The demo has its own settings.{seeded}")])
    said = (
        "The run records the settings that stand here. Add what was said about rows and columns (--exclude, "
        f"--classes, --test-fraction, --validation), if anything was.{seeded}"
    )
    return join([tag("pre", tag("code", command)), tag("p", said)])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # the page of an ensemble has no figures
        return "not installed"


def _facts(facts: list[tuple[str, Content]]) -> Html:
    return tag("dl", *(join([tag("dt", name), tag("dd", value)]) for name, value in facts))


def _flat(part: Mapping[str, Any]) -> dict[str, Any]:
    """Figures by name; those of each class under the name of the class."""
    flat: dict[str, Any] = {}
    for name, value in part.items():
        if isinstance(value, Mapping):
            flat |= {f"{name} of {inner}": entry for inner, entry in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def figure_of(value: Any) -> str:
    """A number as the tables have it."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    return f"{value:.5g}" if isinstance(value, int | float | np.number) else str(value)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={entry}" for name, entry in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
