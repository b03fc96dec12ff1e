"""Kinds of targets: what Y has to be, how an output of that kind is read, and a random example."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from deepstep.equations.registry import Registry
from deepstep.preparation.target_values import ordinal_probabilities
from deepstep.types import AnyArray, Array

__all__ = ["TARGETS"]


class Rule(NamedTuple):
    """A condition on the values of a target, for `DeepStepError.must_be`: "Y must {expected}, got {got}".

    ``expected`` may name the head as {name}.
    """

    expected: str
    holds: Callable[[Array], bool]
    got: Callable[[Array], str]
    hint: str = ""


def value_range(Y: Array) -> str:
    """The smallest and the largest value, for error messages."""
    return f"values from {Y.min():g} to {Y.max():g}"


_FROM_0_TO_1 = Rule(
    "hold numbers from 0 to 1 for a {name} output",
    lambda Y: bool(Y.min() >= 0 and Y.max() <= 1),
    value_range,
    "Code the classes as 0 and 1, or use output='identity' for numbers.",
)
_SUM_TO_1 = Rule(
    "have columns that sum to 1, with a 1 for the class",
    lambda Y: np.allclose(Y.sum(axis=0), 1),
    lambda Y: f"sums that begin with {Y.sum(axis=0)[:4].tolist()}",
    "Use deepstep.preparation.one_hot(labels, n_classes).",
)
_AT_LEAST_0 = Rule(
    "hold counts of at least 0 for a {name} output",
    lambda Y: bool(Y.min() >= 0),
    value_range,
    "Use output='identity'.",
)
_FALLING_CODE = Rule(
    "have columns of ones above zeros, a one for each class below the true one",
    lambda Y: bool(np.isin(Y, (0, 1)).all() and (np.diff(Y, axis=0) <= 0).all()),
    lambda Y: f"columns that begin with {Y.T[:4].tolist()}",
    "Use deepstep.preparation.ordinal_code(labels, n_classes).",
)


Reading: TypeAlias = Callable[[Array], AnyArray]
Drawing: TypeAlias = Callable[[np.random.Generator, int, int], Array]


@dataclass(frozen=True)
class TargetKind:
    """A kind of target: what Y has to be, and how an output of that kind is read."""

    example: Drawing
    predictions: Reading = lambda AL: AL
    probabilities: Reading | None = None
    rules: tuple[Rule, ...] = ()
    has_one_class: Callable[[int], bool] = lambda n_outputs: False
    from_labels: str = ""
    repeats: bool = False


TARGETS: Registry[TargetKind] = Registry("kind of targets")
"""The kinds of targets; each head has one of them (``deepstep.equations.Head.targets``)."""

TARGETS.update(
    {
        "probabilities": TargetKind(
            lambda rng, n, m: rng.integers(2, size=(n, m)).astype(float),
            lambda AL: (AL > 0.5).astype(int),
            lambda AL: AL,
            (_FROM_0_TO_1,),
            has_one_class=lambda n_outputs: n_outputs == 1,
        ),
        "classes": TargetKind(
            lambda rng, n, m: np.eye(n)[:, rng.integers(n, size=m)],
            lambda AL: AL.argmax(axis=0)[np.newaxis],
            lambda AL: AL,
            (_FROM_0_TO_1, _SUM_TO_1),
            lambda n_outputs: True,
            "one_hot(labels, {n})",
        ),
        "cumulative": TargetKind(
            lambda rng, n, m: (rng.integers(n + 1, size=m) > np.arange(n)[:, np.newaxis]).astype(float),
            lambda AL: ordinal_probabilities(AL).argmax(axis=0)[np.newaxis],
            ordinal_probabilities,
            (_FALLING_CODE,),
            lambda n_outputs: True,
            "ordinal_code(labels, {more})",
        ),
        "numbers": TargetKind(lambda rng, n, m: rng.standard_normal((n, m))),
        "counts": TargetKind(
            lambda rng, n, m: rng.integers(10, size=(n, m)).astype(float), rules=(_AT_LEAST_0,)
        ),
        "one number": TargetKind(
            lambda rng, n, m: np.repeat(rng.standard_normal((1, m)), n, axis=0), repeats=True
        ),
    }
)
