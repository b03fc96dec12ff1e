"""Play: changes by hand are taken back, carried by links, and made again in Python; wide layers are shown."""

import json
from urllib.parse import quote

import numpy as np
import pytest

from deepstep import Network
from deepstep.cli.main import main
from deepstep.explorer import explore

X = np.random.default_rng(5).standard_normal((2, 6))
Y = (X[:1] > 0).astype(float)
COPIED = "() => { navigator.clipboard.writeText = (text) => (window.copied = text, Promise.resolve()); }"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("play") / "lesson.html"
    options = {"optimizer": "adam", "batch_size": 4, "dropout": 0.2, "learning_rate": 0.1, "iterations": 3}
    explore(Network([2, 3, 20, 1], activation="tanh", seed=1), X, Y, **options).export(path)
    return path.as_uri()


@pytest.fixture
def page(watched, address):
    return watched(address).open(f"{address}#s=play")


def to(page, updates):
    while int(page.get_attribute("[data-updates]", "data-updates")) < updates:
        page.click('[data-action="updateNext"]')
    page.wait_for_selector(f'[data-updates="{updates}"]')


def add_point(page, x, y):
    if page.locator(".paint[open]").count() == 0:
        page.click(".paint summary")
    page.fill(".paint input >> nth=0", str(x))
    page.fill(".paint input >> nth=1", str(y))
    page.click('.paint button[type="submit"]')


def shown(page):
    """Bias and weights of the unit that is open, as the page displays them."""
    found = {}
    for field in page.locator(".unit-panel input").all():
        tensor, row, column, value = (
            field.get_attribute(f"data-{part}") for part in ("tensor", "row", "col", "value")
        )
        found[tensor, int(row), int(column)] = float(value)
    return found


def copied(page, action):
    page.evaluate(COPIED)
    page.click('[data-open="share"]')
    page.click(f'[data-action="{action}"]')
    page.keyboard.press("Escape")
    return page.evaluate("window.copied")


def assert_same_in_python(page):
    names = {}
    exec(copied(page, "copy-code").replace("print(step.trace())", ""), names)
    values = shown(page)
    assert len(values) == 17  # the bias and the first weights
    for (name, row, column), value in values.items():
        assert names["step"].before[name][row, column] == pytest.approx(value, rel=1e-9)


@pytest.mark.slow
def test_points_and_weights_are_made_in_python_carried_by_links_and_taken_back(watched, page, address):
    to(page, 2)
    add_point(page, 0.5, -0.5)
    add_point(page, -1.5, 2)
    assert "8 examples" in page.inner_text(".play-left")
    assert page.get_attribute("[data-updates]", "data-updates") == "2"
    to(page, 4)
    page.fill('.unit-panel input[data-tensor="W3"] >> nth=1', "1.5")
    page.keyboard.press("Enter")
    to(page, 7)
    assert_same_in_python(page)
    again = watched(address).open(copied(page, "link"))
    again.wait_for_selector('[data-updates="7"]')
    assert shown(again) == shown(page)
    assert again.locator("[data-error]").count() == 0
    for count in ("8", "7", "6"):
        page.click('[data-action="undo"]')
        assert f"{count} examples" in page.inner_text(".play-left")
        assert_same_in_python(page)
    assert page.locator('[data-action="undo"]').count() == 0


def test_data_that_no_link_can_carry_has_none(page):
    page.click('[data-screen="home"]')
    page.fill("#csv", "1,2,0\n2,3,1\n3,1,0\n4,4,1")
    page.click("text=Use this table")
    page.click('[data-open="share"]')
    assert "save the page" in page.inner_text("[data-lacks]")
    assert page.locator('[data-action="link"]').count() == 0


DAMAGED = {
    "n={": "JSON",
    "n=" + quote(json.dumps({"data": "xor", "training": {"batch_size": 0}})): "n.training.batch_size",
    "s=play&e=" + quote(json.dumps([{"t": 0, "edit": ["W9", 0, 0, 1]}])): "log[0] must be a parameter",
    "s=play&l=another": "another lesson",
}


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_link_that_is_damaged_or_of_another_lesson_is_refused_and_the_page_works(watched, address, damaged):
    page = watched(address).open(f"{address}#{damaged}")
    said = page.inner_text("[data-error]")
    assert said.startswith("The link cannot be followed: ")
    assert DAMAGED[damaged] in said
    assert said.endswith(("Copy the link again.", "Open it there."))
    page.click('[data-screen="lab"]')
    page.click('[data-action="next"]')


@pytest.mark.slow
def test_another_network_can_be_taken_back_with_all_its_training(page):
    page.select_option('[data-setting="l2"]', "0.1")
    to(page, 3)

    def seen():
        return page.inner_text(".transport-state span"), shown(page), page.locator(".layer").count()

    before = seen()
    page.get_by_label("One unit more in layer 1").click()
    page.get_by_label("Activation of layer 2").select_option("relu")
    assert page.get_attribute("[data-updates]", "data-updates") == "0"
    page.keyboard.press("Control+z")  # in the list that was just used
    assert page.get_by_label("Activation of layer 2").input_value() == "tanh"
    page.click('[data-action="undo"]')
    page.wait_for_selector('[data-updates="3"]')
    assert seen() == before
    page.click('[data-action="restart"]')
    page.select_option('[data-setting="l2"]', "1")
    page.keyboard.press("Control+z")
    assert page.input_value('[data-setting="l2"]') == "0.1"
    page.keyboard.press("Control+z")
    assert seen() == before
    page.keyboard.press("Control+z")  # the setting from the beginning
    assert page.input_value('[data-setting="l2"]') == "0"
    assert page.locator('[data-action="undo"]').count() == 0


@pytest.mark.slow
def test_a_change_that_ends_the_connection_says_so_and_loading_goes_back(watched, serve):
    server = serve(Network([2, 4, 1], activation="tanh", seed=2), X, Y, learning_rate=0.3, iterations=3)
    page = watched(f"http://127.0.0.1:{server.port}/").open(server.url)
    page.click('[data-screen="play"]')
    page.keyboard.press("]")
    page.wait_for_selector('[data-updates="1"]')
    page.wait_for_timeout(400)  # until the address is written
    page.select_option('[data-setting="l2"]', "0.1")
    assert "what you changed" in page.inner_text('[data-server="off"]')
    page.keyboard.press("]")
    page.wait_for_selector('[data-updates="2"]')
    page.wait_for_timeout(400)
    page.reload()
    page.wait_for_selector('[data-server="on"]')
    page.wait_for_selector('[data-updates="1"]')
    assert page.input_value('[data-setting="l2"]') == "0"
    assert server.live.updates == 1


def test_a_served_page_that_cannot_compute_says_why_play_is_off(watched, serve):
    network = Network([2, 4, 1], activation="tanh", normalization="batch", seed=2)
    server = serve(network, X, Y, learning_rate=0.3, iterations=3)
    page = watched(f"http://127.0.0.1:{server.port}/").open(server.url)
    assert page.locator('[data-screen="play"]').is_disabled()
    assert "cannot compute normalization, so Play is off" in page.inner_text(".notes")


def test_every_unit_of_a_wide_layer_can_be_seen_and_edited(page):
    def units():
        labels = page.locator(".layer").nth(2).locator("button.unit").all()
        return [int(unit.get_attribute("aria-label").split()[1]) for unit in labels]

    for first in (0, 8, 12):
        assert units() == list(range(first, first + 8))
        later = page.get_by_label("Units after these, layer 2")
        if first < 12:
            later.click()
    assert later.is_disabled()
    assert "12–19 of 20" in page.inner_text(".network")
    page.locator(".layer").nth(2).locator("button.unit").last.click()
    field = page.locator('.unit-panel input[data-tensor="b2"]')
    assert field.get_attribute("data-row") == "19"
    field.fill("0.625")
    page.keyboard.press("Enter")
    page.wait_for_selector('.unit-panel input[data-tensor="b2"][data-value="0.625"]')
    page.get_by_label("Units before these, layer 2").click()
    assert units() == list(range(4, 12))


@pytest.fixture(scope="module")
def default_page(tmp_path_factory):
    """The page that ``deepstep explore --export`` writes without an option."""
    path = tmp_path_factory.mktemp("default") / "explorer.html"
    with pytest.raises(SystemExit):
        main(["explore", "--export", str(path)])
    return path.as_uri()


@pytest.mark.slow
@pytest.mark.parametrize("opened", ["#s=play", "#s=home", f"#s=play&n={quote(json.dumps({'data': 'xor'}))}"])
def test_the_default_training_is_below_a_tenth_after_five_seconds_of_play(watched, default_page, opened):
    page = watched(default_page).open(f"{default_page}{opened}")
    if "home" in opened:
        page.click('[data-toy="circles"]')
    page.click('[data-action="play"]')
    page.wait_for_timeout(5000)
    page.click('[data-action="pause"]')
    text = page.inner_text(".transport-state span").removeprefix("J = ")
    assert float(text.replace("−", "-")) < 0.1


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_of_the_default_network_is_cut(watched, default_page, width):
    page = watched(default_page, viewport={"width": width, "height": 844}).open(f"{default_page}#s=play")
    cut = """() => {
      const box = document.querySelector('.network-scroll');
      const { left, right } = box.getBoundingClientRect();
      const names = '.unit, .unit-bias, .unit-name, .layer-head :is(select, button, span, b)';
      const parts = [...box.querySelectorAll(names)];
      const over = parts.filter((part) => {
        const { left: from, right: to } = part.getBoundingClientRect();
        return from < left - 0.5 || to > right + 0.5;
      });
      return [box.scrollWidth - box.clientWidth, over.map((part) => part.outerHTML)];
    }"""
    assert page.evaluate(cut) == [0, []]
    boxes = """(selector) => [...document.querySelectorAll(selector)].map((part) => {
      const { left, right, height } = part.getBoundingClientRect();
      return [left, right, height];
    })"""
    heads, inner = (page.evaluate(boxes, name) for name in (".layer-head", ".layer-head :is(select, button)"))
    assert all(any(a <= left + 0.5 and right <= b + 0.5 for a, b, _ in heads) for left, right, _ in inner)
    assert all(right - left >= 24 and height >= 24 for left, right, height in inner)


@pytest.mark.slow
def test_quantities_that_are_shown_to_be_compared_say_so_where_they_stand(watched, default_page):
    page = watched(default_page).open(f"{default_page}#s=lab")
    for name, what in {
        "loss_A3": "loss_A3 is the loss of each of the 300 examples computed from the output A3",
        "dA3": "dA3 is the derivative of the loss by the output A3",
        "dZ3_chain": "“dZ3 chain” is dZ3 by the chain rule",
    }.items():
        chip = page.locator(f'[data-micro="{name}"]')
        assert "to compare" in chip.inner_text()
        assert chip.get_attribute("title").startswith(what)
        chip.click()
        assert page.inner_text(".lab-sentence") == chip.get_attribute("title")
    assert page.locator(".ribbon-step.is-aside").count() == 3


@pytest.mark.slow
def test_a_short_link_opens_a_quantity_and_an_unknown_one_is_refused(watched, default_page):
    for hash_, micro, cell in (
        ("#q=dW2", "dW2", ["0", "0"]),
        ("#k=3&q=Z2&c=1,5", "Z2", ["1", "5"]),
        ("#q=dZ3_chain", "dZ3_chain", ["0", "0"]),
    ):
        page = watched(default_page).open(f"{default_page}{hash_}")
        assert page.get_attribute(".ribbon-step[aria-current]", "data-micro") == micro
        cursor = page.locator('[role="gridcell"][aria-selected="true"]').first
        assert [cursor.get_attribute("data-row"), cursor.get_attribute("data-col")] == cell
        assert page.locator("[data-error]").count() == 0
    page = watched(default_page).open(f"{default_page}#q=dW9")
    assert page.inner_text("[data-error]") == "The link cannot be followed: update 1 has no quantity dW9."
    assert page.locator(".ribbon-step[aria-current]").count() == 1
