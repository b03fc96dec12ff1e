"""What an import loads: the promise that ``import deepstep`` costs next to nothing, without a stopwatch.

The stopwatch is ``benchmarks/import_time.py``.
"""

import subprocess
import sys

import pytest

import deepstep

WITH_TRAINING = {"sklearn", "polars", "matplotlib", "torch", "h5py", "PIL", "numba"}
LAZY = WITH_TRAINING | {"scipy", "rich", "click"}
TRAINING = "import deepstep; deepstep.Network([1, 2, 1], activation={!r}).train([[0.0]], [[0]], epochs=2)"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import deepstep; dir(deepstep)", LAZY | {"numpy", "safetensors"}),
        ("import deepstep.equations", LAZY),
        ("from deepstep import Network, Parameters, History, Trace", LAZY),
        *((TRAINING.format(name), WITH_TRAINING) for name in ("relu", "softmax")),
    ],
)
def test_heavy_packages_wait_until_they_are_needed(statement, absent):
    code = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "deepstep" in loaded
    assert not loaded & absent


def test_every_public_name_loads_and_no_other():
    assert len(deepstep.__all__) <= 19
    for name in deepstep.__all__:
        assert getattr(deepstep, name).__name__ == name
        assert name in dir(deepstep)
    with pytest.raises(AttributeError, match="module 'deepstep' has no attribute 'Netwrok'"):
        _ = deepstep.Netwrok
