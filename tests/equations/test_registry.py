"""What every registered equation keeps, generated from the registry."""

import re
import runpy
from importlib import import_module
from inspect import getdoc, signature
from pathlib import Path

import numpy as np
import pytest

import deepstep.equations
from deepstep.equations import (
    ACTIVATIONS,
    EQUATIONS,
    FEATURES,
    HEADS,
    NORMALIZATIONS,
    OPTIMIZERS,
    LayerCache,
    LinearCache,
    graph_of,
)
from deepstep.equations.graph import layers_in

DRAWN_BY_RNG = {"initialize_two_layer", "initialize_parameters", "initialize_from_data"}


def arguments(name, dtype):
    """A fitting value for every parameter of an equation that has no default."""
    rng = np.random.default_rng(1)

    def draw(*shape):
        return rng.standard_normal(shape).astype(dtype)

    W, b, A_prev, Z = draw(3, 2), draw(3, 1), draw(2, 4), draw(3, 4)
    Y = np.eye(3, dtype=dtype)[:, [0, 1, 2, 1]]
    linear = LinearCache(A_prev, W, b)
    layer = LayerCache(linear, Z)
    mask = np.asarray([[0, 2, 2, 0]] * 3, dtype)
    known = {
        "A_prev": A_prev, "X": A_prev, "W": W, "b": b, "Z": Z, "ZL": Z, "dA": draw(3, 4), "dZ": draw(3, 4),
        "AL": np.abs(Y - np.asarray(0.25, dtype)), "Y": Y, "activation": "tanh", "caches": [layer],
        "cache": linear if name == "linear_backward" else layer,
        "parameters": {"W1": W, "b1": b}, "gradients": {"dW1": draw(3, 2), "db1": draw(3, 1)},
        "weights": [W], "l2": 0.1, "m": 4, "smoothing": 0.1, "n": 3, "learning_rate": 0.1, "t": 3,
        "theta": draw(5), "gradient": draw(5), "v": draw(5), "s": np.abs(draw(5)),
        "l1": 0.1, "weight_decay": 0.1, "most": 0.5, "decay": 0.9, "beta": 0.9,
        "A": draw(3, 4), "mask": mask, "uniform": rng.uniform(size=(3, 4)).astype(dtype), "keep_prob": 0.8,
        "U": draw(3, 4), "U_hat": draw(3, 4), "dU_hat": draw(3, 4), "deviation": np.abs(draw(3, 1)),
        "gamma": draw(3, 1), "mean": draw(3, 1), "variance": np.abs(draw(3, 1)),
        "batch_mean": draw(3, 1), "batch_variance": np.abs(draw(3, 1)),
        "dU": draw(3, 4), "dW_s": draw(3, 2), "G": draw(3, 4),
    }  # fmt: skip
    if EQUATIONS[name].topic == "feature_scaling":
        known["s"] = draw(2, 1)
    if EQUATIONS[name].topic == "schedules":
        known |= {"t": 0.3, "epoch": 7, "decay": 0.5, "interval": 3}  # t is the fraction of training done
    if EQUATIONS[name].topic == "periodic_embedding":  # one input of two, K = 3, d = 2
        known |= {"omega": draw(1, 3), "phi": draw(1, 3), "dC": draw(3, 4), "inputs": [1], "C": draw(3, 4)}
        known |= {"X": draw(2, 4), "V": draw(2, 3), "a": draw(2, 1), "dE": draw(4, 4)}
    required = [
        p.name for p in signature(EQUATIONS[name].function).parameters.values() if p.default is p.empty
    ]
    return {parameter: known[parameter] for parameter in required}


def arrays_in(value):
    """All arrays in a value, however nested."""
    if isinstance(value, np.ndarray):
        return [value]
    if hasattr(value, "values"):
        value = list(value.values())
    return [array for item in value for array in arrays_in(item)] if isinstance(value, list | tuple) else []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in EQUATIONS if name not in DRAWN_BY_RNG])
def test_the_dtype_that_comes_in_goes_out_and_no_argument_is_changed(name, dtype):
    given = arguments(name, dtype)
    before = [array.tobytes() for array in arrays_in(given)]
    first = EQUATIONS[name].function(**given)
    assert isinstance(first, float) or arrays_in(first)
    assert {array.dtype for array in arrays_in(first)} <= {np.dtype(dtype)}
    assert [array.tobytes() for array in arrays_in(given)] == before
    again = EQUATIONS[name].function(**given)
    for one, two in zip(arrays_in(first), arrays_in(again), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", EQUATIONS)
def test_every_equation_is_public_with_a_formula_in_one_line_and_an_example(name):
    """tests/test_docstrings.py asks for the rest."""
    entry, text = EQUATIONS[name], getdoc(EQUATIONS[name].function) or ""
    assert entry.formula.strip() == entry.formula != ""
    assert "\n" not in entry.formula
    assert f"{name}(" in text.partition("Examples\n")[2]
    assert getattr(deepstep.equations, name) is entry.function
    assert name in import_module(entry.function.__module__).__all__


def test_every_table_is_made_of_registered_equations():
    functions = {entry.function for entry in EQUATIONS.values()}
    assert {function for row in ACTIVATIONS.values() for function in (row.forward, row.backward)} <= functions
    losses = ("loss", "loss_backward", "textbook", "textbook_backward")
    assert {getattr(head, kind) for head in HEADS.values() for kind in losses} <= functions
    assert {rule.update for rule in OPTIMIZERS.values()} <= functions


def operations():
    """Those of all activations and features, in training and in prediction, by the name of their equation."""
    values = {"normalization": list(NORMALIZATIONS)}
    cases = [(name, {}) for name in ACTIVATIONS]
    for name, option in FEATURES.items():
        cases += [("tanh", {name: value}) for value in values.get(name, [option.example or True])]
    by_name = {}
    for activation, options in cases:
        of_layer = {1: options, 2: {}}
        graph = graph_of(layers_in([2, 3, 2], [activation, "sigmoid"], of_layer.__getitem__))
        by_name |= {
            node.op.forward_equation.name: node.op for node in (*graph.nodes, *graph.predicting.nodes)
        }
    return by_name


def parameters(entry):
    """The symbols of a signature, without settings; A_prev is called X at the inputs."""
    names = []
    for name, parameter in signature(entry.function).parameters.items():
        if parameter.annotation is LinearCache:
            names += LinearCache._fields
        elif parameter.kind is not parameter.KEYWORD_ONLY and parameter.annotation is not int:
            names.append("A_prev" if name == "X" else name)
    return tuple(names)


def sides(entry):
    """The left sides of a formula in their order, and the text of the right ones."""
    formula = re.sub(r"\b(d?)[Xx]\b", r"\1A_prev", entry.formula.replace("that X has", ""))
    pairs = re.findall(r"(?:^|,  )(\w+?)[ₖⱼ]? = (.*?)(?=,  |$)", formula)
    return tuple(left for left, _ in pairs), "  ".join(right for _, right in pairs)


def mentioned(symbols, text):
    return {name for name in symbols if re.search(rf"(?<![A-Za-z_]){name}(?![A-Za-z_])", text)}


OPERATIONS = operations()


@pytest.mark.parametrize("op", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_names_the_symbols_of_its_equations(op):
    forward, backward = op.forward_equation, op.backward_equation
    assert (EQUATIONS[forward.name], EQUATIONS[backward.name]) == (forward, backward)
    assert op.reads == parameters(forward)
    assert (f"d{op.writes[0]}", *op.needs) == parameters(backward)
    left, right = sides(forward)
    record = getattr(signature(forward.function).return_annotation, "_fields", None)
    handed_on = {*op.reads} & {*op.writes}  # statistics that are given
    assert op.writes == (left[:1] if record is None else record)
    assert {*left} | handed_on >= {*op.writes}
    assert mentioned(op.reads, right) | handed_on == {*op.reads}
    left, right = sides(backward)
    assert left[: len(op.gives)] == tuple(f"d{symbol}" for symbol in op.gives)
    assert mentioned((*op.reads, *op.writes), right) - {*left} <= {*op.needs}


def test_every_backward_of_an_operation_is_among_them():
    """Those of losses and penalties take no derivative, and those of `model` are made of others."""
    pairs = {name: entry for name, entry in EQUATIONS.items() if name.endswith("_backward")}
    first = {name: next(iter(signature(entry.function).parameters)) for name, entry in pairs.items()}
    expected = {name for name, entry in pairs.items() if first[name][0] == "d" and entry.topic != "model"}
    assert {op.backward_equation.name for op in OPERATIONS.values()} == expected


def test_the_page_is_up_to_date():
    docs = Path(__file__).resolve().parents[2] / "docs"
    page = (docs / "equations.md").read_text(encoding="utf-8")
    generated = runpy.run_path(str(docs / "generate.py"))["equations_page"]()
    assert page == generated, "run: python docs/generate.py"
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == list(EQUATIONS)
