"""Recorded steps that PyTorch's compiler has fused: still the equations, here in kernels of C++."""

import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import Settings, open_session
from deepstep.equations import HEADS, example_targets, get_head
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled
from rules_of_engines import RULES

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from deepstep.engines.torch import fused, session  # noqa: E402
from deepstep.engines.torch.activations import ACTIVATIONS  # noqa: E402
from deepstep.engines.torch.heads import LOSSES, settings_on  # noqa: E402
from deepstep.engines.torch.recording import Whole  # noqa: E402
from deepstep.engines.torch.step import Batch  # noqa: E402

EVERYTHING = {
    "l1": 0.01,
    "l2": 0.01,
    "weight_decay": 0.1,
    "dropout": 0.2,
    "input_noise": 0.1,
    "max_norm": 2.0,
    "clip_norm": 1.0,
    "clip_value": 0.5,
    "average": 0.9,
    "rate_factors": {"b*": 0.5},
}
M = 40
CASES = [
    (optimizer, head, bool(number % 2))
    for number, optimizer, head in zip(
        range(max(len(RULES), len(HEADS))), cycle(RULES), cycle(HEADS), strict=False
    )
]
"""Every optimizer, every head."""


COMPILER = fused.what_fusing_lacks(torch.device("cpu"))[0] == ""


@pytest.fixture
def traced(monkeypatch):
    """All of it but the compiler."""
    graphs = []
    monkeypatch.setattr(fused, "what_fusing_lacks", lambda device: ("", ""))

    def compiler(graph, tensors):
        graphs.append(graph)
        return graph

    class Stepper(fused.FusedStepper):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options, compiler=compiler)

    monkeypatch.setattr(session, "FusedStepper", Stepper)
    return graphs


def network(output="sigmoid", n_outputs=1, dtype="float64", **options):
    options = {"normalization": ["batch", "layer"], "activation": ["gelu", "relu"]} | options
    return Network([3, 6, 5, n_outputs], output=output, seed=1, dtype=dtype, **options)


def examples(net, seed=0, weighted=False):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((M, 3)).astype(net.dtype)
    Y = example_targets(net.architecture, net.architecture.n_outputs, M, rng=rng).T
    weight = rng.uniform(0.5, 2, M) * (np.arange(M) >= 20) if weighted else None
    return Examples(X, np.ascontiguousarray(Y, net.dtype), weight)


def epochs(opened, rows, n=3, batch_size=16):
    """Batches of 16, 16 and 8, or thrice of all, with factors that change; the costs."""
    factors = {"learning_rate": [0.01, 0.02, 0.0], "weight_decay": [1, 0, 2], "dropout": [1, 0.5, 0]}
    given = {name: np.array(values, float) for name, values in factors.items()}
    return [
        opened.steps(rows, order=shuffled(3)(number, M), batch_size=batch_size, numbers=range(3), **given)
        for number in range(n)
    ]


def assert_same(net, settings, *, weighted=False, batch_size=16):
    """As the reference; in bfloat16 as the same without a compiler, within its digits."""
    half = settings.precision is not None
    reference, rtol, atol = ("torch:cpu:plain", 1e-2, 1e-3) if half else ("reference", 1e-10, 1e-12)
    ours, theirs = (
        open_session(engine, net.architecture, net.parameters, settings)
        for engine in ("torch:cpu:fused", reference)
    )
    assert isinstance(ours._stepper, fused.FusedStepper)
    rows = examples(net, weighted=weighted)
    for came, expected in zip(*(epochs(one, rows, 3, batch_size) for one in (ours, theirs)), strict=True):
        np.testing.assert_allclose(came.costs, expected.costs, rtol=rtol)
        np.testing.assert_array_equal(came.sizes, expected.sizes)
    first, second = ours.state(), theirs.state()
    assert first.step == second.step
    np.testing.assert_allclose(first.theta, second.theta, rtol=10 * rtol, atol=atol)
    for name, value in second.slots.items():
        np.testing.assert_allclose(first.slots[name], value, rtol=10 * rtol, atol=atol)
    for name, value in second.statistics.items():
        np.testing.assert_allclose(first.statistics[name], value, rtol=rtol)
    if settings.average:
        np.testing.assert_allclose(first.average, second.average, rtol=10 * rtol, atol=atol)


class OnlyMeta(TorchDispatchMode):
    """Every tensor is on the device "meta", as those of a step on a GPU are on the GPU."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        found = operation(*args, **kwargs or {})
        for tensor in found if isinstance(found, tuple | list) else [found]:
            assert tensor.device.type == "meta", operation
        return found


@pytest.mark.parametrize(("head", "precision"), [*((head, None) for head in HEADS), ("softmax", "bfloat16")])
def test_a_step_makes_no_tensor_on_the_host_and_asks_for_no_number(head, precision):
    """A CUDA graph could not hold it; the device "meta" has no numbers to ask for."""
    net = network(head, 3, "float32", parametric=True, input_scale=True)
    settings = Settings("adamw", **EVERYTHING, precision=precision)
    opened = open_session("torch:cpu", net.architecture, net.parameters, settings)
    stepper = opened._stepper
    batch = Batch(torch.ones(4, 3), torch.ones(4, 3), torch.ones(4), {1: torch.ones(4, 6)})
    cost, alive = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.bool)
    at = Whole(stepper.here, stepper.there, batch, torch.ones(7), cost, alive)
    tensors = [*fused._tensors(at), *stepper.machine.constants.values()]
    there = [one.to("meta") for one in tensors]
    with torch.inference_mode(), OnlyMeta():
        fused._traceable(stepper.machine, stepper._shape, at, *there)


class TestTraced:
    """Without the compiler: the step as a function of tensors."""

    @pytest.mark.parametrize(("optimizer", "head", "weighted"), CASES)
    def test_it_is_the_step(self, optimizer, head, weighted, traced):
        net = network(head, 3, parametric=weighted, input_scale=weighted)
        assert_same(net, Settings(optimizer, **EVERYTHING, seed=4), weighted=weighted)
        assert len(traced) == 2  # of 16 examples and of 8
        for graph in traced:  # tensors of the CPU in a graph would be copied to a GPU again and again
            assert not [node for node in graph.graph.nodes if node.op == "get_attr"]

    def test_in_bfloat16(self, traced):
        net = network("softmax", 3, "float32")
        settings = Settings("adam", weight_decay=0.1, average=0.9, precision="bfloat16")
        assert_same(net, settings)

    def test_a_cost_that_is_not_finite_ends_them(self, traced):
        net = network()
        rows = examples(net)
        rows.X[shuffled(3)(0, M)[20]] = np.nan
        opened = open_session("torch:fused", net.architecture, net.parameters, Settings("adam", average=0.9))
        (found,) = epochs(opened, rows, 1)
        assert found.sizes.tolist() == [16, 16, 0]
        assert opened.state().step == 1
        assert np.isfinite(opened.state().theta).all()

    def test_an_interruption_after_it_leaves_the_step_that_was_reached(self, traced, monkeypatch):
        net = network()
        rows = examples(net)
        rows.X[shuffled(3)(0, M)[20]] = np.nan
        opened = open_session("torch:fused", net.architecture, net.parameters, Settings("adam"))
        take = opened._stepper._examples
        monkeypatch.setattr(
            opened._stepper, "_examples", lambda task, n: take(task, n if task.at < 2 else 1 / 0)
        )
        with pytest.raises(ZeroDivisionError):
            epochs(opened, rows, 1)
        assert opened.state().step == 1

    def test_each_size_of_batch_is_traced_once(self, traced):
        net = network()
        opened = open_session("torch:cpu:fused", net.architecture, net.parameters, Settings("adam"))
        epochs(opened, examples(net), 5)
        assert len(traced) == 2

    def test_those_of_one_shape_are_the_same(self, traced):
        for seed, net in enumerate([network(), network(), network("huber")]):
            settings = Settings("adam", dropout=0.1, rate_factors={"b*": 0.5}, seed=seed)
            assert_same(net, settings)
        assert len(traced) == 4  # of two sizes and two heads

    def test_in_threads(self, traced):
        def ended(seed):
            net = Network([3, 6, 1], seed=seed)
            opened = open_session("torch:cpu:fused", net.architecture, net.parameters, Settings("adam"))
            epochs(opened, examples(net, seed))
            return opened.state().theta

        with ThreadPoolExecutor(4) as threads:
            at_once = list(threads.map(ended, range(4)))
        np.testing.assert_array_equal(at_once, [ended(seed) for seed in range(4)])

    def test_a_compiler_that_fails(self, monkeypatch, caplog):
        monkeypatch.setattr(fused, "what_fusing_lacks", lambda device: ("", ""))

        def failing(graph, tensors):
            raise RuntimeError("no space left\nand much more")

        net = network()
        for by_name in (True, False):
            opened = open_session("torch:cpu:fused", net.architecture, net.parameters, Settings("adam"))
            monkeypatch.setattr(opened._stepper, "_compiler", failing)
            monkeypatch.setattr(opened._stepper, "_by_name", by_name)
            if by_name:
                with pytest.raises(
                    ConfigurationError, match=r"no space left\)\. engine='torch:cpu:plain' does"
                ):
                    epochs(opened, examples(net))
                continue
            with caplog.at_level(logging.WARNING):
                epochs(opened, examples(net))
        assert caplog.text.count("Steps are not fused: PyTorch's compiler failed") == 1  # of two sizes
        plain = open_session("torch:cpu:plain", net.architecture, net.parameters, Settings("adam"))
        epochs(plain, examples(net))
        np.testing.assert_allclose(opened.state().theta, plain.state().theta, rtol=1e-10)

    def test_steps_for_another_number_of_threads_are_others(self, traced):
        net, before = Network([3, 6, 1], seed=1), torch.get_num_threads()
        try:
            for threads in (1, 2, 1):
                torch.set_num_threads(threads)
                opened = open_session("torch:cpu:fused", net.architecture, net.parameters, Settings("adam"))
                epochs(opened, examples(net), batch_size=None)
        finally:
            torch.set_num_threads(before)
        assert len(traced) == 2


@pytest.mark.skipif(not COMPILER, reason="there is no C++ compiler")
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of what the compiler imports
class TestCompiled:
    """By the compiler itself, which makes kernels of C++ here."""

    def test_every_activation_and_loss(self):
        """All of them in one graph, which is compiled once; in the tails, too."""
        rng = np.random.default_rng(1)
        Z = np.concatenate([np.linspace(-700, 700, 29), rng.standard_normal(10), [0.0, -1e-12, 3]])
        rows = [Z.reshape(14, 3), rng.standard_normal((14, 3))]
        targets = {name: Architecture((2, 3), (head.activation,), name) for name, head in HEADS.items()}
        rows += [example_targets(shape, 3, 14, rng=rng).T for shape in targets.values()]
        tensors = [torch.from_numpy(np.ascontiguousarray(one, float)) for one in rows]
        given = {name: settings_on(get_head(shape).settings, tensors[0]) for name, shape in targets.items()}

        def all_of_them(Z, dA, *Y):
            found = []
            for one in ACTIVATIONS.values():
                A = one.forward(Z.clone())
                found += [A, one.backward(dA.clone(), A if one.in_place else Z)]
            for name, y in zip(targets, Y, strict=True):
                loss = LOSSES[name]
                found += [loss.forward(Z / 9, y, **given[name]), loss.backward(Z / 9, y, **given[name])]
            return found

        with torch.inference_mode():
            made = fused.compiled(fused.make_fx(all_of_them)(*tensors), list(tensors))
            came, expected = made(*tensors), all_of_them(*tensors)
        names = [*ACTIVATIONS, *targets]
        assert len(came) == 2 * len(names)
        for number, (left, right) in enumerate(zip(came, expected, strict=True)):
            np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-13, err_msg=names[number // 2])

    def test_whole_steps(self):
        net = Network([3, 6, 1], activation="gelu", normalization="batch", seed=1)
        assert_same(net, Settings("adam", **EVERYTHING, seed=4), weighted=True, batch_size=None)

    def test_whole_steps_in_bfloat16(self):
        net = Network([3, 6, 3], activation="silu", output="softmax", seed=1, dtype="float32")
        assert_same(net, Settings("nesterov", precision="bfloat16"), batch_size=None)


if (
    find_spec("triton") is not None
):  # it comes with PyTorch's builds for CUDA; some hundred megabytes are no part of [test]

    def test_kernels_of_triton_by_its_interpreter(tmp_path):
        script = str(Path(__file__).with_name("interpreted.py"))
        given = {"TRITON_INTERPRET": "1", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
        ran = subprocess.run([sys.executable, script], env=os.environ | given, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count("calls") == 3
