"""``deepstep summary``: what a run is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from deepstep.cli.screen import as_json, console, json_option, print_table
from deepstep.preparation import TablePreparation
from deepstep.run import Run


@click.command("summary")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@json_option
def command(run_folder: Path, json_wanted: bool) -> None:
    """Show a run's layers, training, results and columns."""
    run = Run.load(run_folder)
    architecture, history = run.network.architecture, run.history
    columns = (
        run.preparation.inputs.describe() if isinstance(run.preparation.inputs, TablePreparation) else []
    )
    if json_wanted:
        record: dict[str, Any] = {
            "run": run_folder,
            **run.config,
            "engine": history.engine,
            "why_engine": history.why_engine,
            "stopped": history.stopped,
            "epochs": len(history),
            "cost": history[-1]["cost"] if history else None,
            "layer_dims": architecture.layer_dims,
            "activations": architecture.activations,
            "parameters": architecture.n_parameters,
            "inputs": run.preparation.inputs.to_dict(),
            "outputs": run.preparation.target.to_dict(),
        }
        click.echo(as_json(record))
        return
    screen = console()
    screen.print(run.network.summary(), markup=False, soft_wrap=True)
    screen.print()
    print_table(screen, ("training", ""), _training(run), left=2)
    results = run.config.get("results", {})
    parts = {part: _flat(results[part]) for part in ("train", "validation", "test") if part in results}
    names = next(iter(parts.values()), {})
    figures = [(name, *(_figure(part.get(name)) for part in parts.values())) for name in names]
    print_table(screen, ("results", *parts), figures)
    if columns:
        print_table(screen, ("column", "kind", "what is done"), columns, left=3)


def _flat(results: Mapping[str, Any]) -> dict[str, Any]:
    """Figures by name; those of each class under the name of the class."""
    return {
        name if key is None else f"{name} of {key}": figure
        for name, value in results.items()
        for key, figure in (value.items() if isinstance(value, dict) else [(None, value)])
    }


def _figure(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def _training(run: Run) -> list[tuple[str, str]]:
    history = run.history
    shown = {**run.config, "target": run.target_name}
    told = [(name, str(shown[name])) for name in ("task", "target", "source") if name in run.config]
    found = run.config.get("found", ())
    settings = [
        (name, f"{value} (found by a search)" if name in found else str(value))
        for name, value in run.config.get("settings", {}).items()
    ]
    first, last = (history[index]["cost"] if history else float("nan") for index in (0, -1))
    ended = f"{history.stopped}: {len(history)} epochs, cost {first:.6g} → {last:.6g}"
    engine = f"{history.engine} ({history.why_engine})" if history.why_engine else history.engine
    return [*told, *settings, ("engine", engine), ("ended", ended)]
