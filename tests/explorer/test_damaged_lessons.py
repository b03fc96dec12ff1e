"""A lesson that is damaged, or newer than the page, is refused in one sentence; the page goes on."""

import json

import pytest

from deepstep import Network
from deepstep.explorer import lesson
from deepstep.explorer.page import as_json
from deepstep.explorer.page import page as page_of

NAN = {"shape": [1, 1], "f8": "AAAAAAAA+H8="}
DAMAGE = [
    ("version", 2, "must be 1, got 2"),
    ("training.learning_rate", "nan", "training.learning_rate must be a number from 0"),
    ("parameters.b1", NAN, "parameters.b1 must be 3 × 1"),
    ("parameters.b2", NAN, "parameters.b2[0, 0]"),
    ("", "", "The document is damaged or no lesson"),  # cut
]


@pytest.mark.slow
def test_a_damaged_lesson_is_refused_as_a_file_and_as_a_page(opened, points):
    sound = as_json(lesson(Network([2, 3, 1], activation="tanh", seed=1), *points, iterations=2))
    html = page_of("a page", json.loads(sound))
    assert html.count(sound) == 1
    for place, value, said in DAMAGE:
        document = json.loads(sound)
        *way, last = place.split(".")
        owner = document[way[0]] if way else document
        owner[last] = value
        text = as_json(document) if place else sound[: len(sound) // 2]
        page = opened(html.replace(sound, text))
        assert said in page.inner_text("[data-error]")
        page.click('[data-toy="xor"]')
        page.click('[data-screen="home"]')
        file = {"name": "saved.json", "mimeType": "application/json", "buffer": text.encode()}
        page.set_input_files("#file", file)
        page.wait_for_selector("[data-error]")
        assert said in page.inner_text("[data-error]")
        page.click('[data-screen="lab"]')
        page.click('[data-action="next"]')
