"""A built-in data set as inputs, targets and words about them."""

from typing import NamedTuple

import numpy as np

from deepstep.data import load
from deepstep.explorer.shown import About
from deepstep.preparation import ClassificationTarget
from deepstep.types import Array


class Subject(NamedTuple):
    """The subject of a lesson: X and Y with columns as examples, their target, and words."""

    X: Array
    Y: Array
    target: ClassificationTarget
    about: About


def builtin(name: str, seed: int) -> Subject:
    """The training part of a built-in set."""
    data = load(name, seed=seed)
    target = ClassificationTarget((data.classes,))
    inputs = "data.X_train.T" + (f" * {data.scale}" if data.scale != 1 else "")
    K = target.n_outputs
    targets = f"one_hot(data.y_train, {K}).T" if K > 1 else "data.y_train[None]"
    about = About(
        name,
        feature_names=data.feature_names,
        class_names=data.classes,
        code="\n".join(
            [
                "from deepstep.data import load",
                *(["from deepstep.preparation import one_hot"] if K > 1 else []),
                "",
                f"data = load({name!r}, seed={seed})",
                f"X, Y = {inputs}, {targets}",
            ]
        ),
    )
    X = np.ascontiguousarray(data.X_train.T * data.scale)
    return Subject(
        X, np.ascontiguousarray(target.encode(np.array(data.classes)[data.y_train]).T), target, about
    )
