"""The torch engine beside what the generated tests ask of every engine."""

import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from deepstep import Network, NetworkClassifier
from deepstep.engines import Settings, choose_engine, describe_engines, open_session
from deepstep.engines import choice as choosing
from deepstep.engines.choice import WORTH_A_GPU
from deepstep.equations import ACTIVATIONS, HEADS, Optimizer, example_targets
from deepstep.errors import ConfigurationError, MissingPackageError
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples

torch = pytest.importorskip("torch")

from deepstep.engines.torch.passes import compiled_passes, passes_of  # noqa: E402

PLAIN = Architecture((2, 3, 1), ("relu", "sigmoid"))


def data(m=40, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((3, m))
    return X, (X[:1] * X[1:2] > 0).astype(float)


def network(engine="torch", **options):
    return Network([3, 6, 5, 1], normalization=["batch", "layer"], seed=1, engine=engine, **options)


def test_sparse_rows_and_locked_arrays():
    from scipy.sparse import csr_array

    X, Y = (np.ascontiguousarray(part.T) for part in data())
    for array in (X, Y):
        array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ends = []
        for rows in (X, csr_array(X)):
            session = open_session("torch", network().architecture, network().parameters, Settings("adam"))
            order = np.arange(40)[::-1]
            session.steps(Examples(rows, Y), order=order, batch_size=16, learning_rate=0.1)
            ends.append(session.parameters.flat)
    np.testing.assert_array_equal(*ends)


class TestBfloat16:
    @pytest.mark.filterwarnings("ignore:.*max_iter")
    def test_an_estimator_of_it_is_of_the_torch_engine_and_learns(self):
        X, Y = data(200)
        model = NetworkClassifier(
            (16,), learning_rate_init=0.05, max_iter=60, random_state=0, dtype="bfloat16"
        )
        model.fit(X.T, Y[0])
        assert (model.engine_, model.network_.dtype) == ("torch", np.float32)
        assert model.score(X.T, Y[0]) > 0.8

    def test_parameters_and_what_is_asked_for_stay_in_float32(self, monkeypatch, caplog):
        """Costs of training are near those of float32, and a machine where it is slow is named once."""
        from deepstep.engines.torch import devices

        monkeypatch.setattr(devices, "slow_bfloat16", lambda device: "an old machine")
        devices.warn_if_slow.cache_clear()
        X, Y = data()
        half, single, again = (network("auto", dtype="float32") for _ in "123")
        begun = half.parameters.copy()
        for net, precision in ((half, "bfloat16"), (single, None), (again, "bfloat16")):
            net.train(X, Y, optimizer="adam", iterations=5, precision=precision)
        devices.warn_if_slow.cache_clear()
        assert half.history.why_engine == "bfloat16 is slow here: an old machine"
        assert caplog.text.count("slow here") == 1
        assert half.dtype == np.float32
        assert (half.parameters.flat != single.parameters.flat).any()
        np.testing.assert_allclose(half.history.costs, single.history.costs, rtol=0.02)
        X, Y = X.astype("float32"), Y.astype("float32")
        half, single = (
            open_session("torch", network().architecture, begun, Settings(precision=precision))
            for precision in ("bfloat16", None)
        )
        assert half.cost(X, Y) == single.cost(X, Y)
        np.testing.assert_array_equal(half.cost_and_gradient(X, Y)[1], single.cost_and_gradient(X, Y)[1])

    def test_what_has_no_bfloat16_says_so(self):
        X, Y = data()
        for engine, dtype, options, message in (
            ("reference", "float32", {}, "the reference engine has no bfloat16.*'torch'"),
            ("compiled", "float32", {}, "the compiled engine has no bfloat16.*'torch'"),
            ("auto", "float64", {}, r"^dtype must be float32 .*, got float64"),
            ("auto", "float32", {"optimizer": "lbfgs"}, "precision"),
        ):
            with pytest.raises(ConfigurationError, match=message):
                network(engine, dtype=dtype).train(X, Y, precision="bfloat16", **options)
        with pytest.raises(ConfigurationError, match="Did you mean 'bfloat16'"):
            Settings(precision="bfloat")


class TestPasses:
    """On a CPU: passes are traced, and run as they are."""

    @staticmethod
    def passes(masks=(), device="cpu", output="softmax", n_outputs=3, **options):
        net = Network([3, 6, n_outputs], seed=1, output=output, **options)
        rng = np.random.default_rng(2)
        Y = example_targets(net.architecture, n_outputs, 12, rng=rng).astype(float)
        arrays = net.parameters.flat, rng.standard_normal((3, 12)), Y, rng.uniform(0.5, 2, 12)
        by_layer = {layer: torch.ones(6, 12, dtype=torch.float64, device=device) for layer in masks}
        kind = net.architecture, frozenset(masks), torch.float64, torch.device(device), False
        return passes_of(*kind), (*(torch.tensor(array, device=device) for array in arrays), by_layer)

    @pytest.mark.slow
    def test_they_ask_the_device_nothing(self):
        """On PyTorch's device "meta" a number of the device, or a tensor of the host, is an error."""
        for options in (
            *({"activation": [name], "normalization": "layer"} for name in ACTIVATIONS),
            *({"output": name, "normalization": "batch", "masks": (1,)} for name in HEADS),
            {"input_scale": True},
        ):
            passes, tensors = self.passes(device="meta", **options)
            _, gradient, _ = passes(*tensors)
            assert (gradient.device.type, gradient.shape) == ("meta", tensors[0].shape), options

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "options",
        [
            {"activation": ["gelu"], "normalization": "batch", "input_scale": True},
            {"activation": ["softmax"], "normalization": "layer", "masks": (1,)},
        ],
    )
    def test_the_compiler_traces_all_of_them(self, options):
        passes, tensors = self.passes(**options)
        traced = torch.compile(passes, fullgraph=True, backend="eager", dynamic=False)
        for values, same in zip(traced(*tensors)[:2], passes(*tensors)[:2], strict=True):
            torch.testing.assert_close(values, same)

    @pytest.mark.slow
    def test_where_the_compiler_fails_they_run_as_they_are(self, monkeypatch, caplog):
        def failing(passes, **options):
            def compiled(*tensors):
                raise RuntimeError("no compiler here")

            return compiled

        monkeypatch.setattr(torch, "compile", failing)
        passes, tensors = self.passes()
        compiled = compiled_passes(passes)
        for _ in "12":
            assert torch.equal(compiled(*tensors)[1], passes(*tensors)[1])
        assert caplog.text.count("no compiler here") == 1


class TestChoice:
    LARGE = Architecture((1000, 600, 1), ("relu", "sigmoid"))

    @pytest.mark.parametrize(
        ("shape", "dtype", "gpu", "settings", "engine"),
        [
            (PLAIN, "float32", True, {}, "compiled"),
            (LARGE, "float32", True, {}, "torch"),
            (LARGE, "float32", False, {}, "compiled"),
            (LARGE, "float64", True, {}, "compiled"),
            (PLAIN, "float32", False, {"precision": "bfloat16"}, "torch"),
            (Architecture((2, 3, 1), ("softmax", "sigmoid")), "float32", True, {}, "reference"),
            (Architecture((1000, 600, 1), ("softmax", "sigmoid")), "float32", True, {}, "torch"),
        ],
    )
    def test_the_rule_of_auto(self, shape, dtype, gpu, settings, engine, monkeypatch):
        monkeypatch.setattr(choosing, "has_gpu", lambda: gpu)
        assert choose_engine("auto", shape, Settings(**settings), dtype=dtype).name == engine
        assert self.LARGE.n_parameters >= WORTH_A_GPU > PLAIN.n_parameters

    def test_what_users_register_is_not_among_it(self, doubled):
        with pytest.raises(ConfigurationError, match="the torch engine has no 'doubled' on"):
            choose_engine("torch", Architecture((2, 3, 1), (doubled, "sigmoid")))
        own = Optimizer(lambda theta, gradient, *, learning_rate: (theta - learning_rate * gradient,))
        with pytest.raises(ConfigurationError, match="no update rule of one's own"):
            choose_engine("torch", PLAIN, Settings(own))

    def test_devices_by_name(self):
        def opened(engine):
            return open_session(engine, PLAIN, Network([2, 3, 1], seed=1).parameters)

        assert opened("torch:cpu").name == "torch:cpu"
        for engine, sentence in (
            ("torch:gpu", "Unknown device of the torch engine 'gpu', known are 'cpu'"),
            ("torch:cud", "Did you mean 'cuda'"),
            ("torch:meta", "the engine does not know it"),
            ("compiled:cpu", "engine must be one of .*'torch:cuda'"),
            ("torhc", "Did you mean 'torch'"),
        ):
            with pytest.raises(ConfigurationError, match=sentence):
                opened(engine)

    def test_what_is_here_is_described(self):
        found = {engine.name: engine for engine in describe_engines()}
        assert set(found) == {"reference", "compiled", "torch:cpu", "torch:cuda", "torch:mps"}
        assert found["torch:cpu"].precisions == ("float64", "float32", "bfloat16")
        assert found["torch:cuda"].available == torch.cuda.is_available()
        for engine in found.values():
            assert bool(engine.precisions) == engine.available
            assert engine.available or engine.note

    def test_what_is_not_installed_is_refused_with_the_command(self, monkeypatch):
        monkeypatch.setattr(choosing, "find_spec", lambda name: None)
        assert choosing.missing_torch("x") is not None
        for engine, settings in (("torch", {}), ("auto", {"precision": "bfloat16"})):
            with pytest.raises(MissingPackageError, match=r"pip install torch"):
                choose_engine(engine, PLAIN, Settings(**settings))
        assert choose_engine("auto", PLAIN).name == "compiled"
        told = describe_engines()[-1]
        assert (told.available, told.hint) == (False, "pip install torch")


FORKS = """
import json, os, signal, threading, time
import numpy as np, torch
from deepstep import Network
from deepstep.engines import Settings, open_session
from deepstep.errors import ConfigurationError

X = np.random.default_rng(0).standard_normal((20, 1000))
Y = (X[:1] > 0).astype(float)
net = Network([20, 128, 1], seed=1)
said = {}

def fit():
    Network([20, 128, 1], engine="torch:cpu", seed=1).train(X, Y, iterations=2)

def threads():
    return len(os.listdir("/proc/self/task"))

def in_a_thread(work):
    before = threads()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    # It and its pool of OpenMP have not ended yet, and a fork would copy the locks that they hold.
    while threads() > before:
        time.sleep(0.001)

def in_a_fork(name, work):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # what waits for ever is ended by it
        try:
            work()
            told = "done"
        except ConfigurationError as error:
            told = str(error)
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    said[name] = [os.waitstatus_to_exitcode(status), os.read(reading, 10_000).decode()]

in_a_fork("of one that has not worked", fit)
in_a_thread(fit)
in_a_fork("of one whose other threads have worked", fit)
session = open_session("torch:cpu", net.architecture, net.parameters, Settings("adam"))
session.step(X, Y, learning_rate=0.1)
state = session.state()
in_a_fork("fit", fit)
in_a_fork("step", lambda: session.step(X, Y, learning_rate=0.1))
methods = {"cost": (X, Y), "cost_and_gradient": (X, Y), "forward": (X,), "settle": (X,), "load": (state,)}
for name, given in methods.items():
    in_a_fork(name, lambda: getattr(session, name)(*given))
in_a_fork("of a fork", lambda: in_a_fork("within", fit) or print(json.dumps(said["within"]), flush=True))
in_a_fork("a thread of its own", lambda: in_a_thread(fit))
in_a_fork("one thread", lambda: torch.set_num_threads(1) or fit())
fit()
print(json.dumps(said))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="OpenMP of other systems begins anew after a fork")
def test_a_forked_process_is_refused_where_it_would_wait_for_ever():
    """After work with several threads, in the thread that forked; nowhere else."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS],
        env={**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    within, said = map(json.loads, ran.stdout.splitlines())
    done = {"of one that has not worked", "of one whose other threads have worked", "of a fork"}
    done |= {"a thread of its own", "one thread"}
    for name, (code, told) in {**said, "within": within}.items():
        assert code == 0, name
        if name in done:
            assert told == "done", name
        else:
            assert told.startswith("This process was forked, and PyTorch would wait for ever"), name
            assert "'loky'" in told
