"""The page in a browser: what it shows is what Python computed, it asks nobody, and it needs no mouse."""

import json

import numpy as np
import pytest

from deepstep import Network
from deepstep.explorer import About, Exploration, explore
from deepstep.explorer.page import unpacked

CELLS = """() => [...document.querySelectorAll('[data-tensor][data-value]')].map(({ dataset: cell }) =>
    [cell.tensor, Number(cell.row), Number(cell.col), cell.value])"""
MOST_MICRO_STEPS = 80
WORDS = {"Infinity": "inf", "-Infinity": "-inf", "NaN": "nan"}

X = np.random.default_rng(5).standard_normal((2, 6))
TASKS = {
    "sigmoid": (1, (X[:1] > 0).astype(float), {}),
    "softmax": (3, np.eye(3)[:, [0, 1, 2, 0, 1, 2]], {"optimizer": "adam", "learning_rate": 0.01}),
    "identity": (1, X[:1] * X[1:], {"optimizer": "momentum", "l2": 0.5, "batch_size": 4}),
}
TASKS["saturated"] = TASKS["sigmoid"]


def small(output):
    """A page whose matrices are all shown whole."""
    units, Y, options = TASKS[output]
    head = "sigmoid" if output == "saturated" else output
    network = Network([2, 4, 3, units], activation="tanh", output=head, seed=2)
    network.parameters["b3"][:] += 1e3 * (output == "saturated")
    return explore(network, X, Y, about=About(output), **{"learning_rate": 0.3, "iterations": 3, **options})


def written(exploration, tmp_path):
    path = tmp_path / "lesson.html"
    exploration.export(path)
    return path.as_uri()


def opened_lab(watched, address):
    page = watched(address).open(address)
    page.click('[data-screen="lab"]')
    page.wait_for_selector("[data-tensor][data-value]")
    return page


def walk(page):
    """All cells of the micro-steps of one update, from where the page stands to the last of its update."""
    shown_cells, updates = {}, page.get_attribute("[data-updates]", "data-updates")
    for _ in range(MOST_MICRO_STEPS):
        for tensor, row, column, value in page.evaluate(CELLS):
            shown_cells.setdefault(tensor, {})[row, column] = float(WORDS.get(value, value))
        page.click('[data-action="next"]')
        if page.get_attribute("[data-updates]", "data-updates") != updates:
            return shown_cells
    raise AssertionError("the update has no end")


def expected_of(golden):
    """What Python computed: parameters before, quantities, parameters after."""
    values = {
        **golden["parameters"],
        **golden["quantities"],
        **{f"{name}′": value for name, value in golden["after"].items()},
    }
    return {
        name: unpacked(value) if isinstance(value, dict) else np.array([[float(value)]])
        for name, value in values.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("output", ["softmax", "identity", "saturated"])
def test_what_is_shown_is_what_python_computed(watched, tmp_path, output):
    """Infinity and NaN as well, which the textbook's loss of a saturated output has."""
    exploration = small(output)
    page = opened_lab(watched, written(exploration, tmp_path))
    page.click('[data-action="start"]') if page.is_enabled('[data-action="start"]') else None
    for golden in exploration.document["golden"][:2]:
        cells, values = walk(page), expected_of(golden)
        for name in set(cells) & set(values):
            for (row, column), value in cells[name].items():
                expected = values[name][row, column]
                np.testing.assert_equal(value, expected, str((golden["step"], name, row, column)))
        if output == "saturated" and golden["step"] == 1:
            assert np.isinf(values["loss_A3"]).any()
            assert np.isnan(values["dZ3_chain"]).any()
        for name in required(exploration.document):
            assert len(cells.get(name, {})) == values[name].size, (golden["step"], name)


def required(document):
    """The quantities of a step that a page has to show, each whole."""
    L = len(document["network"]["activations"])
    by_layer = [
        f"{name}{layer}" for layer in range(1, L + 1) for name in ("W", "b", "Z", "A", "dZ", "dW", "db")
    ]
    between = [f"dA{layer}" for layer in range(1, L + 1)]
    if document["network"]["output"] != "identity":
        between += [f"loss_A{L}", f"dZ{L}_chain"]
    return [
        *by_layer,
        *between,
        "A0",
        "Y",
        "loss",
        "J",
        *(f"{p}{layer}′" for layer in range(1, L + 1) for p in "Wb"),
    ]


@pytest.mark.slow
def test_a_link_leads_to_its_place(watched, tmp_path):
    address = written(small("sigmoid"), tmp_path)
    page = watched(address).open(f"{address}#s=play&k=3")
    assert page.get_attribute("[data-updates]", "data-updates") == "2"
    assert page.locator(".transport select").input_value() == "update"
    lab = watched(address).open(f"{address}#s=lab&k=2&q=dW2&c=1,2")
    cell = lab.locator('[data-tensor="dW2"][aria-selected="true"]')
    assert (cell.get_attribute("data-row"), cell.get_attribute("data-col")) == ("1", "2")


def test_a_frame_of_a_notebook(watched, tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>n</title>{small('sigmoid')._repr_html_()}", encoding="utf-8")
    page = watched(path.as_uri()).page
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator('[data-screen="lab"]').click()
    frame.locator("[data-tensor][data-value]").first.wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_fault_of_accessibility(watched, document, tmp_path, axe, scheme):
    address = written(Exploration(document), tmp_path)
    page = watched(address, color_scheme=scheme).open(address)
    for screen in ("home", "play", "lab"):
        page.click(f'[data-screen="{screen}"]')
        page.wait_for_timeout(300)
        assert faults(page, axe) == [], screen
    for dialog in ("find", "check", "share") if scheme == "light" else ():
        page.click(f'[data-open="{dialog}"]')
        page.wait_for_timeout(100)
        assert faults(page, axe) == [], dialog
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("dialog, [role=dialog]")
    assert faults(page, axe) == []


@pytest.mark.slow
def test_a_narrow_window_scrolls_one_way(watched, document, tmp_path):
    address = written(Exploration(document), tmp_path)
    page = watched(address, viewport={"width": 320, "height": 640}).open(address)
    for screen in ("home", "play", "lab"):
        page.click(f'[data-screen="{screen}"]')
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def faults(page, axe):
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return [
        (rule["id"], rule["nodes"][0]["html"][:200], rule["nodes"][0]["failureSummary"]) for rule in found
    ]


def tab_to(page, selector, most=120):
    """Press Tab until an element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
            return
    raise AssertionError(f"Tab does not come to {selector}")


@pytest.mark.slow
def test_from_home_to_the_first_update_to_an_export_by_keyboard_alone(watched, document, tmp_path):
    address = written(Exploration(document), tmp_path)
    page = watched(address, accept_downloads=True).open(address)
    tab_to(page, '[data-screen="home"]')
    page.keyboard.press("Enter")
    tab_to(page, '[data-toy="circle"], [data-toy]')
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-updates]")
    assert page.get_attribute("[data-updates]", "data-updates") == "0"
    page.keyboard.press("]")
    page.wait_for_selector('[data-updates="1"]')
    tab_to(page, '[data-open="share"]')
    page.keyboard.press("Enter")
    tab_to(page, '[data-action="export"]')
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    path = tmp_path / "again.html"
    download.value.save_as(path)
    assert path.stat().st_size <= 1_000_000
    again = opened_lab(watched, path.as_uri())
    assert again.locator("[data-tensor][data-value]").count() > 0


@pytest.fixture
def served(serve):
    network = Network([2, 4, 3, 1], activation="tanh", seed=2)
    return serve(network, X, (X[:1] > 0).astype(float), learning_rate=0.3, iterations=3)


def shown_values(page):
    return {(tensor, row, column): float(value) for tensor, row, column, value in page.evaluate(CELLS)}


@pytest.mark.slow
def test_the_served_page_shows_python_s_numbers_and_trains_in_python(watched, served):
    page = watched(f"http://127.0.0.1:{served.port}/").open(served.url)
    page.click('[data-screen="lab"]')
    page.wait_for_selector("[data-tensor][data-value]")
    values = expected_of(served.document["golden"][0])
    for (tensor, row, column), value in shown_values(page).items():
        assert value == values[tensor][row, column]
    for number in (1, 2, 3):
        page.keyboard.press("]")
        page.wait_for_selector(f'[data-updates="{number}"]')
        assert served.live.updates == number
    page.click('[data-action="next"]')
    state = served.live.state()["parameters"]
    while not any(tensor == "W2" for tensor, _, _ in shown_values(page)):
        page.click('[data-action="next"]')
    for (tensor, row, column), value in shown_values(page).items():
        if tensor in state:
            assert value == unpacked(state[tensor])[row, column]


@pytest.mark.slow
def test_playing_trains_in_python_until_it_is_told_to_stop(watched, served):
    page = watched(f"http://127.0.0.1:{served.port}/").open(served.url)
    page.click('[data-screen="play"]')
    page.get_by_label("Learning rate").select_option("0.1")
    page.wait_for_timeout(200)
    assert served.live.state()["learning_rate"] == 0.1
    page.click('[data-action="play"]')
    page.wait_for_timeout(500)
    page.click('[data-action="pause"]')
    page.wait_for_selector('[data-action="play"]')
    page.wait_for_timeout(300)
    done = served.live.updates
    assert done > 10
    assert page.get_attribute("[data-updates]", "data-updates") == str(done)
    page.wait_for_timeout(200)
    assert served.live.updates == done


@pytest.mark.slow
def test_a_second_window_is_refused_in_words_and_the_first_goes_on(watched, served):
    own = f"http://127.0.0.1:{served.port}/"
    page = watched(own).open(served.url)
    page.wait_for_selector('[data-server="on"]')
    second = watched(own, errors=r"409 \(Conflict\)").open(served.url)
    assert "one window" in second.inner_text("main")
    page.click('[data-screen="lab"]')
    page.keyboard.press("]")
    page.wait_for_selector('[data-updates="1"]')


@pytest.mark.slow
def test_the_served_page_opens_the_batches_that_python_trains_on(watched, serve):
    network, Y = Network([2, 4, 1], activation="tanh", seed=2), (X[:1] > 0).astype(float)
    options = {"learning_rate": 0.3, "iterations": 4, "batch_size": 4}
    steps = list(network.steps(X, Y, **options))
    server = serve(Network([2, 4, 1], activation="tanh", seed=2), X, Y, **options)
    page = watched(f"http://127.0.0.1:{server.port}/").open(server.url)
    for number, step in enumerate(steps[:5]):
        page.wait_for_selector(f'[data-updates="{number}"]')
        page.keyboard.press("/")
        page.fill("#find", "A0")
        page.keyboard.press("Enter")
        page.wait_for_selector('[data-tensor="A0"]')
        values = shown_values(page)
        found = {place[1:]: value for place, value in values.items() if place[0] == "A0"}
        assert found == {(i, j): step.X[i, j] for i in range(2) for j in range(step.X.shape[1])}
        page.keyboard.press("]")
    page.wait_for_selector('[data-updates="5"]')  # the server does not end while the page asks for it


@pytest.mark.slow
def test_what_the_page_cannot_compute_is_shown_as_it_was_recorded(watched, tmp_path):
    network = Network([2, 4, 3, 1], activation="tanh", normalization="layer", seed=2)
    exploration = explore(network, X, X[:1] > 0, learning_rate=0.3, iterations=3, clip_norm=0.1)
    page = opened_lab(watched, written(exploration, tmp_path))
    values = expected_of(exploration.document["golden"][0])
    cells = walk(page)
    for tensor, found in cells.items():
        for (row, column), value in found.items():
            assert value == values[tensor][row, column], tensor
    assert {"U_hat1", "gamma1", "dW2_clipped", "dgamma2"} <= set(cells)
    assert "normalization, clip_norm" in page.inner_text("body")
