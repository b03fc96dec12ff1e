"""A link leads to its place with all changes, or says what it lacks; a wrong one is refused in words."""

import json
from urllib.parse import quote

import numpy as np
import pytest

from deepstep import Network
from deepstep.explorer import explore

X = np.random.default_rng(5).standard_normal((2, 6))
COPIED = "() => { navigator.clipboard.writeText = (text) => (window.copied = text, Promise.resolve()); }"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    network = Network([2, 3, 1], activation="tanh", seed=1)
    path = tmp_path_factory.mktemp("links") / "lesson.html"
    options = {"optimizer": "adam", "batch_size": 4, "learning_rate": 0.1, "iterations": 3}
    explore(network, X, (X[:1] > 0).astype(float), **options).export(path)
    return path.as_uri()


@pytest.fixture
def page(watched, address):
    page = watched(address).open(address)
    page.click('[data-screen="play"]')
    return page


def changed(page):
    """A point at the beginning, an edit after four updates, six updates in all."""
    page.click(".paint summary")
    page.click('.paint button[type="submit"]')
    for _ in range(4):
        page.keyboard.press("]")
    page.fill(".unit-panel input >> nth=0", "1.5")
    page.keyboard.press("Enter")
    page.click('[data-action="updateNext"]')
    page.click('[data-action="updateNext"]')
    page.wait_for_selector('[data-updates="6"]')
    return state(page)


def state(page):
    fields = page.locator(".unit-panel input")
    values = [fields.nth(i).get_attribute("data-value") for i in range(fields.count())]
    return page.get_attribute("[data-updates]", "data-updates"), values, page.inner_text(".play-left .quiet")


def link_of(page):
    page.evaluate(COPIED)
    page.click('[data-open="share"]')
    page.click('[data-action="link"]')
    return page.evaluate("window.copied")


def test_a_link_carries_what_was_changed_on_an_exported_page(watched, page, address):
    there = changed(page)
    link = link_of(page)
    again = watched(address).open(link)
    again.wait_for_selector('[data-updates="6"]')
    assert state(again) == there
    assert again.locator("[data-error]").count() == 0


def test_data_that_no_link_can_carry_has_none(page):
    page.click('[data-screen="home"]')
    page.fill("#csv", "1,2,0\n2,3,1\n3,1,0\n4,4,1")
    page.click("text=Use this table")
    page.click('[data-open="share"]')
    assert "save the page" in page.inner_text("[data-lacks]")
    assert page.locator('[data-action="link"]').count() == 0


DAMAGED = {
    "n={": "JSON",
    "n=" + quote(json.dumps({"data": "xor", "hidden": [10**9], "activations": ["tanh"]})): "n.hidden",
    "n=" + quote(json.dumps({"data": "xor", "training": {"batch_size": 0}})): "n.training.batch_size",
    "s=play&e=" + quote(json.dumps([{"t": 0, "edit": ["W9", 0, 0, 1]}])): "log[0]: expected a parameter",
    "s=play&e=" + quote(json.dumps([{"t": 0, "add": [[1], [0]]}])): "2 inputs and 1 targets; got [[1],[0]]",
    "s=play&l=another": "another lesson",
}


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_link_that_is_damaged_or_of_another_lesson_is_refused_and_the_page_works(watched, address, damaged):
    page = watched(address).open(f"{address}#{damaged}")
    said = page.inner_text("[data-error]")
    assert said.startswith("The link cannot be followed: ")
    assert DAMAGED[damaged] in said
    assert said.endswith(("Copy the link again.", "Open it there."))
    page.click('[data-screen="lab"]')
    page.click('[data-action="next"]')
