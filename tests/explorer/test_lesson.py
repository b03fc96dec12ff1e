"""The lesson: Python's own numbers, to the last bit, and no more of them than a page can carry."""

import json
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest

import deepstep
from deepstep import Network
from deepstep.equations import EQUATIONS, FEATURES, feature
from deepstep.errors import DeepStepError, DivergenceError, ShapeError
from deepstep.explorer import About, explore, lesson
from deepstep.explorer.page import packed, unpacked
from deepstep.explorer.reproduction import SHOWN


def same_bits(record, value):
    array = np.asarray(value, dtype=float)
    return record["shape"] == list(array.shape) and unpacked(record).tobytes() == array.tobytes()


def all_same(records, values):
    assert set(records) == set(values)
    return all(same_bits(records[name], values[name]) for name in values)


def quantities_are_those_of(trace, quantities):
    for name, value in quantities.items():
        expected = trace[name].value
        assert value == expected if np.ndim(expected) == 0 else same_bits(value, expected), name


def made_by(document, shown):
    """What the lesson's code makes as the page shows it at an update."""
    names = {}
    exec(document["code"].replace(SHOWN, f"shown = {shown}").replace("print(", "trace = ("), names)
    return names


@pytest.mark.parametrize(
    "values", [np.zeros((0, 3)), [[0.1, -0.0], [np.nan, np.inf]], np.arange(6.0).reshape(2, 3).T, 5e-324]
)
def test_arrays_come_back_to_the_last_bit(values):
    assert same_bits(packed(values), values)


@pytest.mark.parametrize(
    ("parts", "options", "named"),
    [
        ({}, {"optimizer": "momentum", "l2": 0.7, "optimizer_params": {"beta": 0.5}, "l1": 0.0}, []),
        ({}, {"dropout": [0.0, 0.5], "batch_size": 50, "optimizer": "adamw", "weight_decay": 0.1}, []),
        ({}, {"optimizer": "lion", "weight_decay": 0.1, "batch_size": 64, "clip_norm": None}, []),
        ({"normalization": "batch"}, {}, ["normalization"]),
        ({"input_scale": True}, {"lr_multipliers": {"s1": 6}, "optimizer": "adam"}, []),
        ({"features": {"periodic_embedding": True}}, {}, ["periodic_embedding"]),
        ({"output": "huber"}, {"l1": 0.01, "weight_decay": 0.1}, ["huber", "l1"]),
        (
            {"output_settings": {"smoothing": 0.1}},
            {"weight_decay_multipliers": {"b1": 0.5}, "weight_decay": 0.1},
            [],
        ),
        (
            {"activation": "exponential"},
            {"optimizer": "heavy_ball", "schedule": "cosine", "clip_norm": 0.5},
            ["exponential", "heavy_ball", "schedule", "clip_norm"],
        ),
        (
            {},
            {"dropout_schedule": "cosine", "dropout": 0.5, "seed": 9, "batch_size": 64},
            ["dropout_schedule"],
        ),
        ({}, {"order": lambda epoch, m: np.arange(m)[::-1], "batch_size": 50}, ["order"]),
    ],
)
def test_every_step_is_that_of_the_training_and_what_the_page_cannot_compute_is_named(
    parts, options, named, circles
):
    """The code of the lesson makes each step again, but where a function of one's own took part."""
    X, Y = circles.X[:, ::3], circles.Y[:, ::3]
    network = Network([2, 4, 3, 1], seed=1, **{"activation": "tanh", **parts})
    options = {"learning_rate": 0.01, "iterations": 12, **options}
    document = lesson(network, X, Y, **options)
    steps = list(network.steps(X, Y, **options))[: document["recorded"][-1]["step"]]
    assert document["training"]["beyond"] == named
    assert document["golden"][0]["step"] == 1
    assert len(document["golden"]) > 3 if named else 2 <= len(document["golden"]) <= 3
    own = "order" in options
    for golden in document["golden"]:
        step = steps[golden["step"] - 1]
        made = {} if own else made_by(document, golden["step"])
        for source in [step] if own else [step, made["step"]]:
            assert all_same(golden["parameters"], source.before)
            assert all_same(golden["after"], source.after)
        assert {"Z1", "A1", "A3", "loss", "J", "dW3", "db3", "dA2", "dZ1", "dW1"} <= set(golden["quantities"])
        quantities_are_those_of(step.trace(), golden["quantities"])
        if not own:
            quantities_are_those_of(made["trace"], golden["quantities"])
        slots = {
            f"{slot}_d{name}": value
            for slot, vector in step.state.slots.items()
            for name, value in step.after.like(vector).items()
        }
        assert all_same(golden["slots"], slots)
    for recorded in document["recorded"]:
        number = recorded["step"]
        theta = steps[number].before if number < len(steps) else steps[-1].after
        assert all_same(recorded["parameters"], theta)
    for step, rows in zip(steps, document["batches"], strict=False):
        assert np.array_equal(step.X, X[:, rows])
    assert (document["masks"] is not None) == ("dropout" in options and not named)
    for step, masks in zip(steps, document["masks"] or (), strict=False):
        trace = step.trace()
        for name, mask in masks.items():
            assert same_bits(mask, trace[name.replace("A", "mask")].value)
    why = "# No code can make this state again: order of one's own took part, which Python alone has.\n"
    assert (document["code"] == why) == own
    assert "np.load" not in document["code"]


def test_the_network_is_not_changed_and_the_lesson_is_a_function_of_it(document, circles, network):
    before = network.parameters.flat.copy()
    options = {"learning_rate": 0.3, "iterations": 60}
    assert lesson(network, circles.X, circles.Y, about=circles.about, **options) == document
    assert np.array_equal(network.parameters.flat, before)
    assert network.history is None
    assert all_same(document["golden"][0]["parameters"], made_by(document, 1)["step"].before)


def test_sources_are_the_text_in_the_files(document):
    assert {"linear_forward", "linear_backward", "tanh", "tanh_backward"} <= set(document["sources"])
    for name, source in document["sources"].items():
        lines = (Path(deepstep.__file__).parent / source["file"]).read_text(encoding="utf-8").split("\n")
        text = source["text"].split("\n")
        assert lines[source["line"] - 1 : source["line"] - 1 + len(text)] == text
        assert text[0].startswith(f"def {name}(")
    assert document["formulas"] == {name: EQUATIONS[name].formula for name in document["sources"]}
    assert {entry["equation"] for entry in document["entries"]} - {""} <= set(document["formulas"])


def test_the_code_reads_what_is_too_large_for_it_from_the_page(tmp_path, monkeypatch):
    X = np.random.default_rng(0).standard_normal((2, 400))
    network = Network([2, 30, 30, 1], activation="tanh", seed=1)
    network.train(X, X[:1] > 0, iterations=2)
    page = explore(network, X, X[:1] > 0, iterations=3, batch_size=100)
    page.export(tmp_path / "lesson.html")
    monkeypatch.chdir(tmp_path)
    assert all_same(page.document["recorded"][-1]["parameters"], made_by(page.document, 12)["step"].after)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_code_has_features_but_none_of_one_s_own(dtype):
    X, Y = np.array([[0.5, -1.0, 2.0], [0, 1, 2]]), np.array([[1, 0, 1]])
    features = {"periodic_embedding": {"inputs": [0], "frequencies": 2}}
    network = Network([2, 3, 1], features=features, seed=1, dtype=dtype)
    document = lesson(network, X, Y, iterations=3, learning_rate=0.1)
    names = made_by(document, 3)
    assert names["network"].architecture.features == network.architecture.features
    assert names["step"].cost == document["history"]["cost"][2]
    feature("nothing")(lambda ops, layer: ops)
    try:
        document = lesson(Network([2, 1], features={"nothing": True}, seed=1), X, Y, iterations=1)
    finally:
        del FEATURES["nothing"]
    assert document["code"].startswith("# No code can make this state again: the feature 'nothing' took part")


def test_many_examples_are_thinned_and_a_class_however_rare_is_among_them():
    X = np.random.default_rng(0).standard_normal((2, 3000))
    Y = np.zeros((1, 3000))
    Y[0, 1234] = 1
    document = lesson(Network([2, 4, 1], seed=1), X, Y, iterations=2)
    assert document["notes"] == ["500 of 3000 examples, drawn from the seed."]
    shown, columns = unpacked(document["data"]["X"]), {tuple(column) for column in X.T}
    assert shown.shape == (2, 500)
    assert all(tuple(column) in columns for column in shown.T)
    assert unpacked(document["data"]["Y"]).sum() == 1


def test_a_training_that_diverges_is_shown_up_to_there(circles):
    network = Network([2, 3, 1], activation="relu", output="identity", seed=1)
    document = lesson(network, circles.X, circles.Y, learning_rate=300.0, iterations=2000)
    assert len(document["golden"]) >= 1
    assert "Training diverged" in document["notes"][-1]
    with pytest.raises(DivergenceError):
        lesson(network, circles.X * 1e200, circles.Y, learning_rate=300.0)


@pytest.mark.parametrize(
    "options",
    [
        *({"optimizer": "lbfgs"}, {"optimizer": "adamm"}, {"schedule": "plateau"}, {"time_budget": 1.0}),
        *({"class_weight": "balanced"}, {"sample_weight": np.ones(300)}),
        *({"iterations": 0}, {"learning_rate": -1}, {"no_such": 1}),
    ],
)
def test_options_that_do_not_fit_are_refused(options, circles, network):
    with pytest.raises(DeepStepError):
        lesson(network, circles.X, circles.Y, **options)


def test_settings_and_names_of_numpy_are_plain(circles):
    options = {"learning_rate": np.float32(0.5), "batch_size": np.int64(30), "l2": np.float64(1)}
    about = About(feature_names=np.array([1, 2]), class_names=np.array([False, True]))
    network, dropout = Network([2, 3, 2, 1], seed=np.int64(1)), [0.1, 0.1]
    document = lesson(
        network, circles.X, circles.Y, about=about, iterations=np.int64(2), dropout=dropout, **options
    )
    json.dumps(document, allow_nan=False)
    assert document["training"]["dropout"] == 0.1
    assert document["data"]["names"] == ["1", "2"]
    assert document["data"]["classes"] == ["False", "True"]


def test_no_more_is_recorded_than_the_draws_are_known_for(circles, network):
    document = lesson(network, circles.X, circles.Y, iterations=300, batch_size=30)
    known = document["recorded"][-1]["step"]
    assert known == len(document["batches"]) < 3000
    assert document["golden"][-1]["step"] == known
    assert document["notes"] == [
        f"The first {known} of 3000 updates are recorded; draws after them are the page's own."
    ]


def test_wide_inputs_that_are_pixels_have_their_pictures():
    rng = np.random.default_rng(2)
    X, Y = rng.random((64, 20)), np.eye(2)[:, np.arange(20) % 2]
    pixels, about = rng.random((70, 70, 3, 20)), About(image_shape=(70, 70, 3))
    network = Network([14_700, 4, 2], output="softmax", seed=1)
    data = lesson(network, pixels.reshape(14_700, 20), Y, about=about, iterations=2)["data"]
    record = data["pictures"]
    assert "image_shape" not in data
    assert record["shape"] == [16, 35, 35, 3]  # every second pixel: at most 64 along a side
    pictures = np.frombuffer(b64decode(record["u8"]), np.uint8).reshape(record["shape"])
    blocks = pixels.reshape(35, 2, 35, 2, 3, 20).mean(axis=(1, 3)).transpose(3, 0, 1, 2)
    order = [int(np.abs(blocks - picture / 255).mean(axis=(1, 2, 3)).argmin()) for picture in pictures]
    assert len(set(order)) == 16  # each is the picture of one example, by its contrast
    assert (pictures.min(), pictures.max()) == (0, 255)
    for shape in ((8,), (8, 9), (8, 8, 2)):
        with pytest.raises(ShapeError, match="64 inputs"):
            lesson(Network([64, 2, 1], seed=1), X, Y[:1], about=About(image_shape=shape))
