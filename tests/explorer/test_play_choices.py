"""Play's choices, findings, pictures, the tour and the help, in a browser."""

from time import monotonic

import numpy as np
import pytest
from test_in_browser import faults, tab_to
from test_play import COPIED, shown

from deepstep import Network
from deepstep.explorer import About, explore

X = np.random.default_rng(5).standard_normal((2, 6))
Y = (X[:1] > 0).astype(float)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("choices") / "lesson.html"
    explore(Network([2, 3, 1], activation="tanh", seed=1), X, Y, iterations=3).export(path)
    return path.as_uri()


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Pictures of 3 × 3 pixels in two classes."""
    path = tmp_path_factory.mktemp("pictures") / "pictures.html"
    pixels = np.random.default_rng(3).random((9, 12))
    network = Network([9, 4, 2], activation="tanh", output="softmax", seed=1)
    about = About("pixels", image_shape=(3, 3), class_names=("left", "right"))
    explore(network, pixels, np.eye(2)[:, np.arange(12) % 2], about=about, iterations=3).export(path)
    return path.as_uri()


def toy(page, name="circles"):
    page.click('[data-screen="home"]')
    page.click(f'[data-toy="{name}"]')
    return page


def go(page, updates):
    for number in range(1, updates + 1):
        page.click('[data-action="updateNext"]')
        page.wait_for_selector(f'[data-updates="{number}"]')


@pytest.mark.slow
def test_a_link_has_every_choice_and_makes_the_same_training(watched, address):
    page = toy(watched(address).open(address))
    page.select_option('[data-setting="noise"]', "0.2")
    page.select_option('[data-setting="test"]', "0.3")
    page.select_option('[data-setting="initialization"]', "lecun")
    for name in ("xx", "siny"):
        page.check(f'[data-feature="{name}"]')
    page.uncheck('[data-feature="x"]')
    go(page, 5)
    assert "140 examples · inputs: 3" in page.inner_text(".play-left")
    assert page.locator(".curve .line").count() == 2
    assert page.locator(".curve .is-second").count() == 1
    assert "test: " in page.inner_text("[data-fit]")
    page.check('[data-setting="log"]')
    page.evaluate(COPIED)
    page.click('[data-open="share"]')
    page.click('[data-action="link"]')
    again = watched(address).open(page.evaluate("window.copied"))
    again.wait_for_selector('[data-updates="5"]')
    assert shown(again) == shown(page)
    assert again.input_value('[data-setting="initialization"]') == "lecun"
    assert again.input_value('[data-setting="noise"]') == "0.2"
    assert [box.is_checked() for box in again.locator("[data-feature]").all()] == [
        *(False, True, True, False, False, False, True)
    ]


@pytest.mark.slow
def test_a_painted_point_has_the_features_of_its_place(watched, address):
    page = toy(watched(address).open(address))
    page.check('[data-feature="xy"]')
    page.click(".paint summary")
    page.fill(".paint input >> nth=0", "0.5")
    page.fill(".paint input >> nth=1", "-0.25")
    page.click('.paint button[type="submit"]')
    assert "201 examples · inputs: 3" in page.inner_text(".play-left")
    page.click('[data-screen="lab"]')
    page.keyboard.press("/")
    page.fill("#find", "A0")
    page.keyboard.press("Enter")
    page.locator('[role="gridcell"][data-tensor="A0"]').first.click()
    page.keyboard.press("End")
    for row, value in enumerate(("0.5", "-0.25", "-0.125")):
        cell = page.locator(f'[data-tensor="A0"][data-row="{row}"][data-col="200"]')
        assert cell.get_attribute("data-value") == value


@pytest.mark.slow
def test_a_finding_leads_to_the_quantity_that_shows_it(watched, address):
    page = toy(watched(address).open(address))
    assert page.locator("[data-finding]").count() == 0
    page.select_option('[data-setting="initialization"]', "zeros")
    page.wait_for_selector('[data-finding="symmetric"]')
    assert "all 8 units have the same weights" in page.inner_text(".findings")
    page.click('[data-finding="symmetric"] button')
    assert page.locator('[aria-current="step"]').get_attribute("data-micro") == "dW1"


@pytest.mark.slow
def test_pictures_stand_in_the_lab_and_in_play_and_lead_to_their_column(watched, digits):
    page = watched(digits).open(f"{digits}#s=lab&k=1&q=Z1")
    assert page.locator("[data-pictures] canvas").count() == 8 + 4  # examples, units
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


@pytest.mark.slow
def test_the_two_ways_to_the_loss_stand_side_by_side(watched, address):
    page = watched(address).open(f"{address}#s=lab&k=1&q=loss")
    values = [float(cell.inner_text()) for cell in page.locator("[data-two-ways]").all()]
    assert values[0] == pytest.approx(values[1], rel=1e-12)
    assert page.get_attribute("[data-ways]", "data-ways") == "agree"
    page.click('[data-screen="play"]')
    page.fill('.unit-panel input[data-tensor="b2"]', "60")
    page.keyboard.press("Enter")
    page.click('[data-screen="lab"]')
    page.click('[data-micro="dZ2_chain"]')
    assert page.get_attribute("[data-ways]", "data-ways") == "differ"
    assert "saturated" in page.inner_text("[data-ways]")
    assert page.locator("[data-stopped]").count() == 0


@pytest.mark.slow
def test_the_tour_goes_and_ends_by_keyboard_and_the_help_has_the_numbers(watched, address):
    page = watched(address).open(f"{address}#s=lab&k=1&q=Z1")
    tab_to(page, '[data-action="tour"]')
    page.keyboard.press("Enter")
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


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_fault_of_accessibility(watched, address, digits, axe, scheme):
    page = toy(watched(address, color_scheme=scheme).open(address))
    page.select_option('[data-setting="test"]', "0.3")
    page.select_option('[data-setting="initialization"]', "zeros")
    page.wait_for_selector("[data-finding]")
    page.click('.top [data-action="tour"]')
    assert faults(page, axe) == []  # with findings and the test set behind it
    page.keyboard.press("Escape")
    pictures = watched(digits, color_scheme=scheme).open(f"{digits}#s=lab&k=1&q=Z1")
    assert faults(pictures, axe) == []
    if scheme == "dark":
        return
    page.keyboard.press("?")
    page.wait_for_selector("[data-glossary]")
    assert faults(page, axe) == []
    pictures.click('[data-screen="play"]')
    assert faults(pictures, axe) == []


@pytest.mark.slow
def test_a_narrow_window_scrolls_one_way(watched, address, digits):
    page = toy(watched(address, viewport={"width": 390, "height": 844}).open(address))
    page.select_option('[data-setting="test"]', "0.3")
    pictures = watched(digits, viewport={"width": 390, "height": 844}).open(f"{digits}#s=lab&k=1&q=Z1")
    page.keyboard.press("?")
    page.click('dialog [data-action="tour"]')
    for opened in (page, pictures):
        assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".tour").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


@pytest.mark.slow
def test_a_served_training_goes_at_the_speed_of_the_slider(watched, serve):
    server = serve(Network([2, 4, 1], activation="tanh", seed=2), X, Y, learning_rate=0.3, iterations=3)
    page = watched(f"http://127.0.0.1:{server.port}/").open(server.url)
    page.click('[data-screen="play"]')
    page.get_by_label("Speed").fill("0")
    page.click('[data-action="play"]')
    page.wait_for_selector('[data-updates="2"]')
    assert server.live.updates <= 4
    page.get_by_label("Speed").fill("4")
    until = monotonic() + 20  # the slowest speed would take 50 seconds
    while server.live.updates <= 100 and monotonic() < until:
        page.wait_for_timeout(50)
    assert server.live.updates > 100
    page.click('[data-action="pause"]')
    page.wait_for_selector('[data-action="play"]')
