"""The library's own source of every step, on every page: that of the version that wrote the page."""

import json

import pytest

from deepstep import Network
from deepstep.explorer.shown import sources_of
from javascript import evaluated

EQUATIONS_OF_ALL_STEPS = """
import { ACTIVATIONS } from './src/engine/activations.js';
import { HEADS } from './src/engine/heads.js';
import { OPTIMIZERS } from './src/engine/optimizers.js';
import { microSteps } from './src/engine/microsteps.js';
const hidden = Object.keys(ACTIVATIONS).filter((name) => ACTIVATIONS[name].one);
const found = new Set();
for (const [output, { activation }] of Object.entries(HEADS))
  for (const optimizer of Object.keys(OPTIMIZERS))
    for (const l2 of [0, 1]) {
      const masks = Object.fromEntries(hidden.map((_, i) => [`A${i + 1}`, {}]));
      const training = { optimizer, l2, weight_decay: l2 };
      const network = { activations: [...hidden, activation], output };
      for (const { equation } of microSteps(network, training, masks)) found.add(equation);
    }
console.log(JSON.stringify([...found].filter(Boolean)));
"""


def test_a_lesson_has_the_source_of_every_step_that_its_page_can_make(document):
    asked = json.loads(evaluated(EQUATIONS_OF_ALL_STEPS))
    assert len(asked) > 40
    assert set(asked) <= set(document["sources"]) & set(document["formulas"])


def shown_source(page, equation):
    """The source on the page at the micro-step that an equation makes: its place, and the code."""
    for _ in range(80):
        if page.locator(f'pre[aria-label="{equation}"]').count():
            return page.inner_text(".source .quiet"), page.text_content(f'pre[aria-label="{equation}"]')
        page.click('[data-action="next"]')
    raise AssertionError(f"no step is made by {equation}")


def is_the_library_s(shown, equation):
    place, code = shown
    source = sources_of([equation])[equation]
    lines = code.splitlines()
    return place == f"{source['file']}, line {source['line']}" and all(
        line in source["text"].splitlines() for line in lines
    )


@pytest.mark.slow
def test_a_served_page_and_a_toy_on_it_show_the_library_s_source(watched, serve):
    network = Network([2, 3, 1], activation="tanh", seed=1)
    X, Y = [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]
    server = serve(network, X, Y, learning_rate=0.5, iterations=2)
    page = watched(f"http://127.0.0.1:{server.port}/").open(server.url)
    page.click('[data-screen="lab"]')
    assert is_the_library_s(shown_source(page, "tanh"), "tanh")
    page.click('[data-screen="home"]')
    page.click('[data-toy="wave"]')
    page.click('[data-screen="lab"]')
    assert is_the_library_s(shown_source(page, "squared_error"), "squared_error")
