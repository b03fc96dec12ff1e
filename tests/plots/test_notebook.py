"""A notebook, executed without a browser: what its cells show, and that a fit shows its progress there."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from deepstep import History, Network
from deepstep.inspection.findings.finding import Finding

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the packages that run the notebook
]

BEGIN = """
import os, sys
os.environ["NUMBA_NUM_THREADS"] = "1"
from deepstep import DeepClassifier, Network, diagnose
from deepstep.plots import NeuronMapsDisplay, TrainingCurveDisplay
X, Y = [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 1]]
net = Network([2, 3, 1], initialization="zeros", seed=1)
history = net.train(X, Y, learning_rate=0.5, iterations=50)
"""
TABLES = {
    "net": ["2-3-1", "13 parameters", "sigmoid"],
    "net.parameters": ["W1", "3×2"],
    "history": ["50 epochs", "learning_rate", "all epochs done"],
    "diagnose(net)": ["symmetric units", "layer 1: all 3 units"],
    "diagnose(net)[0]": ["1 findings", "symmetric units"],
    "next(net.steps(X, Y, iterations=1))": ["Update 1, epoch 0", "norm of the change"],
    "net.trace(X, Y)": ["dW1"],
}
PICTURES = (
    "TrainingCurveDisplay.from_history(history)",
    "NeuronMapsDisplay.from_network(net, X, resolution=8).plot()",
)
FIT = (
    "DeepClassifier(n_estimators=2, network_params={'epochs': 3}, engine='reference', verbose=True, "
    "random_state=1).fit([[k, k % 7] for k in range(60)], [k % 2 for k in range(60)])"
    ".score([[1, 1]], [1]) >= 0"
)


def outputs_of(*cells):
    """The outputs of the cells of a notebook that was executed."""
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_objects_are_tables_displays_are_pictures_and_a_fit_is_one_line():
    _, *shown, windows, fit = outputs_of(BEGIN, *TABLES, *PICTURES, "'matplotlib.pyplot' in sys.modules", FIT)
    for words, (table,) in zip(TABLES.values(), shown, strict=False):
        html = table.data["text/html"]
        assert len(html) < 30_000
        assert html.startswith("<table>")
        assert not re.search(r"src=|href=|<script|<link|@import|url\(", html)
        assert [word for word in words if word not in html] == []
    for (picture,) in shown[len(TABLES) :]:
        assert picture.data["image/png"].startswith("iVBORw0KGgo")  # the signature of PNG in base64
    assert windows[0].data["text/plain"] == "False"  # drawn without a window
    *written, value = fit
    text = "".join(one.text for one in written if one.output_type == "stream" and one.name == "stderr")
    assert value.data["text/plain"] == "True"
    assert text.rstrip("\n").count("\n") == 0
    assert "preparing the rows" in text.split("\r")[1]
    assert "2/2 networks" in text.split("\r")[-1]


def test_the_kernel_of_the_documentation_does_not_warn(capfd, monkeypatch):
    """Each page printed a warning that the port of its kernel is not encrypted."""
    docs = Path(__file__).parents[2] / "docs"
    monkeypatch.setenv("JUPYTER_PATH", str(docs / "_ext" / "jupyter"))
    assert outputs_of("print(6 * 7)")[0][0]["text"] == "42\n"
    assert capfd.readouterr().err == ""
    assert '"_ext" / "jupyter"' in (docs / "conf.py").read_text(encoding="utf-8")


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
