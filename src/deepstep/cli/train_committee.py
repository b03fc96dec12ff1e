"""``deepstep train --recipe table``: a table becomes the run of a committee."""

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from deepstep.cli.class_weights import weights_by_class
from deepstep.cli.committee_fitting import Fitted, fitted
from deepstep.cli.exit_codes import GOOD
from deepstep.cli.members import as_records, print_recipes
from deepstep.cli.parts import answers_of, columns_of
from deepstep.cli.recipe_choice import RecipeChoice
from deepstep.cli.scores import Scores, score
from deepstep.cli.screen import as_json, console, print_scores, warnings_as_notes
from deepstep.cli.table_task import Rows, TableSplit, table_split
from deepstep.cli.target_choice import Goal
from deepstep.cli.telling import NO_TEST, about, print_columns, print_saved, tell
from deepstep.cli.train_settings import TrainSettings
from deepstep.cli.unfinished import place_at_once
from deepstep.estimators import CommitteeRun
from deepstep.estimators.committee_run import FewRows
from deepstep.preparation import ClassTarget, LabelTargets, Preparation
from deepstep.run import few_rows

if TYPE_CHECKING:
    import polars

OF_A_COMMITTEE = ("seed", "loss", "huber_delta", "class_weight", "time_budget", "deterministic")
"""The settings of a training that a committee has, too."""
ONLY_OUT_OF_FOLD = (
    "No rows were held out for a test: how good answers for new rows are, the figures out of fold say.\n"
)


def train_committee(
    file: Path,
    frame: "polars.DataFrame",
    run: Path,
    goal: Goal,
    settings: TrainSettings,
    recipe: RecipeChoice,
    *,
    members: int | None,
    overwrite: bool,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed; gives the exit code."""
    split = table_split(frame, goal, None)
    settings.check_target(split.target)
    tell(file, frame, split, recipe)
    with warnings_as_notes(), place_at_once(run, overwrite=overwrite) as save:
        begun = monotonic()
        found = fitted(split, settings, members, file.stem)
        whole, parts = _compared(found, split, about(file, goal, split), settings, monotonic() - begun)
        save(whole)
    if json_wanted:
        click.echo(
            as_json({**_record(run, whole, split), **{name: s.to_dict() for name, s in parts.items()}})
        )
        return GOOD
    screen = console()
    print_columns(screen, split.inputs)
    print_recipes(screen, whole.committee)
    print_scores(screen, parts, by_class="class_weights" in whole.config)
    if "test" not in parts:
        screen.print(ONLY_OUT_OF_FOLD if "out_of_fold" in parts else NO_TEST, markup=False)
    print_saved(screen, run, file, NEXT)
    return GOOD


NEXT = (
    ("predict RUN FILE", "answers for the rows of a table"),
    ("evaluate RUN FILE", "answers compared with a table's own"),
    ("summary RUN", "members, settings, results, columns"),
    ("trace RUN --member 0 --layer 1", "every number of one training step of a member"),
)


def _record(run: Path, whole: CommitteeRun, split: TableSplit) -> dict[str, Any]:
    config, committee = whole.config, whole.committee
    return {
        "run": run,
        "task": split.kind,
        "reason": split.reason,
        "columns": [summary._asdict() for summary in split.inputs.describe()],
        **{name: config[name] for name in ("settings", "engine", "why_engine", "seconds")},
        "output": committee.output,
        "recipes": committee.weights,
        "members": as_records(committee),
    }


def _compared(
    found: Fitted, split: TableSplit, known: dict[str, Any], settings: TrainSettings, seconds: float
) -> tuple[CommitteeRun, dict[str, Scores]]:
    """The run, and its scores: of all rows that it learned from, by those who did not, and of the test."""
    asked = settings.to_dict()
    config = {
        "engine": found.committee.members[0].engine,
        "why_engine": found.why_engine,
        **known,
        **_class_weights(split, settings),
        "seconds": seconds,
        "settings": {
            "recipe": "table",
            "members": len(found.committee.members),
            **{name: asked[name] for name in OF_A_COMMITTEE if name in asked},
        },
    }
    rows, target = split.train, found.target
    if rows.weight is not None:
        config["example_weights"] = rows.weight[few_rows(len(rows.weight))].tolist()
    examples = FewRows.of(found.committee, rows.frame.drop(split.without), target.encode(rows.labels))
    preparation = Preparation(split.inputs, target)
    run = CommitteeRun(found.committee, found.temperature, preparation, config, examples)
    parts = {
        "train": score(
            found.target, answers_of(found.target, split.train.labels), run.outputs(split.train.frame)
        )
    }
    if found.committee.out_of_fold is not None:
        parts["out_of_fold"] = _out_of_fold(found, split.train)
    if split.test is not None:
        answers = answers_of(found.target, split.test.labels)
        parts["test"] = score(found.target, answers, run.outputs(split.test.frame))
    config["results"] = {name: scores.to_dict() for name, scores in parts.items()}
    return run, parts


def _out_of_fold(found: Fitted, rows: Rows) -> Scores:
    """The score of the rows that a fold held out, by the members of that fold."""
    A = found.committee.out_of_fold
    assert A is not None
    kept = np.arange(len(A)) if rows.weight is None else np.flatnonzero(rows.weight > 0)
    known = np.isfinite(A).all(axis=1)
    return score(found.target, answers_of(found.target, rows.labels)[kept[known]], A[known])


def _class_weights(split: TableSplit, settings: TrainSettings) -> dict[str, Any]:
    """The weights of the classes in their order, as the config of any run has them."""
    target = split.target
    if settings.class_weight is None or not isinstance(target, ClassTarget | LabelTargets):
        return {}
    columns = columns_of(answers_of(target, split.train.labels))
    of_each = [
        weights.tolist()
        for weights in weights_by_class(settings.class_weight, target, columns, split.train.weight)
    ]
    return {"class_weights": of_each if isinstance(target, LabelTargets) else of_each[0]}
