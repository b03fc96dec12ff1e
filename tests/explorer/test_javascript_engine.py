"""The engine of the explorer's page computes what the library computes."""

import json
from collections.abc import Iterator
from pathlib import Path

import vectors
from javascript import WEB, node

from deepstep.equations import ACTIVATIONS, OPTIMIZERS


def test_what_the_page_leaves_out_is_named() -> None:
    own = {name for name in ACTIVATIONS if ACTIVATIONS[name].forward.__module__.startswith("deepstep.")}
    assert own - vectors.NOT_OFFERED == set(vectors.ACTIVATIONS)
    assert own | set(OPTIMIZERS) >= vectors.NOT_OFFERED


def test_engine_of_the_page(tmp_path: Path) -> None:
    """1e-12 in every quantity of a step, 1e-9 after 500 steps; and the tests of the page's other parts."""
    vectors.write(tmp_path / "vectors.json")
    tests = sorted(str(path.relative_to(WEB)) for path in (WEB / "test").glob("*.test.js"))
    done = node("--test", "--test-reporter=tap", *tests, DEEPSTEP_VECTORS=str(tmp_path / "vectors.json"))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout


def _mixed(z: int) -> int:
    z ^= z >> 16
    z = z * 0x21F0AAAD % 2**32
    z ^= z >> 15
    z = z * 0x735A2D97 % 2**32
    return z ^ (z >> 15)


def _stream(seed: int, *counters: int) -> Iterator[float]:
    state = _mixed(seed)
    for counter in counters:
        state = _mixed((state + counter) % 2**32)
    while True:
        state = (state + 0x9E3779B9) % 2**32
        yield _mixed(state) / 2**32


def test_random_numbers_of_the_page_are_as_documented() -> None:
    done = node(
        "--input-type=module",
        "--eval",
        "import { stream, permutation } from './src/engine/random.js';"
        "const u = stream(7, 2, 3); console.log(JSON.stringify([u(), u(), permutation(stream(7, 2, 3), 9)]))",
    )
    assert done.returncode == 0, done.stderr
    uniform = _stream(7, 2, 3)
    first = [next(uniform), next(uniform)]
    uniform, order = _stream(7, 2, 3), list(range(9))
    for i in range(8, 0, -1):
        j = int(next(uniform) * (i + 1))
        order[i], order[j] = order[j], order[i]
    assert json.loads(done.stdout) == [*first, order]
