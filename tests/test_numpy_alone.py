"""The lecture in an environment that has NumPy, click, rich and the packages of rich, and nothing else.

The environment is made of links to the installed packages: nothing is fetched.
"""

import ast
import subprocess
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

from deepstep.environment import DISTRIBUTIONS, package
from deepstep.errors import MissingPackageError

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


def run(python, *arguments, cwd, code=0):
    """What a program of the environment prints."""
    done = subprocess.run([python, "-I", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_environment_has_no_other_package(python, tmp_path):
    found = f"from importlib.util import find_spec; print([n for n in {[*DISTRIBUTIONS]} if find_spec(n)])"
    assert run(python, "-c", found, cwd=tmp_path).strip() == "['markdown_it']"


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
def test_examples_of_the_lecture_the_equations_and_the_course_run(python, tmp_path):
    assert int(run(python, "-c", DOCTESTS, cwd=tmp_path).split()[-1]) > 400


@pytest.mark.slow
@pytest.mark.parametrize("name", ["01_lecture_step_by_step", "02_open_a_step", "03_check_your_own_backward"])
def test_the_lecture_runs(python, tmp_path, name):
    assert run(python, ROOT / "examples" / f"{name}.py", cwd=tmp_path)


NETWORK = """
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
"""

CATS = """
from deepstep.data import load
cats = load("cats", seed=3)
print(cats.X_train.shape, int(cats.y_train.sum()))
"""


def test_cats_are_drawn(python, tmp_path):
    assert run(python, "-c", CATS, cwd=tmp_path) == "(209, 12288) 72\n"


@pytest.mark.slow
def test_a_network_trains_and_is_traced_and_checked(python, tmp_path):
    assert run(python, "-c", NETWORK, cwd=tmp_path) == ""


SOLUTION = """
import numpy as np
from deepstep.lecture import sigmoid

def neuron_forward(w, b, X):
    return sigmoid(np.dot(w.T, X) + b)[0]
"""


@pytest.mark.slow
def test_the_commands_of_the_course_run(python, tmp_path):
    def deepstep(*arguments, code=0):
        return run(python, "-m", "deepstep", *arguments, cwd=tmp_path, code=code)

    assert "course" in deepstep("--help")
    assert "14  From lecture to practice" in deepstep("course", "list")
    deepstep("course", "start", "1")
    assert "0 of 2 right" in deepstep("course", "check", "1", code=1)
    (tmp_path / "chapter_01.py").write_text(SOLUTION)
    assert "neuron_forward: right" in deepstep("course", "check", "1", code=1)
    deepstep("course", "museum")
    deepstep("worksheet", "--students", "2")
    assert "Gradients are right" in deepstep("check-gradients", "--network", "4-5-3-1")
    assert "pip install numba" in deepstep("engines")


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("from deepstep import DeepClassifier", "scikit-learn"),
        ("from deepstep.estimators import distill", "scikit-learn"),
        ("from deepstep.data import load; load('moons')", "scikit-learn"),
        ("from deepstep.data import read_table; read_table('table.csv')", "polars"),
        ("from deepstep.data import as_frame; as_frame([[1]])", "narwhals"),
        ("Network([1, 1]).save('model')", "safetensors"),
        ("Network([1, 1]).train([[0, 1]], [[0, 1]], optimizer='lbfgs')", "scipy"),
        ("Network([1, 1]).train([[0, 1]], [[0, 1]], deterministic=True)", "threadpoolctl"),
        ("Network([1, 1]).train([[0, 1]] , [[0, 1]], validation_fraction=0.5)", "scikit-learn"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(python, tmp_path, statement, missing):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    code = f"from deepstep import Network; {statement}"
    last = run(python, "-c", code, cwd=tmp_path, code=1).strip().splitlines()[-1]
    assert last.startswith("deepstep.errors.MissingPackageError: deepstep needs ")
    assert last.endswith(f"the package {missing!r}, which is not installed. Run: pip install {missing}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("demo", "safetensors"),
        ("demo digits", "scikit-learn"),
        ("train table.csv --target b --out run", "scikit-learn"),
        ("describe-columns table.csv --target b", "polars"),
    ],
)
def test_a_command_names_a_missing_package(python, tmp_path, command, missing):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,4\n")
    printed = run(python, "-m", "deepstep", *command.split(), cwd=tmp_path, code=2)
    assert printed.strip().splitlines()[-1].endswith(f"Run: pip install {missing}")


def test_a_module_of_another_name_is_no_missing_package():
    with pytest.raises(ModuleNotFoundError) as caught:
        package("no_such_module")
    assert not isinstance(caught.value, MissingPackageError)


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
