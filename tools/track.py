"""Run the code of docs/how-to/track.md with real packages, and read what they wrote: python tools/track.py.

Needs what no test needs: pip install tensorboard mlflow-skinny sqlalchemy alembic wandb. MLflow writes to a
database and to its file store, Weights & Biases offline. Ends with status 1 where a run lacks an epoch.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile
from doctest import DocTestParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy import allclose

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "track.md"
PLACES = {
    "sqlite:///mlflow.db": {},
    "file:mlruns": {"MLFLOW_ALLOW_FILE_STORE": "true"},
}
"""Where MLflow writes, and what else that needs of the environment."""

OFFLINE = {"MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_MODE": "offline", "WANDB_SILENT": "true"}
Curves = dict[str, list[float]]
"""Costs over the epochs by the name of a run."""


def page_names() -> dict[str, Any]:
    """The names of the page after all of its code, as they are without doctest."""
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.M):
        exec("".join(example.source for example in DocTestParser().get_examples(block)) or block, names)
    return names


def tensorboard_curves(logs: Path) -> Curves:
    """The runs that TensorBoard finds below a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    curves = {}
    for folder in sorted({file.parent for file in logs.rglob("events.*")}):
        name = folder.relative_to(logs).as_posix().removeprefix("ensemble/")
        curves[name] = [event.value for event in EventAccumulator(str(folder)).Reload().Scalars("cost")]
    return curves


def mlflow_curves() -> Curves:
    """The runs that a client of MLflow finds; all but the ensemble's have metrics."""
    from mlflow import MlflowClient

    client, curves = MlflowClient(), {}
    for run in client.search_runs(["0"]):
        metrics = client.get_metric_history(run.info.run_id, "cost")
        curves[run.info.run_name] = [
            metric.value for metric in sorted(metrics, key=lambda metric: metric.step)
        ]
    assert curves.pop("ensemble") == []
    return curves


def wandb_curves() -> Curves:
    """The runs in the folder wandb: records with a header, in blocks of 32 KiB, as LevelDB's log has them."""
    from wandb.proto.wandb_internal_pb2 import Record

    curves: Curves = {}
    for file in Path("wandb").glob("offline-run-*/run-*.wandb"):
        content, place, parts, name = file.read_bytes(), 7, b"", ""
        while place + 7 <= len(content):
            length, kind = struct.unpack_from("<HB", content, place + 4)
            parts += content[place + 7 : place + 7 + length]
            place += 7 + length
            place += (-place) % 2**15 if (-place) % 2**15 < 7 else 0
            if kind in (1, 4):  # whole, or its last part
                record, parts = Record.FromString(parts), b""
                name = record.run.display_name or name
                items = [item for item in record.history.item if "cost" in (item.key, *item.nested_key)]
                curves.setdefault(name, []).extend(float(item.value_json) for item in items)
    curves.pop("", None)  # of what comes before the name
    return curves


def check() -> int:
    """Run the page in this folder; a line for each package, and 1 where a curve differs."""
    names = page_names()
    model = names["model"]
    expected = {"network": names["network"].history_.costs}
    members = zip(model.ensemble_.members, model.histories_, strict=True)
    expected |= {f"{member.preset}/{member.fold}": history.costs for member, history in members}
    same = []
    for package, curves in (
        ("tensorboard", tensorboard_curves(names["logs"])),
        ("mlflow-skinny", mlflow_curves()),
        ("wandb", wandb_curves()),
    ):
        lengths = {run: len(costs) for run, costs in curves.items()}
        complete = lengths == {run: len(costs) for run, costs in expected.items()}
        same.append(complete and all(allclose(curves[run], expected[run]) for run in curves))
        result = "costs of all epochs of" if same[-1] else "other costs than those of"
        print(f"  {package} {version(package)}: {result} {', '.join(sorted(expected))}", file=sys.stderr)
    return int(not all(same))


def main() -> int:
    """Run the page for each place of MLflow, each time in an empty folder."""
    if "--here" in sys.argv:
        return check()
    status = 0
    for place, needs in PLACES.items():
        print(f"MLflow at {place}")
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--here"]
            environment = {**os.environ, **OFFLINE, **needs, "MLFLOW_TRACKING_URI": place}
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        lines = done.stderr.splitlines()
        results = [line for line in lines if line.startswith("  ")]
        print("\n".join(lines if done.returncode and len(results) < 3 else results))
        status = status or done.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
