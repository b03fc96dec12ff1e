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


def test_rows_that_are_left_out_of_a_pasted_table_are_told(watched, address):
    page = watched(address).open(f"{address}#s=home")
    page.fill("#csv", "a,b,c\n1,2,x\n1e999,3,y\n3,3,x")
    page.get_by_role("button", name="Use this table").click()
    assert "each row that can be used has “x”" in page.inner_text("#csv-error")
    page.fill("#csv", "a,b,c\n1,2,x\n1e999,3,y\n,3,x\n3,3,y\n4,1,x")
    page.get_by_role("button", name="Use this table").click()
    assert "2 of 5 rows were left out" in page.inner_text(".notes")
    assert "first in line 3" in page.inner_text(".notes")


def test_code_that_is_shown_shortened_says_so_and_names_what_to_change(watched, address):
    page = watched(address).open(f"{address}#s=play")
    page.click('[data-open="share"]')
    shown = page.inner_text("pre.code")
    assert 'page = "lesson.html"  # put the name of your file here' in shown
    page.keyboard.press("Escape")
    page.select_option('[data-setting="l2"]', "0.1")
    page.click('[data-open="share"]')
    shown = page.inner_text("pre.code")
    assert "…" in shown
    assert '"l2":0.1' in shown  # behind the data, which filled what was shown before
    assert "Copy the code" in page.inner_text("[data-shortened]")
