"""Worksheets: friendly numbers, different ones for each student, and a key that NumPy confirms."""

import re
from functools import cache
from html import unescape

import numpy as np
import pytest
from click.testing import CliRunner

from deepstep.cli.course import worksheet_command
from deepstep.course import worksheet
from deepstep.course.worksheet import DECIMALS, worksheets, worksheets_html
from deepstep.errors import ConfigurationError

CASES = [
    ((2, 2, 1), {}),
    ((3, 2, 1), {"loss": "cross_entropy"}),
    ((2, 2, 2, 1), {"loss": "cross_entropy", "learning_rate": 0.5}),
    ((2, 3, 2), {"activation": "identity", "examples": 5}),
    ((4, 4, 4, 4), {"examples": 4}),
    ((1, 1), {"examples": 1}),
]


def by_hand(values, loss, rate, n_layers, linear):
    """One step of gradient descent from what a sheet gives, with NumPy alone."""
    v = dict(values)
    m = v["A0"].shape[1]
    for l in range(1, n_layers + 1):
        v[f"Z{l}"] = v[f"W{l}"] @ v[f"A{l - 1}"] + v[f"b{l}"]
        v[f"A{l}"] = v[f"Z{l}"] * ((v[f"Z{l}"] > 0) | linear)
    Z, Y = v[f"Z{n_layers}"], v["Y"]
    v[f"A{n_layers}"] = 1 / (1 + np.exp(-Z)) if loss == "cross_entropy" else Z
    A = v[f"A{n_layers}"]
    each = -Y * np.log(A) - (1 - Y) * np.log(1 - A) if loss == "cross_entropy" else (Z - Y) ** 2 / 2
    v["loss"] = each.sum(axis=0, keepdims=True)
    v["J"] = v["loss"].mean()
    v[f"dZ{n_layers}"] = A - Y
    for l in range(n_layers, 0, -1):
        dZ = v[f"dZ{l}"]
        v[f"dW{l}"], v[f"db{l}"] = dZ @ v[f"A{l - 1}"].T / m, dZ.mean(axis=1, keepdims=True)
        v[f"W{l}′"], v[f"b{l}′"] = v[f"W{l}"] - rate * v[f"dW{l}"], v[f"b{l}"] - rate * v[f"db{l}"]
        if l > 1:
            v[f"dA{l - 1}"] = v[f"W{l}"].T @ dZ
            v[f"dZ{l - 1}"] = v[f"dA{l - 1}"] * ((v[f"Z{l - 1}"] > 0) | linear)
    return v


def matrices(page):
    """The matrices of a page: class of the section, name, class and texts of each."""
    quantity = r'<div class="quantity"><p>(.*?)</p><table class="([\w ]+)">(.*?)</table>'
    return [
        (
            kind,
            unescape(label).split()[0],
            style,
            [re.findall("<td>(.*?)</td>", row) for row in rows.split("</tr>")[:-1]],
        )
        for kind, section in re.findall(r'<section class="(\w+).*?>(.*?)</section>', page)
        for label, style, rows in re.findall(quantity, section)
    ]


@cache
def drawn(at):
    sizes, options = CASES[at]
    return worksheets(sizes, students=6, seed=7, **options)


OF_CASES = pytest.mark.parametrize("at", range(len(CASES)), ids=lambda at: str(CASES[at]))


@OF_CASES
def test_the_key_is_what_numpy_computes(at):
    sizes, options = CASES[at]
    loss, rate = options.get("loss", "squared_error"), options.get("learning_rate", 0.1)
    for sheet in drawn(at):
        given = {entry.name: entry.value for entry in sheet.given}
        expected = by_hand(given, loss, rate, len(sizes) - 1, options.get("activation") == "identity")
        assert {entry.name for entry in sheet.asked} == expected.keys() - given.keys()
        for entry in sheet.asked:
            np.testing.assert_allclose(entry.value, expected[entry.name], rtol=1e-12, atol=1e-12)
        assert [entry.name for entry in sheet.asked][:2] == ["Z1", "A1"]


@OF_CASES
def test_the_page_has_the_key_and_empty_boxes_of_its_shapes(at):
    asked = [entry for sheet in drawn(at) for entry in sheet.asked]
    printed = matrices(worksheets_html(drawn(at)))
    keys = [(name, rows) for kind, name, _, rows in printed if kind == "key"]
    boxes = [(name, rows) for kind, name, style, rows in printed if style == "matrix box"]
    assert [name for name, _ in keys] == [name for name, _ in boxes] == [entry.name for entry in asked]
    loss = drawn(at)[0].loss
    most = 0.5001 * 10.0 ** -DECIMALS[loss] if loss == "cross_entropy" else 1e-9
    for (_, texts), (_, empty), entry in zip(keys, boxes, asked, strict=True):
        numbers = [[float(text.replace("−", "-")) for text in row] for row in texts]
        np.testing.assert_allclose(numbers, np.atleast_2d(entry.value), rtol=0, atol=most)
        assert empty == [[""] * len(row) for row in texts]


@OF_CASES
def test_units_are_alive_and_dead_and_numbers_small(at):
    sizes, options = CASES[at]
    for sheet in drawn(at):
        hidden = [sheet.trace[f"Z{l}"].value for l in range(1, len(sizes) - 1)]
        assert max(np.abs(entry.value).max() for entry in sheet.trace) <= 30
        assert sheet.trace["dW1"].value.any()
        if sheet.loss == "cross_entropy":
            logits = sheet.trace[f"Z{len(sizes) - 1}"].value
            assert set((2 * logits).ravel()) <= set(range(-6, 7))
        if options.get("activation") != "identity":
            assert all((Z > 0).any() and (Z != 0).all() for Z in hidden)
            assert any((Z < 0).any() for Z in hidden) == any(Z.size > 1 for Z in hidden)


def test_the_same_seed_gives_the_same_bytes_and_no_two_sheets_are_equal():
    sheets = worksheets((2, 2, 1), students=40, seed=7)
    page = worksheets_html(sheets[:9])
    assert page == worksheets_html(worksheets((2, 2, 1), students=9, seed=7))
    assert page != worksheets_html(worksheets((2, 2, 1), students=9, seed=8))
    assert len({str([entry.value for entry in sheet.given]) for sheet in sheets}) == 40


def test_few_cases_are_not_given_twice(monkeypatch):
    """A network 1-1 with one example has a limited number of sheets."""
    monkeypatch.setattr(worksheet, "TRIES", 100)
    with pytest.raises(ConfigurationError, match=r"100 draws for sheet \d+ have no friendly numbers"):
        worksheets((1, 1), students=500, examples=1, loss="cross_entropy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer_dims": (2, 9, 1)}, r"layer_dims must be 2 to 4 sizes from 1 to 4, got \(2, 9, 1\)"),
        ({"layer_dims": (2,)}, r"layer_dims must be 2 to 4 sizes"),
        ({"students": 0}, r"students must be a whole number from 1 to 500, got 0"),
        ({"seed": -1}, r"seed must be a whole number of at least 0, got -1"),
        ({"activation": "tanh"}, r"activation must be one of relu, identity, got 'tanh'"),
        ({"loss": "mse"}, r"loss must be one of squared_error, cross_entropy, got 'mse'"),
        ({"examples": 3}, r"examples must be 1, 2, 4 or 5, got 3"),
        ({"learning_rate": 0}, r"learning_rate must be a positive number with at most 4 decimals, got 0"),
    ],
    ids=str,
)
def test_what_is_refused(change, message):
    with pytest.raises(ConfigurationError, match=message):
        worksheets(**{"layer_dims": (2, 2, 1), **change})


def test_the_command_and_its_files(tmp_path):
    out, key = tmp_path / "sheet.html", tmp_path / "key.html"
    given = ["--net", "3-2-1", "--students", "3", "--seed", "7", "-o", str(out)]
    assert "3 worksheets" in CliRunner().invoke(worksheet_command, given).output
    both = out.read_text(encoding="utf-8")
    assert both == worksheets_html(worksheets((3, 2, 1), students=3, seed=7))
    assert (both.count('<section class="sheet"'), both.count('<section class="key"')) == (3, 3)
    assert not re.search(r"https?://|<script|src=", both)
    result = CliRunner().invoke(worksheet_command, [*given, "--key", str(key), "--overwrite", "--json"])
    assert result.exit_code == 0
    assert 'class="key"' not in out.read_text(encoding="utf-8")
    assert 'class="sheet"' not in key.read_text(encoding="utf-8")
    assert key.read_text(encoding="utf-8").count('<section class="key"') == 3
