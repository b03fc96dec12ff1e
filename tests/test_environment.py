"""BLAS: which kernels run here, and the one warning of those that are older than the processor."""

import json
import warnings

import numpy as np
import pytest

from deepstep import Network, environment
from deepstep.cli.main import main
from deepstep.environment import CORETYPE, KERNELS, VECTORS, blas_libraries, old_kernel
from deepstep.errors import SpeedWarning
from deepstep.estimators import NetworkClassifier

FLAGS = {"AVX-512": VECTORS["AVX-512"] | {"sse2"}, "AVX2": VECTORS["AVX2"] | {"sse2"}, "SSE2": {"sse2"}}
TEXT = "products of matrices run the kernels for Haswell, without the processor's AVX-512. Install a newer"


@pytest.fixture
def blas(monkeypatch):
    """Let this machine have a kernel of BLAS and a processor."""

    def here(kernel, processor, setting=None):
        library = {"internal_api": "openblas", "version": "0.3", "num_threads": 4}
        library["set_num_threads"] = lambda self, count: None
        library |= {"architecture": kernel} if kernel else {}
        pool = type("Pool", (), library)()
        monkeypatch.setattr(environment, "blas_pools", lambda: [pool])
        monkeypatch.setattr(environment, "processor_flags", lambda: FLAGS[processor])
        monkeypatch.delenv(CORETYPE, raising=False)
        if setting:
            monkeypatch.setenv(CORETYPE, setting)

    return here


@pytest.mark.parametrize(
    ("kernels", "processor", "missing"),
    [
        ("Haswell Zen Nehalem", "AVX-512", "AVX-512"),
        ("Sandybridge", "AVX2", "AVX2"),
        ("SkylakeX Cooperlake SapphireRapids KernelOfTomorrow", "AVX-512", ""),
        ("Haswell Zen", "AVX2", ""),
        ("Nehalem", "SSE2", ""),
        (None, "AVX-512", ""),
    ],
)
def test_a_kernel_is_old_where_the_processor_has_more(blas, kernels, processor, missing):
    for kernel in kernels.split() if kernels else [None]:
        blas(kernel, processor)
        assert (f"for {kernel}, without the processor's {missing}. Install" in old_kernel()) == bool(missing)
        blas(kernel, processor, setting="Haswell")
        assert ("OPENBLAS_CORETYPE is set to 'Haswell'. Unset it." in old_kernel()) == bool(missing)


def test_the_kernel_here_is_one_of_openblas():
    """Names as threadpoolctl gives them: a spelling of our own would never be found."""
    names = {library["kernel"] for library in blas_libraries() if library["library"] == "openblas"}
    if not names or "avx2" not in environment.processor_flags():
        pytest.skip("NumPy has no OpenBLAS for x86 here")
    assert names <= set(KERNELS)


def train_a_network():
    net = Network([2, 1], seed=1)
    net.train(np.zeros((2, 3)), [[0, 1, 1]], iterations=2)


def fit_an_estimator():
    NetworkClassifier(max_iter=1, n_iter_no_change=np.inf, tol=0.0).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("train", [train_a_network, fit_an_estimator])
def test_a_slow_training_warns_once_in_a_process(train, blas, monkeypatch):
    blas("Haswell", "AVX-512")
    monkeypatch.setattr(environment, "_told", False)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for seconds in (60.0, 0.0, 0.0):  # the first one is fast
            monkeypatch.setattr(environment, "SLOW", seconds)
            train()
    (warned,) = [one for one in seen if issubclass(one.category, SpeedWarning)]
    assert TEXT in str(warned.message)
    assert warned.filename == __file__


def test_engines_show_blas(blas, capsys):
    blas("Haswell", "AVX-512", setting="Haswell")
    printed = []
    for options in ([], ["--json"]):
        with pytest.raises(SystemExit) as end:
            main(["engines", *options])
        assert end.value.code == 0
        printed.append(capsys.readouterr().out)
    assert "BLAS: openblas 0.3, kernel Haswell, threads 4." in printed[0]
    assert "OPENBLAS_CORETYPE is set to 'Haswell'. Unset it." in printed[0]
    record = json.loads(printed[1])
    assert record["blas"] == [{"library": "openblas", "version": "0.3", "kernel": "Haswell", "threads": 4}]
    assert "Unset it." in record["slow"]
