"""What the page says where something is left out, shortened, off, or not finite; and what it takes back."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.explorer import explore

X = np.random.default_rng(5).standard_normal((2, 300))


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    network = Network([2, 8, 8, 1], activation="tanh", seed=1)
    path = tmp_path_factory.mktemp("told") / "lesson.html"
    explore(network, X, X[:1] * X[1:] > 0, learning_rate=0.1, batch_size=32, iterations=3).export(path)
    return path.as_uri()


def test_another_network_can_be_taken_back_with_all_its_training(watched, address):
    page = watched(address).open(f"{address}#s=play")
    page.select_option('[data-setting="l2"]', "0.1")
    for _ in range(3):
        page.click('[data-action="updateNext"]')
    page.wait_for_selector('[data-updates="3"]')

    def seen():
        cost = page.inner_text(".transport-state span")
        biases = page.locator(".unit-panel input").evaluate_all("all => all.map((one) => one.dataset.value)")
        return (
            cost,
            biases,
            page.locator(".layer").count(),
            page.get_attribute("[data-updates]", "data-updates"),
        )

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


@pytest.fixture
def served(serve):
    """A server of a network, with the options of its training."""
    return lambda network, **options: serve(network, X, (X[:1] > 0).astype(float), **options)


def test_a_change_that_ends_the_connection_says_so_and_loading_goes_back(watched, served):
    server = served(Network([2, 4, 1], activation="tanh", seed=2), learning_rate=0.3, iterations=3)
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


def test_a_served_page_that_cannot_compute_says_why_play_is_off(watched, served):
    network = Network([2, 4, 1], activation="tanh", normalization="batch", seed=2)
    server = served(network, learning_rate=0.3, iterations=3)
    page = watched(f"http://127.0.0.1:{server.port}/").open(server.url)
    assert page.locator('[data-screen="play"]').is_disabled()
    assert "cannot compute normalization, so Play is off" in page.inner_text(".notes")
