"""The page in a browser: what it shows is what Python computed, it asks nobody, and it needs no mouse."""

import json
from copy import copy
from time import monotonic

import numpy as np
import pytest

from deepstep import Network
from deepstep.explorer import Exploration, explore, lesson
from deepstep.explorer.page import as_json, unpacked
from deepstep.explorer.page import page as page_of
from deepstep.explorer.shown import sources_of

pytestmark = pytest.mark.slow

CELLS = """() => [...document.querySelectorAll('[data-tensor][data-value]')].map(({ dataset: cell }) =>
    [cell.tensor, Number(cell.row), Number(cell.col), cell.value])"""
MOST_MICRO_STEPS = 80


def lab(page):
    page.click('[data-screen="lab"]')
    page.wait_for_selector("[data-tensor][data-value]")
    return page


def shown_values(page):
    """The cells on the page, by their places; Python reads JavaScript's Infinity and NaN as well."""
    return {(tensor, row, column): float(value) for tensor, row, column, value in page.evaluate(CELLS)}


WALK = f"""async () => {{
    const cells = [], at = () => document.querySelector('[data-updates]').dataset.updates, before = at();
    for (let step = 0; step < {MOST_MICRO_STEPS}; step++) {{
        cells.push(...({CELLS})());
        document.querySelector('[data-action="next"]').click();
        for (const _ of [0, 1]) await new Promise(setTimeout);  // what is shown follows
        if (at() !== before) return cells;
    }}
    throw Error('the update has no end');
}}"""


def walk(page):
    """All cells of the micro-steps of one update, from where the page stands to the last of its update."""
    cells = {}
    for tensor, *place, value in page.evaluate(WALK):
        cells.setdefault(tensor, {})[tuple(place)] = float(value)
    return cells


def expected_of(golden):
    """What Python computed: parameters before, quantities, parameters after."""
    after = {f"{name}′": value for name, value in golden["after"].items()}
    values = {**golden["parameters"], **golden["quantities"], **after}
    return {
        name: unpacked(value) if isinstance(value, dict) else np.array([[float(value)]])
        for name, value in values.items()
    }


def required(document):
    """The quantities of a step that a page has to show, each whole."""
    if document["training"]["beyond"]:
        return ["U_hat1", "gamma1", "dW2_clipped", "dgamma2"]
    layers = range(1, len(document["network"]["activations"]) + 1)
    last = [] if document["network"]["output"] == "identity" else ["loss_A3", "dZ3_chain"]
    names = ("W", "b", "Z", "A", "dZ", "dW", "db", "dA")
    updated = [f"{name}{layer}′" for layer in layers for name in "Wb"]
    return (
        [f"{name}{layer}" for layer in layers for name in names] + ["A0", "Y", "loss", "J"] + updated + last
    )


@pytest.mark.parametrize("task", ["softmax", "identity", "saturated", "recorded"])
def test_what_is_shown_is_what_python_computed(opened, points, task):
    """Infinity and NaN as well, which the textbook's loss of a saturated output has."""
    X, Y = points
    output, Y, options = {
        "softmax": ("softmax", np.eye(3)[:, [0, 1, 2, 0, 1, 2]], {"optimizer": "adam"}),
        "identity": ("identity", X[:1] * X[1:], {"optimizer": "momentum", "l2": 0.5, "batch_size": 4}),
        "saturated": ("sigmoid", Y, {}),
        "recorded": ("sigmoid", Y, {"clip_norm": 0.1}),
    }[task]
    normalization = "layer" if task == "recorded" else "none"
    network = Network(
        [2, 4, 3, len(Y)], activation="tanh", output=output, normalization=normalization, seed=2
    )
    network.parameters["b3"][:] += 1e3 * (task == "saturated")
    exploration = explore(network, X, Y, iterations=3, **{"learning_rate": 0.3, **options})
    page = lab(opened(exploration))
    if page.is_enabled('[data-action="start"]'):
        page.click('[data-action="start"]')
    for golden in exploration.document["golden"][:2]:
        cells, values = walk(page), expected_of(golden)
        for name in set(cells) & set(values):
            for (row, column), value in cells[name].items():
                place = str((golden["step"], name, row, column))
                np.testing.assert_equal(value, values[name][row, column], place)
        if task == "saturated" and golden["step"] == 1:
            assert np.isinf(values["loss_A3"]).any()
            assert np.isnan(values["dZ3_chain"]).any()
        for name in required(exploration.document):
            assert len(cells.get(name, {})) == values[name].size, (golden["step"], name)
    assert ("normalization, clip_norm" in page.inner_text("body")) == (task == "recorded")


def test_a_frame_of_a_notebook(opened, points):
    exploration = explore(Network([2, 3, 1], activation="tanh", seed=1), *points, iterations=3)
    html = f"<!doctype html><title>n</title>{exploration._repr_html_()}<script>deepstepReady = true</script>"
    frame = opened(html).frame_locator("iframe")
    frame.locator('[data-screen="lab"]').click()
    frame.locator("[data-tensor][data-value]").first.wait_for()


def test_every_screen_and_dialog_is_accessible_and_scrolls_one_way(opened, document, accessible):
    page = opened(Exploration(document))
    for screen in ("home", "play", "lab"):
        page.click(f'[data-screen="{screen}"]')
        accessible(page, 1280, 320)
    for dialog in ("find", "check", "share"):
        page.click(f'[data-open="{dialog}"]')
        accessible(page, 1280, 320)
        page.keyboard.press("Escape")
        page.wait_for_selector("#dialog-title", state="detached")  # the page has heard of it
    page.keyboard.press("?")
    page.wait_for_selector("#dialog-title")
    accessible(page, 1280, 320)


def tab_to(page, selector, *keys, most=120):
    """Press Tab until an element has the focus, then other keys."""
    for _ in range(most):
        if page.evaluate(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError(f"Tab does not come to {selector}")
    for key in keys:
        page.keyboard.press(key)


def test_from_home_to_the_first_update_to_an_export_by_keyboard_alone(opened, document, tmp_path):
    page = opened(Exploration(document), accept_downloads=True)
    tab_to(page, '[data-screen="home"]', "Enter")
    tab_to(page, '[data-toy="circle"], [data-toy]', "Enter")
    page.wait_for_selector('[data-updates="0"]')
    page.keyboard.press("]")
    page.wait_for_selector('[data-updates="1"]')
    tab_to(page, '[data-open="share"]', "Enter")
    tab_to(page, '[data-action="export"]')
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    path = tmp_path / "again.html"
    download.value.save_as(path)
    assert path.stat().st_size <= 1_000_000
    lab(opened(path.as_uri()))


@pytest.fixture
def server(serve, points):
    network = Network([2, 4, 3, 1], activation="tanh", seed=2)
    return serve(network, *points, learning_rate=0.3, iterations=4, batch_size=4)


def test_the_served_page_shows_python_s_numbers_and_source_and_trains_in_python(opened, server, points):
    X, Y = points
    network = Network([2, 4, 3, 1], activation="tanh", seed=2)
    steps = list(copy(network).steps(X, Y, learning_rate=0.3, iterations=4, batch_size=4))
    page = lab(opened(server))
    values = expected_of(server.document["golden"][0])
    for (tensor, row, column), value in shown_values(page).items():
        assert value == values[tensor][row, column]
    for number, step in enumerate(steps[:5]):
        page.wait_for_selector(f'[data-updates="{number}"]')
        assert server.live.updates == number
        page.keyboard.press("/")
        page.fill("#find", "A0")
        page.keyboard.press("Enter")
        page.wait_for_selector('[data-tensor="A0"]')
        batch = {place[1:]: value for place, value in shown_values(page).items() if place[0] == "A0"}
        assert batch == {(i, j): step.X[i, j] for i in range(2) for j in range(step.X.shape[1])}
        page.keyboard.press("]")
    page.wait_for_selector('[data-updates="5"]')  # the server does not end while the page asks for it
    state = server.live.state()["parameters"]
    while not any(tensor == "W2" for tensor, _, _ in shown_values(page)):
        page.click('[data-action="next"]')
    for (tensor, row, column), value in shown_values(page).items():
        if tensor in state:
            assert value == unpacked(state[tensor])[row, column]
    while not page.locator('pre[aria-label="tanh"]').count():
        page.click('[data-action="next"]')
    source = sources_of(["tanh"])["tanh"]
    assert page.inner_text(".source .quiet") == f"{source['file']}, line {source['line']}"
    assert set(page.text_content('pre[aria-label="tanh"]').splitlines()) <= set(source["text"].splitlines())


def test_playing_trains_in_python_at_the_speed_of_the_slider_until_it_is_told_to_stop(opened, server):
    """A second window is refused in words, and the first one goes on."""
    page = opened(server, "#s=play")
    page.wait_for_selector('[data-server="on"]')
    assert "one window" in opened(server, errors=r"409 \(Conflict\)").inner_text("main")
    page.get_by_label("Learning rate").select_option("0.1")
    page.get_by_label("Speed").fill("0")
    page.click('[data-action="play"]')
    page.wait_for_selector('[data-updates="2"]')
    assert server.live.state()["learning_rate"] == 0.1
    assert server.live.updates <= 4
    page.get_by_label("Speed").fill("4")
    until = monotonic() + 20  # the slowest speed would take 50 seconds
    while server.live.updates <= 100 and monotonic() < until:
        page.wait_for_timeout(50)
    assert server.live.updates > 100
    page.click('[data-action="pause"]')
    page.wait_for_selector('[data-action="play"]')
    page.wait_for_timeout(300)
    done = server.live.updates
    assert page.get_attribute("[data-updates]", "data-updates") == str(done)
    page.wait_for_timeout(200)
    assert server.live.updates == done


def test_the_curves_of_a_run_are_drawn_in_words_and_as_a_table(opened, circles, accessible):
    """In the Step lab of a page that cannot train."""
    X, Y = circles.X[:, :40], circles.Y[:, :40]
    network = Network([2, 4, 1], activation="tanh", seed=1, normalization="layer")
    metrics = {"accuracy": lambda Y, A: float(((A > 0.5) == Y).mean())}
    validation = X[:, :9], Y[:, :9]
    network.train(X, Y, iterations=30, learning_rate=0.3, validation=validation, metrics=metrics)
    page = lab(opened(explore(network, X, Y, iterations=2)))
    run = page.locator("[data-run]")
    assert run.locator("svg.curve path.line").count() == 4
    assert "validation accuracy went from" in run.inner_text()
    run.locator("summary").click()
    rows = run.locator("tbody tr")
    for row, record in ((rows.first, network.history[0]), (rows.last, network.history[29])):
        values = [float(cell.get_attribute("data-value")) for cell in row.locator("td").all()]
        assert values == [record[name] for name in ("cost", "validation_cost", "validation_accuracy")]
    accessible(page, 1280)


def test_a_damaged_lesson_is_refused_as_a_file_and_as_a_page(opened, points):
    """In one sentence, and the page goes on; web/test/check.test.js damages every other place."""
    sound = as_json(lesson(Network([2, 3, 1], activation="tanh", seed=1), *points, iterations=2))
    html = page_of("a page", json.loads(sound))
    assert html.count(sound) == 1
    newer = as_json({**json.loads(sound), "version": 2})
    cut = sound[: len(sound) // 2]
    for text, said in ((newer, "must be 1, got 2"), (cut, "The document is damaged or no lesson")):
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
