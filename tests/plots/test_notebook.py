"""A notebook, executed without a browser: what its cells show, and that a fit shows its progress there."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from deepstep import History, Network
from deepstep.inspection.findings.finding import Finding

pytestmark = pytest.mark.slow

CELLS = {
    "begin": """
import os
os.environ["NUMBA_NUM_THREADS"] = "1"
from deepstep import DeepClassifier, Network, diagnose
from deepstep.plots import NeuronMapsDisplay, TrainingCurveDisplay
X, Y = [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 1]]
net = Network([2, 3, 1], initialization="zeros", seed=1)
history = net.train(X, Y, learning_rate=0.5, iterations=50)
""",
    "Network": "net",
    "Parameters": "net.parameters",
    "History": "history",
    "findings": "diagnose(net)",
    "Finding": "diagnose(net)[0]",
    "Step": "next(net.steps(X, Y, iterations=1))",
    "Trace": "net.trace(X, Y)",
    "curve": "TrainingCurveDisplay.from_history(history)",
    "maps": "NeuronMapsDisplay.from_network(net, X, resolution=8).plot()",
    "windows": "import sys; 'matplotlib.pyplot' in sys.modules",
    "fit": "DeepClassifier(n_estimators=2, network_params={'epochs': 3}, engine='reference', verbose=True, "
    "random_state=1).fit("
    "[[k, k % 7] for k in range(60)], [k % 2 for k in range(60)]).score([[1, 1]], [1]) >= 0",
}


@pytest.fixture(scope="module")
def outputs():
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the packages that run the notebook
class TestNotebook:
    @pytest.mark.parametrize(
        ("cell", "words"),
        [
            ("Network", ["2-3-1", "13 parameters", "sigmoid"]),
            ("Parameters", ["W1", "3×2"]),
            ("History", ["50 epochs", "learning_rate", "all epochs done"]),
            ("findings", ["symmetric units", "layer 1: all 3 units"]),
            ("Finding", ["1 findings", "symmetric units"]),
            ("Step", ["Update 1, epoch 0", "norm of the change"]),
            ("Trace", ["dW1"]),
        ],
    )
    def test_objects_are_tables(self, outputs, cell, words):
        (shown,) = outputs[cell]
        html = shown.data["text/html"]
        assert len(html) < 30_000
        assert html.startswith("<table>")
        assert not re.search(r"src=|href=|<script|<link|@import|url\(", html)
        assert [word for word in words if word not in html] == []

    @pytest.mark.parametrize("cell", ["curve", "maps"])
    def test_displays_are_pictures_without_a_window(self, outputs, cell):
        (shown,) = outputs[cell]
        assert shown.data["image/png"].startswith("iVBORw0KGgo")  # the signature of PNG in base64
        assert outputs["windows"][0].data["text/plain"] == "False"

    def test_a_fit_shows_one_line(self, outputs):
        *written, value = outputs["fit"]
        text = "".join(one.text for one in written if one.output_type == "stream" and one.name == "stderr")
        assert value.data["text/plain"] == "True"
        assert text.rstrip("\n").count("\n") == 0
        assert "preparing the rows" in text.split("\r")[1]
        assert "2/2 networks" in text.split("\r")[-1]


def test_names_are_escaped_and_long_tables_cut():
    one = Finding("<b>", "note", "a & b", "<script>alert(1)</script>", 0.0)
    assert "<b>" not in one._repr_html_()
    assert "&lt;script&gt;" in one._repr_html_()
    history = History([{"epoch": k, "cost": 1.0, "<i>": 2.0} for k in range(1000)])
    assert history._repr_html_().count("<tr>") == 11
    assert "<i>" not in history._repr_html_()
    assert "History(empty)" in History()._repr_html_()
    deep = Network([2] * 300, seed=1)
    assert deep.parameters._repr_html_().count("<tr>") == deep._repr_html_().count("<tr>") == 201


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_kernel_of_the_documentation_does_not_warn(capfd, monkeypatch):
    """Each page printed a warning that the port of its kernel is not encrypted."""
    docs = Path(__file__).parents[2] / "docs"
    monkeypatch.setenv("JUPYTER_PATH", str(docs / "_ext" / "jupyter"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert notebook.cells[0].outputs[0]["text"] == "42\n"
    assert capfd.readouterr().err == ""
    assert '"_ext" / "jupyter"' in (docs / "conf.py").read_text(encoding="utf-8")
