"""Play: changes are taken back, carried by links and made again in Python; choices, findings, help."""

import json
from urllib.parse import quote

import numpy as np
import pytest
from test_in_browser import tab_to

from deepstep import Network
from deepstep.explorer import About, Exploration, explore

pytestmark = pytest.mark.slow

COPIED = "() => { navigator.clipboard.writeText = (text) => (window.copied = text, Promise.resolve()); }"


@pytest.fixture(scope="module")
def address(points, tmp_path_factory):
    path = tmp_path_factory.mktemp("play") / "lesson.html"
    options = {"optimizer": "adam", "batch_size": 4, "dropout": 0.2, "learning_rate": 0.1, "iterations": 3}
    explore(Network([2, 3, 20, 1], activation="tanh", seed=1), *points, **options).export(path)
    return path.as_uri()


@pytest.fixture
def page(opened, address):
    return opened(address, "#s=play")


def to(page, updates):
    while int(page.get_attribute("[data-updates]", "data-updates")) < updates:
        page.click('[data-action="updateNext"]')
    page.wait_for_selector(f'[data-updates="{updates}"]')


def toy(page, name="circles"):
    page.click('[data-screen="home"]')
    page.click(f'[data-toy="{name}"]')
    return page


def add_point(page, x, y):
    if page.locator(".paint[open]").count() == 0:
        page.click(".paint summary")
    page.fill(".paint input >> nth=0", str(x))
    page.fill(".paint input >> nth=1", str(y))
    page.click('.paint button[type="submit"]')


def shown(page):
    """Bias and weights of the unit that is open, as the page displays them."""
    cells = page.locator(".unit-panel input").evaluate_all(
        "(all) => all.map(({ dataset: { tensor, row, col, value } }) => [tensor, +row, +col, +value])"
    )
    return {(tensor, row, column): value for tensor, row, column, value in cells}


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


def test_points_and_weights_are_made_in_python_carried_by_links_and_taken_back(opened, page):
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
    again = opened(copied(page, "link"))
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


def test_a_link_that_is_damaged_or_of_another_lesson_is_refused_and_the_page_works(opened, small):
    no_batch = quote(json.dumps({"data": "xor", "training": {"batch_size": 0}}))
    no_layer = quote(json.dumps([{"t": 0, "edit": ["W9", 0, 0, 1]}]))
    for place, words, end in (
        (f"n={no_batch}", "n.training.batch_size", "Copy the link again."),
        (f"s=play&e={no_layer}", "log[0] must be a parameter", "Copy the link again."),
        ("s=play&l=another", "another lesson", "Open it there."),
    ):
        page = opened(small, f"#{place}")
        said = page.inner_text("[data-error]")
        assert said.startswith("The link cannot be followed: ")
        assert words in said
        assert said.endswith(end)
        page.click('[data-screen="lab"]')
        page.click('[data-action="next"]')


def test_a_short_link_leads_to_its_place(opened, small):
    page = opened(small, "#s=play&k=3")
    assert page.get_attribute("[data-updates]", "data-updates") == "2"
    assert page.locator(".transport select").input_value() == "update"
    page = opened(small, "#k=3&q=Z1&c=1,5")
    assert page.get_attribute(".ribbon-step[aria-current]", "data-micro") == "Z1"
    cursor = page.locator('[role="gridcell"][aria-selected="true"]').first
    assert (cursor.get_attribute("data-row"), cursor.get_attribute("data-col")) == ("1", "5")
    assert "c=1%2C5" in copied(page, "link")


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
    page.keyboard.press("Control+z")  # the setting from the beginning
    assert page.input_value('[data-setting="l2"]') == "0"
    assert page.locator('[data-action="undo"]').count() == 0


def test_a_change_that_ends_the_connection_says_so_and_loading_goes_back(opened, serve, points):
    server = serve(Network([2, 4, 1], activation="tanh", seed=2), *points, learning_rate=0.3, iterations=3)
    page = opened(server, "#s=play")
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


def test_a_served_page_that_cannot_compute_says_why_play_is_off(opened, serve, points):
    network = Network([2, 4, 1], activation="tanh", normalization="batch", seed=2)
    server = serve(network, *points, learning_rate=0.3, iterations=3)
    page = opened(server)
    assert page.locator('[data-screen="play"]').is_disabled()
    assert "cannot compute normalization, so Play is off" in page.inner_text(".notes")


def test_every_unit_of_a_wide_layer_can_be_seen_and_edited(page):
    later = page.get_by_label("Units after these, layer 2")
    later.click()
    assert "8–15 of 20" in page.inner_text(".network")
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
    assert "4–11 of 20" in page.inner_text(".network")


def test_nothing_of_the_default_network_is_cut(opened, document):
    page = opened(Exploration(document), "#s=play")
    parts = ".network-scroll :is(.unit, .unit-bias, .unit-name, .layer-head :is(select, button, span, b))"
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        scroll = page.locator(".network-scroll")
        left = scroll.bounding_box()["x"]
        right = left + scroll.bounding_box()["width"]
        assert scroll.evaluate("(e) => e.scrollWidth - e.clientWidth") == 0
        boxes = [part.bounding_box() for part in page.locator(parts).all()]
        assert all(left - 0.5 <= box["x"] and box["x"] + box["width"] <= right + 0.5 for box in boxes)
        controls = [one.bounding_box() for one in page.locator(".layer-head :is(select, button)").all()]
        assert min(min(box["width"], box["height"]) for box in controls) >= 24


def test_a_link_has_every_choice_and_makes_the_same_training(opened, small):
    page = toy(opened(small))
    page.select_option('[data-setting="noise"]', "0.2")
    page.select_option('[data-setting="test"]', "0.3")
    page.select_option('[data-setting="initialization"]', "lecun")
    for name in ("xx", "siny"):
        page.check(f'[data-feature="{name}"]')
    page.uncheck('[data-feature="x"]')
    to(page, 5)
    assert "140 examples · inputs: 3" in page.inner_text(".play-left")
    assert page.locator(".curve .is-second").count() == 1  # of the test set
    assert "test: " in page.inner_text("[data-fit]")
    again = opened(copied(page, "link"))
    again.wait_for_selector('[data-updates="5"]')
    assert shown(again) == shown(page)
    assert again.input_value('[data-setting="initialization"]') == "lecun"
    assert again.input_value('[data-setting="noise"]') == "0.2"
    checked = [box.is_checked() for box in again.locator("[data-feature]").all()]
    assert checked == [False, True, True, False, False, False, True]


def test_a_finding_leads_to_the_quantity_that_shows_it(opened, small, accessible):
    page = toy(opened(small))
    assert page.locator("[data-finding]").count() == 0
    page.select_option('[data-setting="test"]', "0.3")
    page.select_option('[data-setting="initialization"]', "zeros")
    page.wait_for_selector('[data-finding="symmetric"]')
    assert "all 8 units have the same weights" in page.inner_text(".findings")
    page.click('.top [data-action="tour"]')
    accessible(page, 1280)  # with findings and the test set behind the tour
    page.keyboard.press("Escape")
    page.click('[data-finding="symmetric"] button')
    assert page.locator('[aria-current="step"]').get_attribute("data-micro") == "dW1"


def test_pictures_stand_in_the_lab_and_in_play_and_lead_to_their_column(opened, accessible):
    """Of 3 × 3 pixels in two classes."""
    pixels = np.random.default_rng(3).random((9, 12))
    network = Network([9, 4, 2], activation="tanh", output="softmax", seed=1)
    about = About("pixels", image_shape=(3, 3), class_names=("left", "right"))
    digits = explore(network, pixels, np.eye(2)[:, np.arange(12) % 2], about=about, iterations=3)
    page = opened(digits, "#s=lab&k=1&q=Z1")
    assert page.locator("[data-pictures] canvas").count() == 8 + 4  # examples, units
    accessible(page, 1280)
    page.get_by_label("Column 3: example").click()
    cell = page.locator('[data-tensor="Z1"][aria-selected="true"]')
    assert (cell.get_attribute("data-row"), cell.get_attribute("data-col")) == ("0", "3")
    page.get_by_label("W1, row 2", exact=True).click()
    assert page.locator('[data-tensor="W1"][aria-selected="true"]').get_attribute("data-row") == "2"
    page.click('[data-screen="play"]')
    assert page.locator("[data-gallery] canvas").count() == 12
    assert page.locator(".layer .picture").count() == 4
    wrong = page.locator(".gallery .is-wrong").count()
    assert f"{12 - wrong} of 12 right" in page.inner_text("[data-fit]")
    accessible(page, 1280)


def test_the_tour_goes_and_ends_by_keyboard_and_the_help_has_the_numbers(opened, small):
    page = opened(small, "#s=lab&k=1&q=Z1")
    tab_to(page, '[data-action="tour"]', "Enter")
    for place in range(1, 8):
        assert f"Stop {place} of 7" in page.inner_text(".tour")
        assert page.locator(".is-toured").count() == 1
        page.keyboard.press("ArrowRight")
    assert page.locator(".tour").count() == 0
    assert page.get_attribute('[aria-current="page"]', "data-screen") == "lab"
    page.click('.top [data-action="tour"]')
    page.keyboard.press("Escape")
    assert page.locator(".tour").count() == 0
    assert page.evaluate("document.activeElement.dataset.action") == "tour"
    page.keyboard.press("?")
    rows = page.locator("[data-glossary]")
    assert " ".join(row.get_attribute("data-glossary") for row in rows.all()) == "X W b Z A Y J dA dZ dW db"
    assert "3 × 2" in page.inner_text('[data-glossary="W"]')
    assert "m = 6" in page.inner_text("dialog")
