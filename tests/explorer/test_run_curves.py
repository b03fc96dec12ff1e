"""The course of a run on its page: every curve that it recorded, drawn, in words, and as a table."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.explorer import About, explore, lesson
from deepstep.training import History

rng = np.random.default_rng(5)
X, Y = rng.standard_normal((2, 40)), rng.integers(0, 2, (1, 40)).astype(float)


def trained(**parts):
    network = Network([2, 4, 1], activation="tanh", seed=1, **parts)
    metrics = {"accuracy": lambda A, Y: float(((A > 0.5) == Y).mean())}
    network.train(X, Y, iterations=30, learning_rate=0.3, validation=(X[:, :9], Y[:, :9]), metrics=metrics)
    return network


def test_a_lesson_has_every_curve_of_the_run():
    network = trained()
    history = lesson(network, X, Y, iterations=2)["history"]
    assert list(history) == ["unit", "at", "text", "cost", "validation_cost", "validation_accuracy"]
    assert history["unit"] == "epoch"
    for name in ("cost", "validation_cost", "validation_accuracy"):
        assert history[name] == network.history.column(name).tolist()
    assert "On validation data it went from" in history["text"]


def test_the_curves_of_a_network_that_was_not_trained_are_those_of_the_page():
    document = lesson(Network([2, 4, 1], seed=1), X, Y, about=About(history=History()), iterations=2)
    assert document["history"]["unit"] == "step"


@pytest.mark.slow
def test_the_page_draws_them(watched, tmp_path, axe):
    """In the Step lab, as the page cannot train."""
    network = trained(normalization="layer")
    explore(network, X, Y, iterations=2).export(tmp_path / "run.html")
    page = watched((tmp_path / "run.html").as_uri()).open((tmp_path / "run.html").as_uri())
    page.click('[data-screen="lab"]')
    run = page.locator("[data-run]")
    assert run.locator("svg.curve").count() == 2
    assert run.locator("svg.curve path.line").count() == 4
    assert "validation accuracy went from" in run.inner_text()
    run.locator("summary").click()
    rows = run.locator("tbody tr")
    assert rows.first.locator("th").inner_text() == "0"
    assert rows.last.locator("th").inner_text() == "29"
    for row, record in ((rows.first, network.history[0]), (rows.last, network.history[29])):
        values = [float(cell.get_attribute("data-value")) for cell in row.locator("td").all()]
        assert values == [record[name] for name in ("cost", "validation_cost", "validation_accuracy")]
    page.evaluate(axe)
    assert page.evaluate("async () => (await axe.run(document)).violations.map(({ id }) => id)") == []


def test_updates_that_the_page_cannot_do_have_the_recorded_curve(watched, tmp_path):
    """Those of a training with a fault."""
    path = tmp_path / "fault.html"
    explore(Network([2, 4, 1], seed=1), X, Y, iterations=30, fault="lost 1/m").export(path)
    page = watched(path.as_uri()).open(path.as_uri())
    page.click('[data-screen="lab"]')
    run = page.locator("[data-run]")
    assert run.locator("svg.curve").count() == 1
    run.locator("summary").click()
    rows = run.locator("tbody tr th")
    assert (rows.first.inner_text(), rows.last.inner_text()) == ("1", "30")
