"""Python that the page shows makes the state that the page shows: it is run here, and compared."""

import json
from itertools import product
from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import DeepStepError
from deepstep.explorer import lesson, replay, unpacked
from deepstep.explorer.shown import OPTIMIZERS
from javascript import node

RATES = {"gd": 0.3, "momentum": 0.3, "nesterov": 0.1, "rmsprop": 0.003}
EDIT = {"t": 9, "edit": ["W2", 1, 0, 0.75]}
POINT = {"t": 4, "add": [[0.3, -0.4], [1]]}
RETRAINED = {"t": 12, "set": {"optimizer": "adam", "learning_rate": 0.01, "optimizer_params": {}, "l2": 0.1}}


def toys() -> list[dict[str, Any]]:
    """Toy sets: every optimizer with each batch size and each dropout, then every other choice of Play."""
    changes = ([], [EDIT], [POINT, {**POINT, "add": [[-1.2, 0.1], [0]]}, EDIT, RETRAINED])
    found = []
    for optimizer, number in product(OPTIMIZERS, range(2)):
        at = len(found)
        size = (None, 32)[number]
        training = {"optimizer": optimizer, "learning_rate": RATES.get(optimizer, 0.01), "batch_size": size}
        training |= {"dropout": (0, 0.25)[(at // 2 + at) % 2], "l2": 0.3 if size else 0, "seed": at}
        training["weight_decay"] = 0.05 if optimizer == "adamw" else 0
        choice = {"hidden": [5, 4], "activations": ["tanh", "mish"], "training": training}
        found.append(("circles", choice, changes[at % 3], (0, 4, 9, 25)[at % 4], False))
    silu = {"hidden": [6], "activations": ["silu"], "training": {"batch_size": 64, "learning_rate": 0.02}}
    every = ["x", "y", "xx", "yy", "xy", "sinx", "siny"]
    powers = {"features": ["x", "xx", "xy"], "test": 0.5, "initialization": "small"}
    painted = {"t": 3, "add": [[0.3, 0.09, -0.12], [1], [0.3, -0.4]]}
    served = [{"t": 2, "served": True}, {"t": 5, "served": True}, {"t": 8, "edit": ["b1", 0, 0, 0.5]}]
    gd, adam = ({"training": {"optimizer": name, "learning_rate": 0.05}} for name in ("gd", "adam"))
    # rounding grows fast where RMSprop has come to a minimum
    far = {"training": {"optimizer": "rmsprop", "learning_rate": 0.01, "batch_size": 64}}
    found += [
        *((toy, silu, [], 7, True) for toy in ("arms", "plane")),
        ("xor", {}, [{**EDIT, "t": 0}, POINT], 6, True),
        ("spirals", {"features": every, "test": 0.3, "noise": 0.1, "initialization": "lecun"}, [], 8, True),
        ("circles", powers, [painted], 8, True),
        ("wave", {"features": ["xx", "sinx"], "noise": 0.2, "initialization": "glorot"}, [], 8, True),
        ("arms", {"test": 0.1, "initialization": "zeros"}, [], 8, False),
        ("moons", gd, served[:2], 3, False),
        ("moons", gd, served, 8, False),
        ("moons", adam, served[:2], 5, False),
        ("moons", adam, served, 11, False),
        ("spirals", far, [], 900, False),
        ("circles", far, [{**EDIT, "t": 450}, {**RETRAINED, "t": 460}, {**POINT, "t": 470}], 500, False),
    ]
    names = ("toy", "choice", "actions", "done", "exported")
    return [dict(zip(names, state, strict=True)) for state in found]


def lessons() -> list[dict[str, Any]]:
    """Lessons of Python, whose batches and masks it drew; as they are, changed, trained past their end."""
    X = np.random.default_rng(3).standard_normal((2, 90))
    scaled = {"activation": "selu", "input_scale": True, "output_settings": {"smoothing": 0.1}}
    factors = {"lr_multipliers": {"s1": 6}, "weight_decay_multipliers": {"b1": 0.5}, "weight_decay": 0.02}
    edits = [{"edit": ["s1", 1, 0, 0.7]}, {"edit": ["b2", 0, 0, 0.4]}, {"set": {"l2": 0.1}}]
    drawn = {"batch_size": 32, "dropout": [0.3, 0.0], "l2": 0.2, "learning_rate": 0.2, "seed": 5}
    early = [{**EDIT, "t": 2}, {**POINT, "t": 3}]
    found = []
    for parts, options, walks in (
        ({}, {"optimizer": "adam", "learning_rate": 0.02}, [([EDIT], 9), ([], 60)]),
        ({}, {"optimizer": "momentum", "batch_size": 16, "learning_rate": 0.2}, [([], 2), (early, 5)]),
        ({}, drawn, [([], 2), ([EDIT], 13), (early, 5), ([], 60)]),
        (
            scaled,
            {"optimizer": "adam", "dropout": 0.15, "learning_rate": 0.02, **factors},
            [([{"t": 2, **edit}], 9) for edit in edits],
        ),
        ({}, {"optimizer": "rmsprop", "learning_rate": 0.01, "iterations": 1200}, [([], 150), ([], 1100)]),
    ):
        network = Network([2, 5, 4, 1], seed=4, **{"activation": "tanh", **parts})
        document = lesson(network, X, (X[:1] > 0).astype(float), **{"iterations": 4, **options})
        found += [{"lesson": document, "actions": actions, "done": done} for actions, done in walks]
    return found


@pytest.mark.slow
def test_the_code_of_the_page_makes_the_state_of_the_page(tmp_path):
    """The parameters before the update, after it, and the cost."""
    asked = [*toys(), *lessons()]
    for state in asked:
        state["actions"] = [change for change in state["actions"] if change["t"] <= max(5, state["done"])]
    (tmp_path / "states.json").write_text(json.dumps(asked))
    done = node("tools/code.js", str(tmp_path / "states.json"))
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == len(asked) > 35
    for state, page in zip(asked, answers, strict=True):
        names: dict[str, Any] = {}
        exec(page["code"].replace("print(step.trace())", "trace = step.trace()"), names)
        step = names["step"]
        assert step.number == state["done"] + 1
        assert step.cost == pytest.approx(page["J"], rel=1e-10)
        assert names["trace"]["J"].value == step.cost
        if page.get("test") is not None:
            assert names["trained"].cost(names["X_test"], names["Y_test"]) == pytest.approx(
                page["test"], rel=1e-9
            )
        else:
            assert "test" not in state.get("choice", {})
        for ours, theirs in ((step.before, page["before"]), (step.after, page["after"])):
            for name, value in theirs.items():
                np.testing.assert_allclose(
                    ours[name], unpacked(value), rtol=1e-9, atol=1e-11, err_msg=str(state)[-300:]
                )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"changes": [{"edit": ["W1", 0, 0, 1.0]}]}, "no number t of updates"),
        ({"changes": [{"t": 0, "drop": 1}]}, "set, edit and add"),
        ({"changes": [{"t": 0, "set": {"dropouts": 1}}]}, "dropouts"),
        ({"changes": [{"t": 1, "edit": ["W9", 0, 0, 1.0]}]}, "W9.* does not fit the network"),
        ({"changes": [{"t": 1, "edit": ["W1", 3, 0, 1.0]}]}, "does not fit the network"),
        ({"changes": [{"t": 1, "add": [[1.0, 2.0], [1]]}]}, "does not fit the network"),
        ({"updates": -1}, "updates"),
        ({"slots": {"v_dW1": 1.0}}, "v_dW1"),
    ],
)
def test_what_no_page_gives_is_refused(given, why):
    network, training = Network([1, 1], seed=1), {"optimizer": "momentum", "learning_rate": 0.1}
    with pytest.raises(DeepStepError, match=why):
        replay(network, [[0.0, 1.0]], [[0, 1]], **{"updates": 2, "training": training, **given})
