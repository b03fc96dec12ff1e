"""The command that trains a run again, from what its config records."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deepstep.cli.option_names import SPELLED
from deepstep.data import TABLE_SUFFIXES
from deepstep.run_folder import DEMO, RunFolder

CATS = "cats"
"""The demo that has its data from outside."""

REPEATED = {
    "optimizer_params": "--optimizer-param",
    "lr_multipliers": "--lr-multiplier",
    "weight_decay_multipliers": "--weight-decay-multiplier",
    "class_weight": "--class-weight",
}
"""Settings that are mappings, and given once for each entry."""


def reproduce(run: RunFolder) -> str | None:
    """The command, None for runs whose data stand in no table and belong to no demo."""
    config = run.config
    source = str(config.get("source", ""))
    if DEMO in config:
        return shlex.join(_demo(str(config[DEMO]), source, config.get("settings", {})))
    if Path(source).suffix.lower() not in TABLE_SUFFIXES or "settings" not in config:
        return None
    words = ["deepstep", "train", source]
    for name in run.target_names:
        words += ["--target", name]
    if "sample_weight" in config:
        words += ["--sample-weight", str(config["sample_weight"])]
    asked = config.get("asked", {})
    for option in ("drop", "keep"):
        for column in asked.get(option, ()):
            words += [SPELLED.get(option, f"--{option}"), str(column)]
    rest = {name: value for name, value in asked.items() if name not in ("drop", "keep")}
    for name, value in {**rest, **config["settings"]}.items():
        words += _words(name, value)
    return shlex.join(words)


def _demo(name: str, source: str, settings: Mapping[str, Any]) -> Iterator[str]:
    yield from ("deepstep", "demo", name)
    if name == CATS:
        yield from ("--data", source)
    for asked in ("seed", "iterations"):
        if asked in settings:
            yield from (f"--{asked}", str(settings[asked]))


def _words(name: str, value: Any) -> Iterator[str]:
    option = SPELLED.get(name, f"--{name.replace('_', '-')}")
    if value is True:
        yield option
    elif isinstance(value, Mapping) and name in REPEATED:
        for key, entry in value.items():
            yield from (REPEATED[name], f"{key}={entry}")
    elif isinstance(value, Mapping):  # a schedule
        settings = ",".join(f"{key}={entry}" for key, entry in value.items() if key != "name")
        yield from (option, f"{value.get('name', '')}:{settings}")
    elif isinstance(value, list | tuple):
        yield from (option, ",".join(map(str, value)))
    elif value is not False:
        yield from (option, str(value))
