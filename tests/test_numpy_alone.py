"""The lecture in an environment that has NumPy, click, rich and the packages of rich, and nothing else.

The environment is made of links to the installed packages: nothing is fetched.
"""

import ast
import subprocess
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

from deepstep.environment import DISTRIBUTIONS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "deepstep"
NUMPY_CLICK_RICH = "numpy", "click", "rich", "markdown_it", "mdurl", "pygments"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of such an environment."""
    folder = tmp_path_factory.mktemp("numpy_alone") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    for name in NUMPY_CLICK_RICH:
        installed = Path(find_spec(name).origin).parent
        (packages / name).symlink_to(installed)
        libraries = installed.with_name(f"{name}.libs")
        if libraries.is_dir():
            (packages / libraries.name).symlink_to(libraries)
    (packages / "deepstep").symlink_to(SOURCE)
    return folder / "bin" / "python"


@pytest.fixture
def printed(python, tmp_path):
    """What a program of the environment prints."""
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,4\n")

    def run(code):
        done = subprocess.run(
            [python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_the_environment_has_no_other_package_and_cats_are_drawn(printed):
    code = f"""
from importlib.util import find_spec
from deepstep.data import load
cats = load("cats", seed=3)
print(cats.X_train.shape, int(cats.y_train.sum()), [name for name in {[*DISTRIBUTIONS]} if find_spec(name)])
"""
    assert printed(code) == "(209, 12288) 72 ['markdown_it']\n"


DOCTESTS = """
import doctest, importlib, pkgutil
flags, tried = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, 0
names = ["deepstep.lecture"]
for stage in ("equations", "network", "inspection", "course", "explorer"):
    module = importlib.import_module(f"deepstep.{stage}")
    modules = pkgutil.walk_packages(module.__path__, f"deepstep.{stage}.")
    names += [module.__name__, *(one.name for one in modules)]
for name in names:
    result = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert not result.failed, name
    tried += result.attempted
print(tried)
"""


@pytest.mark.slow
def test_examples_of_the_lecture_the_equations_and_the_course_run(printed):
    assert int(printed(DOCTESTS).split()[-1]) > 400


TRAINING = f"""
import runpy
import numpy as np
from deepstep import Network, explore
X, Y = np.random.RandomState(1).randn(3, 40), np.arange(40)[np.newaxis] % 2
for engine in ("reference", "auto"):
    network = Network([3, 8, 1], activation="gelu", engine=engine, seed=1)
    history = network.train(X, Y, optimizer="adam", epochs=30, batch_size=8, validation=(X, Y))
    assert history[-1]["cost"] < history[0]["cost"] and network.predict(X).shape == (1, 40)
    assert network.trace(X, Y).check().passed and network.check_gradients(X, Y).passed
    assert len(list(network.steps(X, Y, epochs=2, batch_size=20))) == 4
explore(network, X, Y).export("page.html")
for name in ("01_lecture_step_by_step", "02_open_a_step", "03_check_your_own_backward"):
    runpy.run_path(f"{ROOT}/examples/{{name}}.py", run_name="__main__")
"""


@pytest.mark.slow
def test_a_network_trains_and_is_traced_and_checked_as_in_the_examples(printed):
    assert printed(TRAINING)


SOLUTION = """
import numpy as np
from deepstep.lecture import sigmoid

def neuron_forward(w, b, X):
    return sigmoid(np.dot(w.T, X) + b)[0]
"""
COMMANDS = {
    "course list": "14  From lecture to practice",
    "course check 1": "neuron_forward: right",
    "course museum": "written to museum.html",
    "worksheet --students 2": "2 worksheets",
    "check-gradients --network 4-5-3-1": "Gradients are right",
    "engines": "pip install numba",
    "demo": "Run: pip install safetensors",
    "demo digits": "Run: pip install scikit-learn",
    "train table.csv --target b --out run": "Run: pip install scikit-learn",
    "describe-columns table.csv --target b": "Run: pip install polars",
}
SHOWN = f"""
import sys
sys.stderr = sys.stdout
from deepstep.cli.main import main
for words in {[*COMMANDS]}:
    print("COMMAND", words, flush=True)
    try:
        main(words.split())
    except SystemExit as end:
        print("EXIT", end.code, flush=True)
"""


@pytest.mark.slow
def test_commands_run_or_name_the_missing_package(printed, tmp_path):
    (tmp_path / "chapter_01.py").write_text(SOLUTION)
    shown = printed(f"import sys\nsys.stderr = sys.stdout\n{SHOWN}").split("COMMAND ")[1:]
    for (command, sentence), text in zip(COMMANDS.items(), shown, strict=True):
        assert text.startswith(command)
        assert sentence in text, text
        assert ("EXIT 2" in text) == (sentence[:3] == "Run"), text


MISSING = {
    "from deepstep import DeepClassifier": "scikit-learn",
    "from deepstep.estimators import distill": "scikit-learn",
    "from deepstep.data import load; load('moons')": "scikit-learn",
    "from deepstep.data import read_table; read_table('table.csv')": "polars",
    "from deepstep.data import as_frame; as_frame([[1]])": "narwhals",
    "from deepstep.training import TensorBoard\n"
    "Network([1, 1]).train([[0, 1]], [[0, 1]], callbacks=[TensorBoard('logs')])": "tensorboardX",
    "Network.from_torch(None)": "torch",
    "Network([1, 1]).to_torch()": "torch",
    "Network([1, 1]).save('model')": "safetensors",
    "Network([1, 1]).train([[0, 1]], [[0, 1]], optimizer='lbfgs')": "scipy",
    "Network([1, 1]).train([[0, 1]], [[0, 1]], deterministic=True)": "threadpoolctl",
    "Network([1, 1]).train([[0, 1]] , [[0, 1]], validation_fraction=0.5)": "scikit-learn",
}


def test_a_missing_package_is_named_with_the_command_that_installs_it(printed):
    code = f"""
from deepstep import Network
from deepstep.environment import package
from deepstep.errors import MissingPackageError
for statement in {[*MISSING]}:
    try:
        exec(statement)
    except MissingPackageError as error:
        print(error)
try:
    package("no_such_module")
except ModuleNotFoundError as error:
    assert not isinstance(error, MissingPackageError)
"""
    for line, missing in zip(printed(code).splitlines(), MISSING.values(), strict=True):
        assert ("with its extra '" in line) == (missing in ("tensorboardX", "torch"))
        assert f"the package {missing!r}, which is not installed. Run: pip install {missing}" in line


NAMED_BEFORE = (  # scikit-learn and what it needs are there, or Numba or PyTorch was found
    *("estimators/", "ensembles/", "engines/compiled/", "engines/torch/"),
    *("cli/models.py", "cli/parameters.py", "cli/table.py"),
    *("environment.py", "course/lesson.py", "course/lesson.py"),  # markdown-it-py belongs to rich
)


@pytest.mark.slow
def test_every_other_import_goes_through_the_environment():
    bare = []
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typed = [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.With | ast.Try)]
        allowed = {id(node) for part in typed for node in ast.walk(part)}
        for node in ast.walk(tree):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            known = {module.partition(".")[0] for module in modules} & set(DISTRIBUTIONS)
            if known and id(node) not in allowed and (not name.startswith(NAMED_BEFORE) or "polars" in known):
                bare.append(f"{name}:{node.lineno}")
    assert bare == []
