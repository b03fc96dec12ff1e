"""What a reader changes on the page: points, weights; taken back, carried along, and made again in Python."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.explorer import explore

X = np.random.default_rng(5).standard_normal((2, 6))
COPIED = "() => { navigator.clipboard.writeText = (text) => (window.copied = text, Promise.resolve()); }"


@pytest.fixture
def play(watched, tmp_path):
    """The screen of a page in training."""
    network = Network([2, 3, 1], activation="tanh", seed=1)
    options = {"optimizer": "adam", "batch_size": 4, "dropout": 0.2, "learning_rate": 0.1}
    explore(network, X, (X[:1] > 0).astype(float), iterations=3, **options).export(tmp_path / "lesson.html")
    page = watched((tmp_path / "lesson.html").as_uri()).open((tmp_path / "lesson.html").as_uri())
    page.click('[data-screen="play"]')
    return page


def add_point(page, x, y):
    if page.locator(".paint[open]").count() == 0:
        page.click(".paint summary")
    page.fill(".paint input >> nth=0", str(x))
    page.fill(".paint input >> nth=1", str(y))
    page.click('.paint button[type="submit"]')


def to(page, updates):
    while int(page.get_attribute("[data-updates]", "data-updates")) < updates:
        page.click('[data-action="updateNext"]')


def shown(page):
    """Bias and weights of the unit that is open, as the page displays them."""
    fields = page.locator(".unit-panel input")
    found = {}
    for field in (fields.nth(i) for i in range(fields.count())):
        place = [field.get_attribute(f"data-{part}") for part in ("tensor", "row", "col", "value")]
        found[place[0], int(place[1]), int(place[2])] = float(place[3])
    return found


def code_of(page):
    page.evaluate(COPIED)
    page.click('[data-open="share"]')
    page.click('[data-action="copy-code"]')
    code = page.evaluate("window.copied")
    page.keyboard.press("Escape")
    names = {}
    exec(code.replace("print(step.trace())", ""), names)
    return names["step"]


def test_points_and_weights_are_changes_that_can_be_taken_back_and_made_in_python(play):
    to(play, 2)
    add_point(play, 0.5, -0.5)
    add_point(play, -1.5, 2)
    assert "8 examples" in play.inner_text(".play-left")
    assert play.get_attribute("[data-updates]", "data-updates") == "2"
    to(play, 4)
    play.fill('.unit-panel input[data-tensor="W2"] >> nth=1', "1.5")
    play.keyboard.press("Enter")
    to(play, 7)
    step = code_of(play)
    values = shown(play)
    assert len(values) == 4
    for (name, row, col), value in values.items():
        assert step.before[name][row, col] == pytest.approx(value, rel=1e-9)
    for count in ("8", "7", "6"):
        play.click('[data-action="undo"]')
        assert f"{count} examples" in play.inner_text(".play-left")
        step = code_of(play)
        for (name, row, col), value in shown(play).items():
            assert step.before[name][row, col] == pytest.approx(value, rel=1e-9)
    assert play.locator('[data-action="undo"]').count() == 0
