"""Find the bug in a browser: its numbers are NumPy's, a round is played by keys, points, the address."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepstep.course.lesson import build, html_page
from deepstep.explorer import Exploration
from javascript import evaluated

pytestmark = pytest.mark.slow

LESSONS = Path(__file__).parents[2] / "docs" / "lessons"
SEEDS = range(10, 38)
ROUNDS = """
import {{ readFileSync }} from "node:fs";
import {{ draw }} from "./src/lesson/bugs.js";
const museum = JSON.parse(readFileSync({path!r}));
const value = ({{ rows, cols, rank, data }}) =>
  ({{ shape: [[], [cols], [rows, cols]][rank], data: [...data].map(String) }});
const all = (values) => Object.fromEntries([...values].map(([name, one]) => [name, value(one)]));
const rounds = {seeds}.map((seed) => draw(museum, seed)).map((round) => ({{
  id: round.exhibit.id, first: round.first, given: all(Object.entries(round.start)), lines: round.lines,
  right: all(round.right), wrong: all(round.values),
  code: round.wrong.map(({{ id, code }}) => [id, code]), was: round.order.map(({{ code }}) => code),
  costs: round.trainings.wrong.costs.map(String), stopped: round.trainings.wrong.stopped,
}}));
console.log(JSON.stringify(rounds));
"""


@pytest.fixture(scope="module")
def rounds(museum, tmp_path_factory):
    path = tmp_path_factory.mktemp("rounds") / "museum.json"
    path.write_text(json.dumps(museum["museum"]), encoding="utf-8")
    return json.loads(evaluated(ROUNDS.format(path=str(path), seeds=list(SEEDS))))


def array(record):
    texts = [text.replace("Infinity", "inf") for text in record["data"]]
    return np.array(texts, dtype=np.float64).reshape(record["shape"])


def assert_same(found, expected, where):
    assert found.shape == np.shape(expected), where
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13, err_msg=where)


def test_numbers_shapes_and_errors_of_a_round_are_those_of_numpy(rounds):
    stopped = 0
    for seed, one in zip(SEEDS, rounds, strict=True):
        given = {name: array(value) for name, value in one["given"].items()}
        for side, codes in (("right", one["was"]), ("wrong", [code for _, code in one["code"]])):
            variables = {"np": np, **given}
            with np.errstate(all="ignore"):
                for (name, _), code in zip(one["code"], codes, strict=True):
                    exec(code, variables)
                    value = variables[code.split(" = ")[0]]
                    assert_same(array(one[side][name]), value, f"{seed} {one['id']} {side} {name}")
        variables, step = {"np": np, **given}, "\n".join(code for _, code in one["code"])
        with np.errstate(all="ignore"):
            for number, cost in enumerate(one["costs"][:20]):
                exec(step, variables)
                expected = float(cost.replace("Infinity", "inf"))
                assert variables["J"] == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True), (
                    seed,
                    number,
                )
            if one["stopped"] and len(one["costs"]) < 20:
                stopped += 1
                with pytest.raises(ValueError, match=r"broadcast|matmul|mismatch"):
                    exec(step, variables)
        changed = [
            [name, code] for (name, code), right in zip(one["code"], one["was"], strict=True) if code != right
        ]
        assert changed == [[name, wrong] for name, wrong, _ in one["lines"]]
        assert one["first"] == one["lines"][0][0]
    assert {one["id"] for one in rounds} > {"lost-1-m", "1-n"}
    assert len({one["first"] for one in rounds}) > 10
    assert any("0.3 / m" in "".join(one["was"]) for one in rounds)  # with L2


def keys(page, *names):
    for name in names:
        page.keyboard.press(name)


def test_a_round_by_keys_alone_in_which_every_stage_is_accessible(opened, museum, rounds, accessible):
    seed, one = next((s, r) for s, r in zip(SEEDS, rounds, strict=True) if r["first"].startswith("dW"))
    page = opened(Exploration(museum), f"#s=bugs&r={seed}", reduced_motion="reduce")
    points = lambda: int(page.get_attribute("[data-points]", "data-points"))  # noqa: E731
    assert page.locator("[data-solution], .diff").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.focus('[data-quantity="Z1"]')
    page.press('[data-action="point"]', "Enter")
    assert "Z1 is right" in page.inner_text("[data-said]")
    assert page.inner_text('[role="status"]') == page.inner_text("[data-said]")
    assert points() == 8  # web/test/bugs.test.js has what each question costs
    order = page.evaluate("[...document.querySelectorAll('[data-quantity]')].map((e) => e.dataset.quantity)")
    page.focus('[data-quantity="Z1"]')
    keys(page, *["ArrowRight"] * order.index(one["first"]))
    assert page.get_attribute("[data-shown]", "data-shown") == one["first"]
    shown = page.locator(f'.is-result [data-tensor="{one["first"]}"]').evaluate_all(
        "(cells) => cells.map((cell) => Number(cell.dataset.value))"
    )
    np.testing.assert_array_equal(shown, array(one["wrong"][one["first"]]).ravel())
    page.press('[data-action="recompute"]', "Enter")
    assert page.get_attribute("[data-again]", "data-again") == "differs"
    page.press('[data-action="check"]', "Enter")
    wrong = page.locator('[data-check]:not([data-verdict="good"])')
    assert one["first"][1:] in wrong.evaluate_all("(all) => all.map((e) => e.dataset.check)")
    accessible(page)
    page.press('[data-action="point"]', "Enter")
    assert page.get_attribute(".bugs", "data-stage") == "choose"
    assert page.evaluate("document.activeElement.type") == "radio"
    accessible(page)
    assert page.locator(".answer input").count() == 5
    right = f'[value="{one["id"]}"]'
    for answer in (f":not({right}) >> nth=0", right):
        page.focus(f".answer input{answer}")
        keys(page, "Space", "Enter")
    assert page.get_attribute("[data-solution]", "data-solution") == one["id"]
    assert page.get_attribute("[data-state=first]", "data-quantity") == one["first"]
    assert page.get_attribute("[data-score]", "data-score") == "3"
    assert page.evaluate("document.activeElement.dataset.action") == "next"
    accessible(page)
    keys(page, "Enter")
    assert page.get_attribute(".bugs", "data-stage") == "point"
    assert points() == 10
    assert "3 of 10 points" in page.inner_text(".bugs-score")


def test_a_lesson_has_the_game_after_its_last_scene(opened, accessible):
    lesson = build(LESSONS / "lost-1-over-m.md")
    page = opened(html_page(lesson), f"#scene={len(lesson['scenes']) - 1}", reduced_motion="reduce")
    assert page.locator('[data-open="bugs"]').count() == 0
    page.click('[data-scene-way="next"]')
    page.click('[data-open="bugs"]')
    page.fill(".bugs-number input", "7")
    page.keyboard.press("Enter")
    accessible(page)
    page.click('[data-action="giveUp"]')
    assert page.locator("[data-solution]").count() == 1
    page.click('[data-scene-way="back"]')
    assert page.locator(".bugs").count() == 0
