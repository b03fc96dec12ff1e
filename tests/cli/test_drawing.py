"""Pictures of characters."""

import numpy as np
import pytest
from rich.console import Console

from deepstep.cli.demo import _drawn
from deepstep.cli.drawing import SHADES, coloured, curve, decision_map, pictures


def test_curve_of_a_straight_line_falls_from_corner_to_corner():
    lines = curve(np.linspace(1, 0, 50), width=40, height=10, x_name="epoch").splitlines()
    assert len(lines) == 10
    assert max(map(len, lines)) == 40
    assert lines[0].startswith("1.000 ┤⠉")
    assert lines[7].startswith("0.000 ┤  ")
    ends = [len(line) for line in lines[:8]]
    assert ends == sorted(ends)
    assert lines[-1].split() == ["1", "epoch", "50"]


@pytest.mark.parametrize("values", [[0.5], [2.0, 2.0], [0.0], [1e-12, 1e-13], [-3.0, 4.0], [1.0, 1e150, 1e308]])
def test_curve_of_unusual_values(values):
    lines = curve(np.array(values), width=40, height=8, x_name="epoch").splitlines()
    assert len(lines) == 8
    assert max(map(len, lines)) <= 40
    assert all("┤" in line for line in lines[:1])


def test_pictures_stand_side_by_side():
    white, black = np.ones((2, 2)), np.zeros((2, 2))
    assert pictures([white, black], [("one",), ("two",)]).splitlines() == [
        SHADES[-1] * 4,
        SHADES[-1] * 4,
        "one    two",
    ]


def test_points_lie_where_they_are():
    regions = np.zeros((3, 5), dtype=int)
    low, high = np.array([0.0, 0.0]), np.array([4.0, 2.0])
    points = np.array([[0.0, 0.0], [4.0, 2.0], [2.0, 1.0], [9.0, 9.0]])
    drawn = decision_map(regions, points, np.array([0, 1, 0, 0]), low, high, marks="ox", fills=". ")
    assert drawn.splitlines() == ["....x", "..o..", "o...."]


def test_two_pixels_of_a_colour_picture_are_one_character():
    red, blue = np.zeros((2, 2, 3)), np.zeros((2, 2, 3))
    red[0, :, 0], blue[1, 1, 2] = 1.0, 0.5
    text = coloured([red, blue], [("one",), ("two",)], gap=1)
    assert text.plain == "▀▀ ▀▀\non tw\n"
    styles = [str(span.style) for span in text.spans]
    assert styles[:2] == ["rgb(255,0,0) on rgb(0,0,0)"] * 2
    assert styles[2:] == ["rgb(0,0,0) on rgb(0,0,0)", "rgb(0,0,0) on rgb(0,0,127)"]


@pytest.mark.parametrize(("no_color", "block"), [(False, True), (True, False)])
def test_pictures_have_colours_where_the_screen_has(no_color, block):
    settings = {"force_terminal": True, "color_system": "truecolor", "no_color": no_color}
    image = np.linspace(0, 1, 24 * 24 * 3).reshape(24, 24, 3)
    drawn = str(_drawn(Console(**settings), [image], [("a",)]))
    assert ("▀" in drawn) == block
    assert ("░" in drawn) != block
