"""The bug museum in a browser: each switch, the first quantity that differs, keys, no request."""

import re

import numpy as np
import pytest

from deepstep.course.exhibits import BASES, EXHIBITS
from deepstep.course.museum import document, first_step
from deepstep.course.worksheet import worksheets
from deepstep.course.worksheet_page import worksheets_html
from deepstep.explorer import Exploration

STATE = """() => ({
  on: [...document.querySelectorAll('[role=switch][aria-checked=true]')].map((e) => e.dataset.exhibit),
  first: [...document.querySelectorAll('[data-state=first]')].map((e) => e.dataset.quantity),
  marks: [...document.querySelectorAll('[data-state=first]')].map((e) => e.textContent.split(', ')[1]),
  signs: [...document.querySelectorAll('[data-state=first]')].map((e) => e.textContent[0]),
  differs: [...document.querySelectorAll('[data-state=differs]')].map((e) => e.dataset.quantity),
  red: [...document.querySelectorAll('[data-state=first]')].map((e) => getComputedStyle(e).borderTopColor),
  check: [...document.querySelectorAll('[data-check]')].map((e) => [e.dataset.check, e.dataset.verdict]),
  wrong: [...document.querySelectorAll('.is-wrong td')].map((e) => e.dataset.value),
  right: [...document.querySelectorAll('.is-right td')].map((e) => e.dataset.value),
  fix: [...document.querySelectorAll('.diff del, .diff ins')].map((e) => [e.localName, e.textContent]),
  lines: document.querySelectorAll('.curve .line').length,
})"""
RED = "rgb(179, 38, 30)"


@pytest.fixture(scope="module")
def museum():
    return document()


@pytest.fixture
def address(museum, tmp_path):
    path = tmp_path / "museum.html"
    Exploration(museum).export(path)
    return path.as_uri()


def numbers(texts):
    return np.array([float(text) for text in texts])


def first_of(exhibit):
    """The first quantity that differs by what Python computes, and all that differ."""
    right, wrong = first_step(exhibit.right), first_step(exhibit.wrong)
    apart = [
        name
        for name, value in right.items()
        if value.shape != wrong[name].shape or not np.allclose(value, wrong[name], rtol=1e-9, atol=1e-14)
    ]
    return apart, right[apart[0]], wrong[apart[0]]


def test_every_switch(watched, address):
    page = watched(address, reduced_motion="reduce").open(address)
    assert page.evaluate(STATE)["on"] == page.evaluate(STATE)["first"] == []
    assert page.locator("[role=switch]").count() == len(EXHIBITS) >= 20
    for exhibit in EXHIBITS:
        page.click(f'[data-exhibit="{exhibit.id}"]')
        state, (apart, right, wrong) = page.evaluate(STATE), first_of(exhibit)
        assert state["on"] == [exhibit.id]
        assert state["first"] == apart[:1], exhibit.id
        assert state["differs"] == apart[1:], exhibit.id
        assert state["red"] == [RED]
        assert (state["marks"], state["signs"]) == (["the first quantity that differs"], ["✗"])
        np.testing.assert_array_equal(numbers(state["right"]), right.ravel())
        np.testing.assert_array_equal(numbers(state["wrong"]), wrong.ravel())
        assert len(state["check"]) == 6
        assert state["lines"] == 2
        changed = [(a.code, b.code) for a, b in zip(exhibit.wrong, exhibit.right, strict=True) if a != b]
        assert state["fix"] == [
            line for wrong, right in changed for line in (["del", f"− {wrong}"], ["ins", f"+ {right}"])
        ]
    page.click(f'[data-exhibit="{EXHIBITS[-1].id}"]')
    assert page.evaluate(STATE)["on"] == []


def test_by_keys_alone_and_by_a_link(watched, address):
    page = watched(address).open(address)
    page.focus('[data-exhibit="keepdims-lost"]')
    page.keyboard.press("Space")
    assert page.evaluate(STATE)["on"] == ["keepdims-lost"]
    assert "Update 2 ends in an error of NumPy" in page.inner_text("main")
    assert (
        page.inner_text('[role="status"]')
        == "keepdims is lost in db. The first quantity that differs is db3."
    )
    page.focus('[data-quantity="db3"]')
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.quantity") == "dA2"
    assert page.get_attribute("[data-shown]", "data-shown") == "dA2"
    page.keyboard.press("End")
    assert page.get_attribute("[data-shown]", "data-shown") == "b3′"
    page.keyboard.press("Home")
    assert page.get_attribute("[data-shown]", "data-shown") == "A0"
    page.wait_for_timeout(500)
    assert page.evaluate("location.hash").startswith("#s=museum&x=keepdims-lost")
    linked = watched(address).open(f"{address}#s=museum&x=no-mask")
    assert linked.evaluate(STATE)["on"] == ["no-mask"]
    order = linked.evaluate(
        "[...document.querySelectorAll('[data-quantity]')].map((e) => e.dataset.quantity)"
    )
    assert order == [line.name for line in BASES["dropout"]]
    linked.click('[data-screen="home"]')
    linked.click('[data-open="museum"]')
    assert linked.evaluate(STATE)["on"] == ["no-mask"]


def test_a_page_without_a_museum_has_no_door(watched, museum, tmp_path):
    path = tmp_path / "plain.html"
    Exploration({name: part for name, part in museum.items() if name != "museum"}).export(path)
    page = watched(path.as_uri()).open(path.as_uri())
    page.click('[data-screen="home"]')
    assert page.locator('[data-open="museum"], [data-screen="museum"]').count() == 0


def test_a_damaged_museum_is_refused_with_its_place(watched, museum, tmp_path):
    path = tmp_path / "damaged.html"
    broken = {**museum["museum"], "exhibits": [{**museum["museum"]["exhibits"][0], "first": "Q7"}]}
    Exploration({**museum, "museum": broken}).export(path)
    page = watched(path.as_uri()).open(path.as_uri())
    assert "museum.exhibits[0].first must be the name of a quantity" in page.inner_text("[data-error]")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_fault_of_accessibility(watched, address, axe, scheme, width):
    page = watched(address, color_scheme=scheme, viewport={"width": width, "height": 844}).open(address)
    for exhibit in (None, "keepdims-lost", "no-sigmoid"):
        if exhibit:
            page.click(f'[data-exhibit="{exhibit}"]')
        page.wait_for_timeout(150)
        page.evaluate(axe)
        found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes[0].html]))")
        assert found == [], exhibit
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_of_worksheets_is_accessible_and_prints_a_page_for_each(browser, tmp_path, axe):
    path = tmp_path / "sheets.html"
    sheets = worksheets((2, 2, 2, 1), students=3, loss="cross_entropy", seed=7)
    path.write_text(worksheets_html(sheets), encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(path.as_uri())
    page.evaluate(axe)
    assert page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes[0].html]))") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 4  # three sheets and the key
    page.close()
