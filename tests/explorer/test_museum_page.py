"""The bug museum in a browser: each switch, the first quantity that differs, keys, no request."""

import re

import numpy as np
import pytest

from deepstep.course.museum import BASES, EXHIBITS, first_step
from deepstep.course.worksheet import worksheets, worksheets_html
from deepstep.explorer import Exploration

pytestmark = pytest.mark.slow

STATE = """() => {
  const all = (selector, of) => [...document.querySelectorAll(selector)].map(of);
  return {
    on: all('[role=switch][aria-checked=true]', (e) => e.dataset.exhibit),
    first: all('[data-state=first]', (e) => [
      e.dataset.quantity, e.textContent[0], e.textContent.split(', ')[1], getComputedStyle(e).borderTopColor,
    ]),
    differs: all('[data-state=differs]', (e) => e.dataset.quantity),
    wrong: all('.is-wrong td', (e) => Number(e.dataset.value.replace('inf', 'Infinity'))),
    right: all('.is-right td', (e) => Number(e.dataset.value)),
    fix: all('.diff del, .diff ins', (e) => e.textContent),
    counts: [all('[data-check]', (e) => e).length, all('.curve .line', (e) => e).length],
  };
}"""
RED = "rgb(179, 38, 30)"


def first_of(exhibit):
    """The quantities that differ by what Python computes, and the numbers of the first one."""
    right, wrong = first_step(exhibit.right), first_step(exhibit.wrong)
    same = {"rtol": 1e-9, "atol": 1e-14}
    apart = [
        name
        for name, value in right.items()
        if value.shape != wrong[name].shape or not np.allclose(value, wrong[name], **same)
    ]
    return apart, right[apart[0]], wrong[apart[0]]


def test_every_switch(opened, museum, accessible):
    page = opened(Exploration(museum), reduced_motion="reduce")
    assert page.evaluate(STATE)["on"] == page.evaluate(STATE)["first"] == []
    assert page.locator("[role=switch]").count() == len(EXHIBITS) >= 20
    for exhibit in EXHIBITS:
        page.click(f'[data-exhibit="{exhibit.id}"]')
        state, (apart, right, wrong) = page.evaluate(STATE), first_of(exhibit)
        assert state["on"] == [exhibit.id]
        assert state["first"] == [[apart[0], "✗", "the first quantity that differs", RED]], exhibit.id
        assert state["differs"] == apart[1:], exhibit.id
        np.testing.assert_array_equal(state["right"], right.ravel())
        np.testing.assert_array_equal(state["wrong"], wrong.ravel())
        assert state["counts"] == [6, 2]
        changed = [(a.code, b.code) for a, b in zip(exhibit.wrong, exhibit.right, strict=True) if a != b]
        assert state["fix"] == [line for old, new in changed for line in (f"− {old}", f"+ {new}")]
        if exhibit.id in ("keepdims-lost", "no-sigmoid"):
            accessible(page)
    page.click(f'[data-exhibit="{EXHIBITS[-1].id}"]')
    assert page.evaluate(STATE)["on"] == []
    accessible(page)


def test_by_keys_alone_and_by_a_link(opened, museum):
    page = opened(Exploration(museum))
    page.focus('[data-exhibit="keepdims-lost"]')
    page.keyboard.press("Space")
    assert page.evaluate(STATE)["on"] == ["keepdims-lost"]
    assert "Update 2 ends in an error of NumPy" in page.inner_text("main")
    live = "keepdims is lost in db. The first quantity that differs is db3."
    assert page.inner_text('[role="status"]') == live
    page.focus('[data-quantity="db3"]')
    for key, name in {"ArrowRight": "dA2", "End": "b3′", "Home": "A0"}.items():
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.quantity") == name
        assert page.get_attribute("[data-shown]", "data-shown") == name
    page.wait_for_timeout(500)
    assert page.evaluate("location.hash").startswith("#s=museum&x=keepdims-lost")
    linked = opened(Exploration(museum), "#s=museum&x=no-mask")
    assert linked.evaluate(STATE)["on"] == ["no-mask"]
    order = [one.get_attribute("data-quantity") for one in linked.query_selector_all("[data-quantity]")]
    assert order == [line.name for line in BASES["dropout"]]
    linked.click('[data-screen="home"]')
    linked.click('[data-open="museum"]')
    assert linked.evaluate(STATE)["on"] == ["no-mask"]
    without = opened(Exploration({name: part for name, part in museum.items() if name != "museum"}))
    without.click('[data-screen="home"]')
    assert without.locator('[data-open="museum"], [data-screen="museum"]').count() == 0


def test_a_page_of_worksheets_is_accessible_and_prints_a_page_for_each(watched, tmp_path, accessible):
    path = tmp_path / "sheets.html"
    sheets = worksheets((2, 2, 2, 1), students=3, loss="cross_entropy", seed=7)
    path.write_text(worksheets_html(sheets), encoding="utf-8")
    page = watched(path.as_uri()).page
    page.goto(path.as_uri())
    accessible(page)
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 4  # three sheets and the key
