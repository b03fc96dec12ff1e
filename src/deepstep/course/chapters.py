"""The chapters of the course and the exercises of each."""

from typing import NamedTuple

from deepstep.errors import ConfigurationError


class Chapter(NamedTuple):
    """A chapter: number, name of its page, title, and its exercises in order."""

    number: int
    slug: str
    title: str
    exercises: tuple[str, ...]


_TABLE = (
    ("one_neuron", "One neuron by hand", "neuron_forward neuron_gradients"),
    ("shapes", "Shapes", "parameter_shapes flatten_images"),
    ("initialization", "Initialization", "initialize_two_layer initialize_deep initialize_he"),
    (
        "one_layer_forward",
        "Linear and activation forward",
        "sigmoid relu linear_forward linear_activation_forward",
    ),
    ("model_forward", "The L-layer forward pass", "model_forward"),
    ("cost", "The cost and its stable form", "compute_cost cost_from_logits"),
    (
        "one_layer_backward",
        "Linear and activation backward",
        "relu_backward sigmoid_backward linear_backward linear_activation_backward",
    ),
    ("model_backward", "The L-layer backward pass", "model_backward"),
    ("update", "The update and the learning rate", "update_parameters"),
    ("gradient_check", "The gradient check", "numerical_gradient relative_difference"),
    ("the_class", "The class", "fit predict"),
    ("cats", "Two layers against L layers on cats", "accuracy first_wrong two_layer_model L_layer_model"),
    (
        "faster_training",
        "Mini-batches, Adam, regularization",
        "mini_batches adam_update l2_cost dropout_forward",
    ),
    ("practice", "From lecture to practice", "standardize one_hot"),
)

CHAPTERS: dict[int, Chapter] = {
    number: Chapter(number, slug, title, tuple(names.split()))
    for number, (slug, title, names) in enumerate(_TABLE, start=1)
}
"""All chapters by number."""


def find_chapter(number: int) -> Chapter:
    """The chapter of this number; a `ConfigurationError` if there is none."""
    if number not in CHAPTERS:
        raise ConfigurationError.must_be("chapter", f"a number from 1 to {len(CHAPTERS)}", str(number))
    return CHAPTERS[number]


def starter(number: int) -> str:
    """The learner's file of a chapter: its functions with their tasks and without their bodies.

    Parameters
    ----------
    number : int
        The chapter, from 1 to 14.

    Returns
    -------
    str
        Python source.

    Raises
    ------
    ConfigurationError
        If there is no such chapter.

    Examples
    --------
    >>> print(starter(12)[:56])
    \"\"\"Chapter 12: Two layers against L layers on cats.
    <BLANKLINE>
    Wri
    """
    from deepstep.course import EXERCISES

    chapter = find_chapter(number)
    exercises = [EXERCISES[name] for name in chapter.exercises]
    helpers = sorted({helper for exercise in exercises for helper in exercise.helpers} - {*chapter.exercises})
    lines = [f'"""Chapter {number}: {chapter.title}.', "", "Write the functions, then run:"]
    lines += [f"    deepstep course check {number}", "", "The arguments of a call must not change.", '"""']
    lines += ["", "import numpy as np"]
    if helpers:
        names = "".join(f"    {helper},\n" for helper in helpers)
        lines += ["", f"from deepstep.course.exercises import (  # of earlier chapters\n{names})"]
    return "\n".join([*lines, "", "", "\n\n".join(exercise.hole() for exercise in exercises)])
