"""``deepstep report`` and ``deepstep doctor``: a run as a page of HTML, and what went wrong in it."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from deepstep.cli.open_runs import new_file, predicted_rows, reading
from deepstep.cli.option_types import PATH, read_option, run_argument
from deepstep.cli.screen import FAILED, GOOD, as_json, json_option, note, printable, say
from deepstep.data.builtin import SOURCE
from deepstep.errors import ConfigurationError
from deepstep.held_out import HeldOut
from deepstep.report import report, write_report
from deepstep.report.diagnosis import findings_of, has_health, no_health
from deepstep.report.html import no_figures
from deepstep.run import DEMO, Run
from deepstep.types import Array

CATS = "cats"
"""The demo that can have its data from outside."""


def reproduce(run: Run) -> str | None:
    """The command, None for runs of neither a table nor a demo."""
    config = run.config
    source = str(config.get("source", ""))
    if DEMO in config:
        return shlex.join(_demo(str(config[DEMO]), source, config.get("settings", {})))
    return str(config["command"]) if "command" in config else None


def _demo(demo: str, source: str, settings: Mapping[str, Any]) -> Iterator[str]:
    yield from ("deepstep", "demo", demo)
    if demo == CATS and source != SOURCE:
        yield from ("--data", source)
    for name in ("seed", "iterations"):
        if name in settings:
            yield from (f"--{name}", str(settings[name]))


def _rows(run: Run, data: Path | None, read: Mapping[str, Any]) -> tuple[HeldOut, Any, Array | None]:
    """Rows with the predictions for them: those that the run keeps, or those of a table, which is also given,
    and as inputs of the only network.
    """
    if data is None:
        return run.held_out or HeldOut.kept_by(run), None, None
    rows, raw = predicted_rows(run, data, reading(run, read))
    inputs = None if run.ensemble.only is None else run.predictor.inputs(raw)
    return rows, raw, inputs


@click.command("report")
@run_argument
@click.option("-o", "--out", default="report.html", show_default=True, type=PATH, help="HTML file.")
@click.option("--data", type=PATH, help="Table whose rows are predicted. Default: rows held out in training.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@read_option
@json_option
def report_command(
    run_folder: Path, out: Path, data: Path | None, overwrite: bool, read: dict[str, Any], json_wanted: bool
) -> None:
    """Write a report of a run as one HTML page.

    The page shows curves, findings, predictions with explanations, the health of the layers, settings and the
    command that reproduces the run; of an ensemble its presets, members and columns. It opens offline,
    without scripts.
    """
    new_file(out, "-o", overwrite=overwrite, beside=() if data is None else (data,))
    run = Run.load(run_folder)
    rows, raw, inputs = _rows(run, data, read)
    name = printable(Path(run_folder.resolve().name))
    page = report(run, name=name, rows=rows, inputs=inputs, raw=raw, command=reproduce(run))
    write_report(out, page)
    if reason := no_figures():
        note(reason)
    size = len(page.encode())
    findings = findings_of(run, inputs, rows)
    if json_wanted:
        records = [finding.to_dict() for finding in findings]
        click.echo(as_json({"run": run_folder, "report": out, "bytes": size, "findings": records}))
        return
    say(f"Written: {out} ({size / 1000:.0f} kB, {len(findings)} finding{'' if len(findings) == 1 else 's'})")


@click.command("doctor")
@run_argument
@click.option(
    "--data",
    type=PATH,
    help="Table on whose rows one network's units and labels are examined. Default: units as last recorded "
    "by --log, labels of the rows held out in training.",
)
@click.option("--strict", is_flag=True, help="Exit code 1 if anything was found.")
@read_option
@json_option
def doctor_command(
    run_folder: Path, data: Path | None, strict: bool, read: dict[str, Any], json_wanted: bool
) -> int:
    """Diagnose common training problems in a run.

    Causes come first. Of all runs: overfitting, classes never predicted. Of one network: learning rate too
    high or too low, dead and saturated units, vanishing and exploding gradients, updates too small or too
    large, divergence, a constant target, possible label errors, columns that alone determine the target
    (leakage), training that ended too early. Of an ensemble: predictions no better than the baseline, outlier
    folds, shifted test rows, unfinished members.
    """
    run = Run.load(run_folder)
    if data is not None and run.ensemble.only is None:
        requirement = "used with a run of one network, whose units it shows"
        value = f"{run_folder} with {len(run.ensemble.members)}"
        raise ConfigurationError.must_be("--data", requirement, value, "Leave it out.")
    rows, _, inputs = _rows(run, data, read)
    findings = findings_of(run, inputs, rows)
    if json_wanted:
        records = [finding.to_dict() for finding in findings]
        click.echo(as_json({"run": run_folder, "health": has_health(run), "findings": records}))
    else:
        if run.ensemble.only is not None and not has_health(run):
            note(no_health(run))
        for finding in findings:
            say(f"{finding.severity}, {finding.kind}: {finding}")
        if not findings:
            click.echo("Nothing was found.")
    return FAILED if strict and findings else GOOD
