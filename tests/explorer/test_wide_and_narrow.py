"""Layers of more units than are drawn at once, and the page on a phone."""

import pytest

from deepstep import Network
from deepstep.explorer import explore

FAULTS = "async () => (await axe.run(document)).violations.map(({ id }) => id)"


@pytest.fixture(scope="module")
def address(circles, tmp_path_factory):
    network = Network([2, 20, 9, 1], activation="tanh", seed=1)
    path = tmp_path_factory.mktemp("wide") / "lesson.html"
    explore(network, circles.X, circles.Y, learning_rate=0.1, iterations=3).export(path)
    return path.as_uri()


def units_of(page, layer):
    labels = page.locator(".layer").nth(layer).locator("button.unit").all()
    return [int(unit.get_attribute("aria-label").split()[1]) for unit in labels]


def press(page, label):
    """By keyboard."""
    page.get_by_label(label).focus()
    page.keyboard.press("Enter")


def test_every_unit_of_a_wide_layer_can_be_seen_and_edited(watched, address, axe):
    page = watched(address).open(f"{address}#s=play")
    assert units_of(page, 1) == list(range(8))
    press(page, "Units after these, layer 1")
    assert units_of(page, 1) == list(range(8, 16))
    press(page, "Units after these, layer 1")
    assert units_of(page, 1) == list(range(12, 20))
    assert "12–19 of 20" in page.inner_text(".network")
    assert page.get_by_label("Units after these, layer 1").is_disabled()
    assert units_of(page, 2) == list(range(8))
    press(page, "Units after these, layer 2")
    assert units_of(page, 2) == list(range(1, 9))
    page.evaluate(axe)
    assert page.evaluate(FAULTS) == []
    page.locator(".layer").nth(1).locator("button.unit").last.focus()
    page.keyboard.press("Enter")
    field = page.locator('.unit-panel input[data-tensor="b1"]')
    assert field.get_attribute("data-row") == "19"
    field.fill("0.625")
    page.keyboard.press("Enter")
    page.wait_for_selector('.unit-panel input[data-tensor="b1"][data-value="0.625"]')
    press(page, "Units before these, layer 1")
    assert units_of(page, 1) == list(range(4, 12))
