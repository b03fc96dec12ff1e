"""The engine of the explorer's page computes what the library computes; its bundle is what web/ makes."""

import json
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vectors

from deepstep import Architecture, Network
from deepstep.engines import Settings
from deepstep.equations import ACTIVATIONS, INITIALIZATIONS, OPTIMIZERS, get_head
from deepstep.explorer import lesson, shown
from deepstep.explorer.replay import uniform
from javascript import WEB, evaluated, node

STATIC = Path(__file__).parents[2] / "src" / "deepstep" / "explorer" / "static"


def test_what_the_page_leaves_out_is_named() -> None:
    """A new part or setting is computed by the page or stands here; one that it computes has vectors."""
    own = {name for name in ACTIVATIONS if ACTIVATIONS[name].forward.__module__.startswith("deepstep.")}
    assert own - vectors.NOT_OFFERED == set(vectors.ACTIVATIONS)
    assert own | set(OPTIMIZERS) >= vectors.NOT_OFFERED
    known = {"layer_dims", "activations", "output", "output_settings", "input_scale"}
    assert {entry.name for entry in fields(Architecture)} - known == {"features", "normalization"}
    left_out = {"l1", "clip_norm", "clip_value", "precision"}
    assert {entry.name for entry in fields(Settings)} - set(shown.SETTINGS) == left_out
    of_heads = {name for head in vectors.HEADS for name in get_head(head).settings}
    assert of_heads == set(shown.OUTPUT_SETTINGS)
    cases = vectors.cases()
    tried = {name for case in cases for name in case.settings} | {"optimizer", "seed"}
    assert set(shown.SETTINGS) <= tried
    assert {name for case in cases for name in case.parts} == {"input_scale", "output_settings"}
    scaled = {case.activations[0] for case in cases if "scaled" in case.name}
    assert scaled >= set(vectors.ACTIVATIONS)


EQUATIONS_OF_ALL_STEPS = """
import { ACTIVATIONS } from './src/engine/activations.js';
import { HEADS } from './src/engine/heads.js';
import { OPTIMIZERS } from './src/engine/optimizers.js';
import { microSteps } from './src/engine/microsteps.js';
const hidden = Object.keys(ACTIVATIONS).filter((name) => ACTIVATIONS[name].one);
const found = new Set();
for (const [output, { activation }] of Object.entries(HEADS))
  for (const optimizer of Object.keys(OPTIMIZERS))
    for (const l2 of [0, 1]) {
      const masks = Object.fromEntries(hidden.map((_, i) => [`A${i + 1}`, {}]));
      const training = { optimizer, l2, weight_decay: l2 };
      const network = { activations: [...hidden, activation], output };
      for (const { equation } of microSteps(network, training, masks)) found.add(equation);
    }
console.log(JSON.stringify([...found].filter(Boolean)));
"""


def test_a_lesson_has_the_source_of_every_step_that_its_page_can_make(document: dict[str, Any]) -> None:
    equations = json.loads(evaluated(EQUATIONS_OF_ALL_STEPS))
    assert len(equations) > 40
    assert set(equations) <= set(document["sources"]) & set(document["formulas"])


MEMBER = {
    "optimizer": "adam",
    "optimizer_params": {"beta2": 0.95},
    "learning_rate": 0.01,
    "weight_decay": 0.02,
    "dropout": 0.15,
    "batch_size": 16,
    "lr_multipliers": {"W1": 0.5, "W2": 0.35, "b*": 0.1, "s1": 6},
}


@pytest.mark.parametrize("output", vectors.HEADS)
def test_a_lesson_of_a_member_is_computed_by_the_page(output: str, tmp_path: Path) -> None:
    """Python's own document: each golden step to 1e-12, each recorded state to 1e-9, no part unknown."""
    rng = np.random.default_rng(0)
    X, n_y = rng.standard_normal((4, 50)), 3 if output == "softmax" else 1
    Y = np.eye(n_y)[:, rng.integers(0, n_y, 50)] if n_y > 1 else (X[:1] > 0).astype(float)
    smooth = {} if output == "identity" else {"output_settings": {"smoothing": 0.1}}
    parts = {"input_scale": True, "output": output, **smooth}
    network = Network([4, 8, 8, n_y], activation="selu", seed=1, **parts)
    document = lesson(network, X, Y, iterations=40, **MEMBER)
    assert len(document["recorded"]) > 10
    (tmp_path / "lesson.json").write_text(json.dumps(document), encoding="utf-8")
    found = json.loads(
        evaluated(
            "import { readFileSync } from 'node:fs';"
            "import { decodeLesson } from './src/lesson/codec.js';"
            "import { checkLesson } from './src/lesson/check.js';"
            "import { Session } from './src/engine/session.js';"
            "import { unknownParts } from './src/engine/recorded.js';"
            "import { checkGolden, largestDifference } from './src/engine/golden.js';"
            f"const text = readFileSync({json.dumps(str(tmp_path / 'lesson.json'))}, 'utf8');"
            "const lesson = checkLesson(decodeLesson(JSON.parse(text)));"
            "const session = new Session(lesson);"
            "const golden = lesson.golden.map((one) => checkGolden(lesson, one));"
            "const off = lesson.recorded.map(({ step, parameters }) => {"
            "  session.reach(step + 1); const own = session.state(step).parameters;"
            "  const off = ([n, one]) => largestDifference(own[n], one);"
            "  return Math.max(...Object.entries(parameters).map(off)); });"
            "console.log(JSON.stringify({ unknown: unknownParts(lesson), golden, off }));"
        )
    )
    assert found["unknown"] == []
    assert all(one["difference"] < 1e-12 and one["compared"] > 40 for one in found["golden"])
    assert max(found["off"]) < 1e-9


SCALES = {
    "auto": lambda n_prev, n: n_prev**-0.5,  # of tanh
    "zeros": lambda n_prev, n: 0.0,
    "small": lambda n_prev, n: 0.01,
    "large": lambda n_prev, n: 10.0,
    "he": lambda n_prev, n: (2 / n_prev) ** 0.5,
    "glorot": lambda n_prev, n: (2 / (n_prev + n)) ** 0.5,
    "lecun": lambda n_prev, n: n_prev**-0.5,
}


def normals(n: int, *counters: int) -> np.ndarray:
    """The page's normal numbers: Box and Muller, the second one of each pair dropped."""
    draws = uniform(2 * n, *counters)
    return np.sqrt(-2 * np.log(1 - draws[::2])) * np.cos(2 * np.pi * draws[1::2])


def test_initialization_noise_features_and_test_set_are_those_of_the_formulas() -> None:
    found = json.loads(
        evaluated(
            "import { INITIALIZATIONS, initialParameters } from './src/engine/initialization.js';"
            "import { prepared, wholeOf } from './src/data/examples.js';"
            "import { toySet, TOY_NAMES } from './src/data/toys.js';"
            "const rows = ({ rows, cols, data }) => Array.from({ length: rows }, (_, i) =>"
            "  [...data.slice(i * cols, (i + 1) * cols)]);"
            "const drawn = Object.fromEntries(Object.keys(INITIALIZATIONS).map((initialization) =>"
            "  [initialization,"
            "  rows(initialParameters({ layer_dims: [3, 5, 1], activations: ['tanh', 'sigmoid'],"
            "    initialization }, 7).W1)]));"
            "const [plain, noisy] = [toySet('moons'), toySet('moons', 1, 0.2)];"
            "const features = ['x', 'y', 'xx', 'yy', 'xy', 'sinx', 'siny'];"
            "const made = prepared(noisy, { features, test: 0.3 });"
            "const back = wholeOf(made);"
            "console.log(JSON.stringify({ drawn, number: TOY_NAMES.indexOf('moons'), plain: rows(plain.X),"
            "  noisy: rows(noisy.X), X: rows(made.X), test: rows(made.test.X), rows: made.test.rows,"
            "  Y: rows(made.Y), Y_all: rows(noisy.Y), back: rows(back.X), names: made.names }));"
        )
    )
    assert set(found["drawn"]) == set(SCALES)
    assert set(SCALES) - {"auto"} <= set(INITIALIZATIONS)
    for method, W in found["drawn"].items():
        expected = SCALES[method](3, 5) * normals(15, 7, 1, 1).reshape(5, 3)
        np.testing.assert_allclose(W, expected, rtol=1e-12, atol=1e-15, err_msg=method)
    plain, noisy = np.array(found["plain"]), np.array(found["noisy"])
    added = 0.2 * normals(plain.size, 1, 6, found["number"]).reshape(plain.shape)
    np.testing.assert_allclose(noisy, plain + added, rtol=1e-12, atol=1e-14)
    x, y = noisy
    every = np.array([x, y, x**2, y**2, x * y, np.sin(np.pi * x), np.sin(np.pi * y)])
    order, draws = list(range(200)), uniform(199, 1, 5)
    for i, draw in zip(range(199, 0, -1), draws, strict=True):
        j = int(draw * (i + 1))
        order[i], order[j] = order[j], order[i]
    test, training = sorted(order[:60]), sorted(order[60:])
    assert found["rows"] == test
    np.testing.assert_allclose(found["test"], every[:, test], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["X"], every[:, training], rtol=1e-12, atol=1e-14)
    assert np.array_equal(found["Y"], np.array(found["Y_all"])[:, training])
    assert np.array_equal(found["back"], noisy)
    assert found["names"] == ["x1", "x2", "x1²", "x2²", "x1·x2", "sin πx1", "sin πx2"]


@pytest.mark.slow
def test_engine_of_the_page(tmp_path: Path) -> None:
    """1e-12 in every quantity of a step, 1e-9 after 500 steps; and the tests of the page's other parts."""
    vectors.write(tmp_path / "vectors.json")
    tests = sorted(str(path.relative_to(WEB)) for path in (WEB / "test").glob("*.test.js"))
    done = node("--test", "--test-reporter=tap", *tests, DEEPSTEP_VECTORS=str(tmp_path / "vectors.json"))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout


@pytest.mark.parametrize(
    ("script", "package"), [("check", "esbuild"), pytest.param("types", "typescript", marks=pytest.mark.slow)]
)
def test_the_bundle_is_what_the_sources_make_and_their_types_agree(script: str, package: str) -> None:
    if shutil.which("npm") is None or not (WEB / "node_modules" / package).is_dir():
        pytest.skip(f"NOT TESTED, {package} is missing: npm ci --prefix web")
    command = ["npm", "run", "--silent", script]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_licences_are_in_the_bundle() -> None:
    head = (STATIC / "explorer.js").read_text(encoding="utf-8")[:4000]
    assert "Jason Miller" in head
    for text in (head, (STATIC / "NOTICE").read_text(encoding="utf-8")):
        assert "Apache License" in text
