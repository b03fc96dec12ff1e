"""The digits: handwritten 8×8 pictures in ten classes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from deepstep.cli.drawing import pictures
from deepstep.cli.fitting import Trained, train_and_save
from deepstep.cli.held_out import of_builtin
from deepstep.cli.parts import Part, as_part
from deepstep.cli.run_places import free_name, new_run
from deepstep.cli.scores import confusion
from deepstep.cli.screen import as_json, console, percent, print_curve, print_next, print_scores, print_table
from deepstep.cli.train_settings import TrainSettings
from deepstep.data import load
from deepstep.preparation import ClassificationTarget, ImagePreparation, Preparation
from deepstep.run_folder import DEMO
from deepstep.types import Array

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_MISTAKES = 4
NEXT = (
    ("trace RUN --layer 2", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
    ("summary RUN", "layers, settings, results"),
    ("demo spirals", "a network bends the plane"),
)


def digits(out: Path | None, seed: int, iterations: int | None, *, json_wanted: bool) -> int:
    """Train, show and save; gives the exit code."""
    settings = TrainSettings((64, 32), "relu", "he", "adam", 0.002, iterations or 40, 64, seed)
    data = load("digits", seed=seed)
    inputs = ImagePreparation(8, 8, 1, data.scale)
    preparation = Preparation(inputs, ClassificationTarget((data.classes,)))
    labels = np.array(data.classes)
    train = as_part(preparation, inputs.transform(data.X_train), labels[data.y_train])
    test = as_part(preparation, inputs.transform(data.X_test), labels[data.y_test])
    folder = out or free_name("digits")
    about = {
        "task": "multiclass",
        "target": "digit",
        "source": "scikit-learn's bundled digits",
        DEMO: "digits",
    }
    about |= of_builtin("digits", seed)
    trained = train_and_save(
        new_run(folder), folder, settings, preparation, train, test, label="digits", about=about
    )

    probabilities = trained.test_outputs
    wrong = worst_mistakes(probabilities, test.answers)
    counts = confusion(test.answers, probabilities.argmax(axis=1), len(data.classes))
    if json_wanted:
        record = {
            "demo": "digits",
            "run": folder,
            **trained.to_dict(),
            "confusion": counts,
            "mistakes": [
                {
                    "row": row,
                    "true": test.answers[row],
                    "predicted": probabilities[row].argmax(),
                    "probability": probabilities[row].max(),
                }
                for row in wrong
            ],
        }
        click.echo(as_json(record))
    else:
        screen = console()
        _print_training(screen, trained, train, test)
        _print_confusion(screen, data.classes, counts)
        _print_mistakes(screen, wrong, data.X_test * data.scale, probabilities, test.answers)
        print_next(screen, folder, NEXT)
    return trained.exit_code


def worst_mistakes(probabilities: Array, answers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Wrong rows, the surest first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != answers)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def _print_training(screen: "Console", trained: Trained, train: Part, test: Part) -> None:
    m, m_test = len(train.X), len(test.X)
    screen.print(
        f"{m:,} pictures of digits to learn from, {m_test} to test; {trained.run.network!r}", markup=False
    )
    print_curve(screen, trained.run.history.costs, height=11)
    print_scores(screen, trained.parts)


def _print_confusion(screen: "Console", classes: tuple[str, ...], counts: NDArray[np.int64]) -> None:
    header = ("true ↓ given →", *classes, "right")
    rows = [
        (name, *(str(count) if count else "·" for count in row), percent(row[index] / max(row.sum(), 1)))
        for index, (name, row) in enumerate(zip(classes, counts, strict=True))
    ]
    print_table(screen, header, rows, title="Test pictures by class")


def _print_mistakes(
    screen: "Console",
    wrong: NDArray[np.intp],
    pixels: Array,
    probabilities: Array,
    answers: NDArray[np.intp],
) -> None:
    if not len(wrong):
        screen.print("No mistake on the test pictures.\n")
        return
    shown = wrong[:SHOWN_MISTAKES]
    captions = [
        (f"true {answers[row]}", f"given {probabilities[row].argmax()} ({probabilities[row].max():.3f})")
        for row in shown
    ]
    screen.print(f"The surest of {len(wrong)} mistakes, with the probability given")
    screen.print(pictures([pixels[row].reshape(8, 8) for row in shown], captions), markup=False)
    screen.print()
