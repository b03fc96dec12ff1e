"""A lesson of scenes in a browser: text beside the stage, locks, questions, score, a learning platform."""

import io
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from test_in_browser import tab_to

from deepstep.course.lesson import build, html_page, package
from deepstep.explorer.page import unpacked

LESSONS = Path(__file__).parents[2] / "docs" / "lessons"
READY = sorted(path for path in LESSONS.glob("*.md") if path.name != "index.md")
MOST_BYTES = 1_000_000

pytestmark = pytest.mark.slow

LESSON = """+++
title = "A lesson <b>"
language = "de"
passing_score = 50

[scene]
examples = 8
hidden_layers = [3]
learning_rate = 0.5
+++

# First

Numbers: {{J}}.

```scene
position = "update 4, dW1[2, 1]"
locked = ["screens", "share", "find", "check"]
```

```question
text = "Predict `J`."
choices = ["It rises.", "It *falls*."]
answer = 2
explanation = "J is {{J update 7}} before update 7."
predict_first = true
then = "update 7, J"
```

# Second

```scene
trained = 2
locked = ["data", "training", "network", "weights"]
```

```question
text = "Which are right?"
choices = ["a", "b", "c"]
answer = [1, 3]
points = 3
```

# Third

```scene
trained = 5
fault = "lost 1/m"
locked = ["learning_rate"]
```
"""

PLAYER = """<!doctype html><html lang="en"><title>Player</title><script>
window.told = {}; window.calls = [];
window.API = {
  LMSInitialize: () => (calls.push("initialize"), "true"),
  LMSGetValue: (name) => told[name] ?? "",
  LMSSetValue: (name, value) => (told[name] = value, "true"),
  LMSCommit: () => "true",
  LMSFinish() {  // a platform may decide by the masteryscore of the manifest
    calls.push("finish");
    const score = told["cmi.core.score.raw"];
    if (score !== undefined) told["cmi.core.lesson_status"] = Number(score) >= 50 ? "passed" : "failed";
    return "true";
  },
  LMSGetLastError: () => "0", LMSGetErrorString: () => "", LMSGetDiagnostic: () => "",
};
</script><body><iframe title="Lesson" width="1200" height="800" src="lesson/index.html"></iframe></html>"""


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("lesson") / "lesson.md"
    path.write_text(LESSON, encoding="utf-8")
    return build(path)


@pytest.fixture
def page(opened, document):
    return opened(html_page(document))


def cell_of(page):
    cell = page.locator(".cell.is-cursor")
    return tuple(cell.get_attribute(f"data-{part}") for part in ("tensor", "row", "col"))


def score(page):
    return page.get_attribute("[data-score]", "data-score"), page.get_attribute("[data-score]", "data-done")


def answer(page, *numbers):
    for number in numbers:
        page.locator(f".answer >> nth={number}").click()
    page.locator('.question [type="submit"]').click()


def next_scene(page):
    page.click('[data-scene-way="next"]')


def test_scenes_open_at_their_places_with_python_s_numbers(opened, document, page, accessible):
    def is_at(quantity, row, col):
        value = page.locator(f'[data-tensor="{quantity}"][data-row="{row}"][data-col="{col}"]').first
        return float(value.get_attribute("data-value"))

    assert page.inner_text("#scene-title") == "First"
    assert "A lesson <b>" in page.inner_text(".scene-of")
    assert cell_of(page) == ("dW1", "2", "1")  # before the answer
    assert "Update 4" in page.inner_text(".lab-where")
    accessible(page)
    answer(page, 0)
    page.wait_for_selector('[data-updates="6"]')
    assert page.get_attribute('[aria-current="step"]', "data-micro") == "J"
    accessible(page)
    golden, faulty = ({one["step"]: one["quantities"] for one in n["golden"]} for n in document["networks"])
    assert is_at("J", 0, 0) == golden[7]["J"]
    next_scene(page)
    page.wait_for_selector('[data-updates="2"]')
    page.wait_for_selector(".play")
    again = opened(page.url)
    assert again.inner_text("#scene-title") == "Second"
    accessible(page)
    next_scene(page)
    page.wait_for_selector('.notes:has-text("lost 1/m")')
    assert page.get_attribute("[data-scene]", "data-scene") == "3"
    page.click('[data-micro="dW2"]')
    assert is_at("dW2", 0, 1) == unpacked(faulty[6]["dW2"])[0, 1]
    accessible(page)
    page.click('[data-scene-way="back"]')
    assert page.inner_text("#scene-title") == "Second"


def test_locked_controls_cannot_be_used(page):
    """web/test/locks.test.js tries every way past a lock."""
    assert page.locator("[data-screen]:visible").count() == 1
    for name in ("share", "find", "check"):
        assert not page.locator(f'[data-open="{name}"]').is_visible()
    # predict first: neither the bar nor its keys
    assert page.locator(".transport, [data-micro]:not([aria-disabled])").count() == 0
    place = page.inner_text(".lab-where")
    page.click('.cell[data-tensor="dZ1"] >> nth=0')  # a number that another micro-step computes
    page.wait_for_selector('.cell.is-cursor[data-tensor="dZ1"]')
    for key in ("]", "/", "Enter"):
        page.keyboard.press(key)
    assert page.locator("[data-making], dialog[open]").count() == 0
    assert page.inner_text(".lab-where") == place
    answer(page, 1)
    page.wait_for_selector(".transport")
    page.click('.cell:not([data-tensor="J"]) >> nth=0')
    assert page.locator("[data-making]").count() == 1  # unlocked, the way is open
    next_scene(page)
    page.wait_for_selector(".play")
    for control in (".play-left", ".play-network"):
        parts = page.locator(f"{control} :is(button, select, input)")
        assert parts.count() > 3
        assert page.locator(f"{control} :is(button, select, input):not(:disabled)").count() == 0
    page.keyboard.press("Control+z")
    assert page.locator('[data-screen="home"]:visible').count() == 0


def test_a_question_reveals_its_answer_and_counts_once(page):
    """web/test/scenes.test.js has the rules of the score."""
    assert score(page) == ("0", "false")
    assert page.inner_text(".question legend") == "Predict J."
    assert page.get_attribute("html", "lang") == "en"
    assert page.evaluate("document.querySelector('.question').closest('[lang]').lang") == "de"
    assert page.locator('.question [type="submit"]').is_disabled()
    assert "before update 7" not in page.inner_text(".scene")
    answer(page, 1)
    assert page.get_attribute(".answer >> nth=1", "data-verdict") == "right"
    result = page.inner_text("[data-result]")
    assert (result.startswith("Right."), "before update 7" in result) == (True, True)
    assert page.locator(".answer input").first.is_disabled()
    next_scene(page)
    answer(page, 0, 1)
    verdicts = [page.get_attribute(f".answer >> nth={number}", "data-verdict") for number in range(3)]
    assert verdicts == ["right", "wrong", "missed"]
    next_scene(page)
    assert score(page) == ("25", "true")
    assert "Not passed." in page.inner_text(".scene-score")


def test_a_lesson_by_keyboard_alone(page):
    tab_to(page, ".answer input", "ArrowDown", "Tab", "Enter")
    assert score(page) == ("25", "false")
    page.keyboard.press("n")
    page.wait_for_selector(".play")
    assert page.evaluate("document.activeElement.id") == "scene-title"
    tab_to(page, ".answer input", "Space", "Tab", "Tab", "Space", "Tab", "Enter")
    assert score(page)[0] == "100"
    tab_to(page, '[data-scene-way="next"]', "Enter")
    assert score(page) == ("100", "true")
    page.keyboard.press("p")
    assert page.inner_text("#scene-title") == "Second"


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_ready_lessons_are_small_ask_and_open_every_scene_at_its_place(opened, path):
    document = build(path)
    html = html_page(document)
    assert len(html.encode()) < MOST_BYTES
    assert 3 <= len(document["scenes"]) <= 6
    explanations = [scene["question"]["explanation"] for scene in document["scenes"] if "question" in scene]
    assert (len(explanations) >= 2, all(explanations)) == (True, True)
    page = opened(html)
    for scene in document["scenes"]:
        place = dict(parse_qsl(scene["place"]))
        page.wait_for_selector(f'[data-screen="{place["s"]}"][aria-current="page"]')
        if place["s"] == "play":
            page.wait_for_selector('[data-action="updateNext"], .scene:has([data-question])')
        if "q" in place:
            page.wait_for_selector(f'[aria-current="step"][data-micro="{place["q"]}"]')
        if "question" in scene:
            answer(page, *scene["question"]["answers"])
            place |= parse_qsl(scene["question"].get("then", ""))
        if page.locator("[data-updates]").count():
            page.wait_for_selector(f'[data-updates="{int(place["k"]) - 1}"]')
        assert page.locator(".check.is-bad").count() == 0
        if scene is not document["scenes"][-1]:
            next_scene(page)
    assert score(page) == ("100", "true")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, form, *values):
        pass


@pytest.fixture
def played(watched, document, tmp_path):
    """The page of a platform on the loopback that plays the packaged lesson."""
    with zipfile.ZipFile(io.BytesIO(package(document))) as archive:
        archive.extractall(tmp_path / "lesson")
    (tmp_path / "player.html").write_text(PLAYER)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/"
    page = watched(address, errors="favicon").page
    page.goto(f"{address}player.html")
    yield page
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_a_platform_receives_status_and_score(played):
    """web/test/scenes.test.js has those that throw or refuse."""
    page, lesson = played, played.frame_locator("iframe")
    told = lambda name: page.evaluate("(name) => told[name]", f"cmi.core.{name}")  # noqa: E731
    lesson.locator("#scene-title").wait_for()
    assert page.evaluate("calls") == ["initialize"]
    assert told("lesson_status") == "incomplete"
    answer(lesson, 1)
    lesson.locator("[data-result] b").wait_for()
    assert told("score.raw") is None  # the score of an unfinished lesson would be one that failed
    lesson.locator('[data-scene-way="next"]').click()
    lesson.locator('.scene[data-scene="2"]').wait_for()
    assert told("lesson_location") == "1"
    # the second visit goes on where the first one ended
    page.evaluate("document.querySelector('iframe').contentWindow.location.reload()")
    page.wait_for_function("calls.length === 3")
    assert page.evaluate("calls") == ["initialize", "finish", "initialize"]
    lesson.locator('.scene[data-scene="2"] .answer >> nth=0').click()
    assert (told("exit"), told("lesson_status")) == ("suspend", "incomplete")
    answer(lesson, 2)
    lesson.locator('[data-scene-way="next"]').click()
    lesson.locator('.scene[data-scene="3"]').wait_for()
    assert (told("lesson_status"), told("score.raw")) == ("passed", "100")
    page.evaluate("document.querySelector('iframe').remove()")
    assert page.evaluate("calls").count("finish") == 2
