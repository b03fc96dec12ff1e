"""A lesson that is damaged, or newer than the page, is refused in one sentence; the page goes on."""

import json
import re

import numpy as np
import pytest

from deepstep import Network
from deepstep.explorer import lesson
from deepstep.explorer.page import page as page_of

X = np.random.default_rng(5).standard_normal((2, 6))


@pytest.fixture(scope="module")
def sound():
    return json.dumps(lesson(Network([2, 3, 1], activation="tanh", seed=1), X, X[:1] > 0, iterations=2))


def with_part(place, value):
    """The damage that puts another value at a place of the document."""

    def damaged(text):
        document = json.loads(text)
        *way, last = place.split(".")
        owner = document
        for part in way:
            owner = owner[int(part) if part.isdigit() else part]
        owner[last] = value
        return json.dumps(document)

    return damaged


DAMAGE = {
    "cut": (lambda text: text[: len(text) // 2], "The document is damaged or no lesson"),
    "newer": (with_part("version", 2), "must be 1, got 2"),
    "a word": (
        with_part("training.learning_rate", "nan"),
        "training.learning_rate must be a number from 0",
    ),
    "shapes": (
        with_part("parameters.b1", {"shape": [1, 1], "f8": "AAAAAAAA+H8="}),
        "parameters.b1 must be 3 × 1",
    ),
    "NaN": (with_part("parameters.b2", {"shape": [1, 1], "f8": "AAAAAAAA+H8="}), "parameters.b2[0, 0]"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_lesson_is_refused_as_a_file_and_as_a_page(watched, tmp_path, sound, kind):
    damage, said = DAMAGE[kind]
    text = damage(sound)
    path = tmp_path / "page.html"
    html = page_of("a page", json.loads(sound))
    found = re.search(r'(id="deepstep-lesson">)(.*?)(</script>)', html, re.DOTALL)
    path.write_text(
        html[: found.start(2)] + text.replace("<", "\\u003c") + html[found.end(2) :], encoding="utf-8"
    )
    page = watched(path.as_uri()).open(path.as_uri())
    assert said in page.inner_text("[data-error]")
    page.click('[data-toy="xor"]')
    page.click('[data-screen="home"]')
    file = {"name": "saved.json", "mimeType": "application/json", "buffer": text.encode()}
    page.set_input_files("#file", file)
    page.wait_for_selector("[data-error]")
    assert said in page.inner_text("[data-error]")
    page.click('[data-screen="lab"]')
    page.click('[data-action="next"]')
