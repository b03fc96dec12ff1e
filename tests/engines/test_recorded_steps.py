"""Recorded steps are the steps: here a recording is the body itself, done again on the same tensors."""

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import Settings, open_session
from deepstep.engines.choice import why_not_torch
from deepstep.equations import HEADS, OPTIMIZERS, example_targets
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from deepstep.engines.torch import recording, session  # noqa: E402
from deepstep.engines.torch.step import Batch, Machine, Numbers, place_for  # noqa: E402

M = 40
EVERYTHING = {
    "l1": 0.01, "l2": 0.01, "weight_decay": 0.1, "dropout": 0.2,
    "clip_norm": 1.0, "clip_value": 0.5, "lr_multipliers": {"b*": 0.5},
}  # fmt: skip
PARTS = (
    {"normalization": ["batch", "layer"]},
    {"input_scale": True},
    {"shared_members": 2},
)
RULES = [name for name in OPTIMIZERS if not why_not_torch(Architecture((3, 2), ("softmax",)), Settings(name))]
CASES = [
    (rule, head, parts, bool(number % 2))
    for number, rule, head, parts in zip(range(8), cycle(RULES), cycle(HEADS), cycle(PARTS), strict=False)
]
"""Every update rule, every head."""


def network(output="sigmoid", n_outputs=1, dtype="float64", **parts):
    options = {"output": output, "seed": 1, "dtype": dtype, "activation": ["gelu", "relu"]}
    return Network([3, 6, 5, n_outputs], **options, **parts)


def examples(net, seed=0, weighted=False):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((M, 3)).astype(net.dtype)
    Y = example_targets(net.architecture, net.architecture.n_outputs, M, rng=rng).T
    weight = rng.uniform(0.5, 2, M) * (np.arange(M) >= 20) if weighted else None
    return Examples(X, np.ascontiguousarray(Y, net.dtype), weight)


def epochs(opened, rows, n=3, batch_size=16):
    """Batches of 16, 16 and 8, or three times all, with factors that change; the costs."""
    factors = {"learning_rate": [0.01, 0.02, 0.0], "weight_decay": [1, 0, 2], "dropout": [1, 0.5, 0]}
    given = {name: np.array(values, float) for name, values in factors.items()}
    orders = [shuffled(3)(number, M) for number in range(n)]
    if batch_size is None:
        orders = [np.tile(order, 3) for order in orders]
    return [
        opened.steps(rows, order=order, batch_size=batch_size, numbers=range(3), **given) for order in orders
    ]


def recorded(compiler=None):
    """What opens sessions whose steps are recorded, by a compiler or none."""

    def stepper(session, *arguments):
        return recording.RecordedStepper(*arguments, record=lambda body, device: body, compiler=compiler)

    return stepper


@pytest.fixture
def recording_alone(monkeypatch):
    monkeypatch.setattr(session.TorchSession, "_stepper_for", recorded())


@pytest.fixture
def traced(monkeypatch):
    """All but the compiler: the graphs that it would get."""
    graphs = []

    def compiler(graph, tensors):
        graphs.append(graph)
        return graph

    monkeypatch.setattr(recording, "_compiled", {})
    monkeypatch.setattr(session.TorchSession, "_stepper_for", recorded(compiler))
    return graphs


def assert_same(net, settings, *, weighted=False, batch_size=16, rtol=1e-10, atol=1e-12):
    """Costs and states are those of the reference."""
    ours, theirs = (
        open_session(engine, net.architecture, net.parameters, settings) for engine in ("torch", "reference")
    )
    rows = examples(net, weighted=weighted)
    for got, expected in zip(*(epochs(one, rows, 3, batch_size) for one in (ours, theirs)), strict=True):
        np.testing.assert_allclose(got.costs, expected.costs, rtol=rtol)
        np.testing.assert_array_equal(got.sizes, expected.sizes)
    first, second = ours.state(), theirs.state()
    assert first.step == second.step
    vectors = {"theta": second.theta, **second.slots, **second.statistics}
    found = {"theta": first.theta, **first.slots, **first.statistics}
    for name, value in vectors.items():
        np.testing.assert_allclose(found[name], value, rtol=10 * rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize(
    ("case", "kind"),
    [*((case, "recording_alone") for case in CASES), *((case, "traced") for case in CASES[::4])],
)
def test_they_are_the_steps(kind, case, request):
    """By themselves, and as a function of tensors: one for 16 examples and one for 8."""
    (rule, head, parts, weighted), graphs = case, request.getfixturevalue(kind)
    assert_same(network(head, 3, **parts), Settings(rule, **EVERYTHING, seed=4), weighted=weighted)
    assert graphs is None or len(graphs) == 2


@pytest.mark.parametrize("kind", ["recording_alone", "traced"])
class TestEnds:
    """A cost that is not finite, of the second of three batches."""

    @pytest.fixture(autouse=True)
    def kind_of_steps(self, kind, request):
        request.getfixturevalue(kind)

    def opened(self, settings):
        net = network()
        rows = examples(net)
        rows.X[shuffled(3)(0, M)[20]] = np.nan
        return open_session("torch", net.architecture, net.parameters, settings), rows

    def test_a_cost_that_is_not_finite_ends_them(self):
        opened, rows = self.opened(Settings("adam"))
        (found,) = epochs(opened, rows, 1)
        assert found.sizes.tolist() == [16, 16, 0]
        assert np.isfinite(found.costs).tolist() == [True, False, False]
        other, _ = self.opened(Settings("adam"))
        other.steps(rows, order=shuffled(3)(0, M), batch_size=16, numbers=range(1), learning_rate=0.01)
        left, right = opened.state(), other.state()
        assert left.step == right.step == 1
        np.testing.assert_array_equal(left.theta, right.theta)
        for name in left.slots:
            np.testing.assert_array_equal(left.slots[name], right.slots[name])

    def test_an_interruption_after_it_leaves_the_step_that_was_reached(self, monkeypatch):
        opened, rows = self.opened(Settings("adam"))
        take = opened._stepper._masked
        monkeypatch.setattr(
            opened._stepper, "_masked", lambda task, n: take(task, n if task.at < 2 else 1 / 0)
        )
        with pytest.raises(ZeroDivisionError):
            epochs(opened, rows, 1)
        assert opened.state().step == 1


def test_sessions_of_one_shape_share_what_was_compiled(traced):
    for seed, net in enumerate([network(), network(), network("huber")]):
        assert_same(net, Settings("adam", dropout=0.1, lr_multipliers={"b*": 0.5}, seed=seed))
    assert len(traced) == 4  # of two sizes and two heads


def test_in_threads(traced):
    def ended(seed):
        net = Network([3, 6, 1], seed=seed)
        opened = open_session("torch", net.architecture, net.parameters, Settings("adam"))
        epochs(opened, examples(net, seed))
        return opened.state().theta

    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(ended, range(4)))
    np.testing.assert_array_equal(at_once, [ended(seed) for seed in range(4)])


def test_a_compiler_that_fails(monkeypatch, caplog):
    def failing(graph, tensors):
        raise RuntimeError("no space left\nand much more")

    monkeypatch.setattr(session.TorchSession, "_stepper_for", recorded(failing))
    with caplog.at_level(logging.WARNING):
        assert_same(network(), Settings("adam"))
    told = "Steps are not compiled: PyTorch's compiler failed (RuntimeError: no space left)."
    assert caplog.text.count(told) == 1  # of two sizes
    assert "much more" not in caplog.text


class OnlyMeta(TorchDispatchMode):
    """Every tensor is on the device "meta", as those of a step on a GPU are on the GPU."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        found = operation(*args, **kwargs or {})
        for tensor in found if isinstance(found, tuple | list) else [found]:
            assert tensor.device.type == "meta", operation
        return found


@pytest.mark.parametrize("precision", [None, "bfloat16"])
@pytest.mark.parametrize(("rule", "head", "parts", "weighted"), CASES)
def test_a_step_makes_no_tensor_on_the_host_and_asks_for_no_number(rule, head, parts, weighted, precision):
    """A CUDA graph could not hold it; the device "meta" has no numbers to ask for."""
    net, there = network(head, 3, "float32", **parts), torch.empty(0, device="meta")
    settings = Settings(rule, **EVERYTHING, precision=precision)
    machine = Machine(net.architecture, settings, net.parameters, there)
    columns = 4 * max(1, net.architecture.shared_members)
    weight = there.new_ones(4) if weighted else None
    batch = Batch(there.new_ones(3, 4), there.new_ones(3, 4), weight, {1: there.new_ones(6, columns)})
    old, new = (place_for(net.architecture, 4, there) for _ in "12")
    numbers = there.new_ones(len(Numbers._fields), dtype=torch.float64)
    cost, alive = there.new_zeros((), dtype=torch.float64), there.new_ones((), dtype=torch.bool)
    with torch.inference_mode(), OnlyMeta():
        recording.whole_step(machine, recording.Whole(old, new, batch, numbers, cost, alive))


@pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler")
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of what the compiler imports
def test_a_compiled_step(monkeypatch):
    """By the compiler itself, which writes C++ for a CPU."""
    monkeypatch.setattr(recording, "_compiled", {})
    monkeypatch.setattr(session.TorchSession, "_stepper_for", recorded(recording.inductor))
    net = Network([3, 4, 1], activation="silu", seed=1, dtype="float32")
    assert_same(net, Settings("momentum"), batch_size=None, rtol=1e-4, atol=1e-4)
    assert len(recording._compiled) == 1
