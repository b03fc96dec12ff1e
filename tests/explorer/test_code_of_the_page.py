"""Python that the page shows makes the state that the page shows: it is run here, and compared."""

import json
from itertools import product
from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import FEATURES, feature
from deepstep.errors import ConfigurationError, DeepStepError
from deepstep.explorer import lesson, replay, unpacked
from deepstep.explorer.replay import order, uniform
from deepstep.explorer.reproduction import SHOWN
from deepstep.explorer.shown import OPTIMIZERS
from javascript import evaluated, node

RATES = {"gd": 0.3, "momentum": 0.3, "nesterov": 0.1, "rmsprop": 0.003}
EDIT = {"t": 9, "edit": ["W2", 1, 0, 0.75]}
POINT = {"t": 4, "add": [[0.3, -0.4], [1]]}
RETRAINED = {"t": 12, "set": {"optimizer": "adam", "learning_rate": 0.01, "optimizer_params": {}, "l2": 0.1}}


def states() -> list[dict[str, Any]]:
    """Every optimizer × batches × dropout on a toy set, in turn without and with changes by hand."""
    changes = ([], [EDIT], [POINT, {**POINT, "add": [[-1.2, 0.1], [0]]}, EDIT, RETRAINED])
    found = []
    for optimizer, size, dropout in product(OPTIMIZERS, (None, 32), (0, 0.25)):
        actions = changes[len(found) % 3]
        training = {
            "optimizer": optimizer,
            "learning_rate": RATES.get(optimizer, 0.01),
            "batch_size": size,
            "dropout": dropout,
            "l2": 0.3 if size else 0,
            "weight_decay": 0.05 if optimizer == "adamw" else 0,
            "seed": len(found),
        }
        choice = {"hidden": [5, 4], "activations": ["tanh", "mish"], "training": training}
        done = (0, 4, 9, 25)[len(found) % 4]
        past = [change for change in actions if change["t"] <= done]
        found.append({"toy": "circles", "choice": choice, "actions": past, "done": done})
    for toy in ("arms", "plane", "wave"):
        choice = {
            "hidden": [6],
            "activations": ["silu"],
            "training": {"batch_size": 64, "learning_rate": 0.02},
        }
        found.append({"toy": toy, "choice": choice, "actions": [], "done": 7, "exported": True})
    found.append(
        {"toy": "xor", "choice": {}, "actions": [{**EDIT, "t": 0}, POINT], "done": 6, "exported": True}
    )
    every = ["x", "y", "xx", "yy", "xy", "sinx", "siny"]
    painted = {"t": 3, "add": [[0.3, 0.09, -0.12], [1], [0.3, -0.4]]}
    for toy, choice, actions in (
        ("spirals", {"features": every, "test": 0.3, "noise": 0.1, "initialization": "lecun"}, []),
        ("circles", {"features": ["x", "xx", "xy"], "test": 0.5, "initialization": "small"}, [painted]),
        ("wave", {"features": ["xx", "sinx"], "noise": 0.2, "initialization": "glorot"}, []),
        ("arms", {"test": 0.1, "initialization": "zeros"}, []),
    ):
        found.append({"toy": toy, "choice": choice, "actions": actions, "done": 8, "exported": toy != "arms"})
    for optimizer, done in (("gd", 3), ("gd", 8), ("adam", 5), ("adam", 11)):
        choice = {"training": {"optimizer": optimizer, "learning_rate": 0.05}}
        actions = [{"t": 2, "served": True}, {"t": 5, "served": True}, {"t": 8, "edit": ["b1", 0, 0, 0.5]}]
        reached = [action for action in actions if action["t"] <= max(5, done)]
        found.append({"toy": "moons", "choice": choice, "actions": reached, "done": done})
    far = {"optimizer": "rmsprop", "learning_rate": 0.01, "batch_size": 64}  # rounding grows fast there
    found.append({"toy": "spirals", "choice": {"training": far}, "actions": [], "done": 900})
    changed = [{**EDIT, "t": 450}, {**RETRAINED, "t": 460}, {**POINT, "t": 470}]
    found.append({"toy": "circles", "choice": {"training": far}, "actions": changed, "done": 500})
    return found


def lessons() -> list[dict[str, Any]]:
    """Lessons of Python, whose batches and masks it drew; as they are, changed, trained past their end."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((2, 90))
    found = []
    for options in (
        {"optimizer": "adam", "learning_rate": 0.02},
        {"optimizer": "momentum", "batch_size": 16, "learning_rate": 0.2},
        {"batch_size": 32, "dropout": [0.3, 0.0], "l2": 0.2, "learning_rate": 0.2, "seed": 5},
    ):
        network = Network([2, 5, 4, 1], activation="tanh", seed=4)
        document = lesson(network, X, (X[:1] > 0).astype(float), iterations=4, **options)
        for actions, done in (([], 2), ([EDIT], 9), ([{**EDIT, "t": 2}, {**POINT, "t": 3}], 5), ([], 60)):
            reached = [change for change in actions if change["t"] <= done]
            found.append({"lesson": document, "actions": reached, "done": done})
    parts = {"input_scale": True, "output_settings": {"smoothing": 0.1}}
    network = Network([2, 5, 4, 1], activation="selu", seed=4, **parts)
    options = {"optimizer": "adam", "weight_decay": 0.02, "dropout": 0.15, "learning_rate": 0.02}
    factors = {"lr_multipliers": {"s1": 6}, "weight_decay_multipliers": {"b1": 0.5}}
    document = lesson(network, X, (X[:1] > 0).astype(float), iterations=4, **options, **factors)
    changes = {"edit": ["s1", 1, 0, 0.7]}, {"edit": ["b2", 0, 0, 0.4]}, {"set": {"l2": 0.1}}
    found += [{"lesson": document, "actions": [{"t": 2, **change}], "done": 9} for change in changes]
    network = Network([2, 8, 1], activation="tanh", seed=4)
    options = {"optimizer": "rmsprop", "learning_rate": 0.01, "iterations": 1200}
    document = lesson(network, X, (X[:1] > 0).astype(float), **options)
    found += [{"lesson": document, "actions": [], "done": done} for done in (150, 1100)]
    return found


@pytest.mark.slow
def test_the_code_of_the_page_makes_the_state_of_the_page(tmp_path):
    """The parameters before the update, after it, and the cost."""
    asked = [*states(), *lessons()]
    (tmp_path / "states.json").write_text(json.dumps(asked))
    done = node("tools/code.js", str(tmp_path / "states.json"))
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == len(asked) > 50
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


def test_the_draws_are_those_of_the_page():
    found = json.loads(
        evaluated(
            "import { stream, permutation } from './src/engine/random.js';"
            "const u = stream(-7, 3, 4, 1); console.log(JSON.stringify([Array.from({length: 9}, u),"
            " permutation(stream(5, 2, 3), 40)]))"
        )
    )
    assert found == [uniform(9, -7, 3, 4, 1).tolist(), order(5, 3, 40)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ([{"edit": ["W1", 0, 0, 1.0]}], "no number t of updates"),
        ([{"t": 0, "drop": 1}], "set, edit and add"),
        ([{"t": 0, "set": {"momentum": 1}}], "momentum"),
        ([{"t": 1, "edit": ["W9", 0, 0, 1.0]}], "W9.* does not fit the network"),
        ([{"t": 1, "edit": ["W1", 3, 0, 1.0]}], "does not fit the network"),
        ([{"t": 1, "add": [[1.0, 2.0], [1]]}], "does not fit the network"),
    ],
)
def test_changes_that_a_page_does_not_make_are_refused(changes, why):
    network, training = Network([1, 1], seed=1), {"optimizer": "gd", "learning_rate": 0.1}
    with pytest.raises(ConfigurationError, match=why):
        replay(network, [[0.0, 1.0]], [[0, 1]], updates=2, training=training, changes=changes)


@pytest.mark.parametrize(
    ("options", "why"), [({"updates": -1}, "updates"), ({"slots": {"v_dW1": 1.0}}, "v_dW1")]
)
def test_what_no_page_gives_is_refused(options, why):
    network, training = Network([1, 1], seed=1), {"optimizer": "momentum", "learning_rate": 0.1}
    with pytest.raises(DeepStepError, match=why):
        replay(network, [[0.0, 1.0]], [[0, 1]], **{"updates": 1, "training": training, **options})


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_code_of_a_network_with_features_makes_its_state(dtype):
    features = {"periodic_embedding": {"inputs": [0], "frequencies": 2}}
    X, Y = np.array([[0.5, -1.0, 2.0], [0, 1, 2]]), np.array([[1, 0, 1]])
    network = Network([2, 3, 1], features=features, seed=1, dtype=dtype)
    document = lesson(network, X, Y, iterations=3, learning_rate=0.1)
    names: dict[str, Any] = {}
    exec(document["code"].replace(SHOWN, "shown = 3"), names)
    assert names["network"].architecture.features == network.architecture.features
    assert names["step"].cost == document["history"]["cost"][2]


def test_a_feature_of_one_s_own_is_in_no_code():
    feature("nothing")(lambda ops, layer: ops)
    try:
        network = Network([1, 1], features={"nothing": True}, seed=1)
        document = lesson(network, [[0.5, -1.0]], [[1, 0]], iterations=1)
    finally:
        del FEATURES["nothing"]
    assert document["code"].startswith("# No code can make this state again: the feature 'nothing' took part")
