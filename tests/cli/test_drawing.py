"""Pictures of characters."""

import numpy as np
import pytest

from deepstep.cli.drawing import curve, decision_map


def test_curve_of_a_straight_line_falls_from_corner_to_corner():
    lines = curve(np.linspace(1, 0, 50), width=40, height=10, x_name="epoch").splitlines()
    assert (len(lines), max(map(len, lines))) == (10, 40)
    assert (lines[0][:8], lines[7][:9]) == ("1.000 ┤⠉", "0.000 ┤  ")
    ends = [len(line) for line in lines[:8]]
    assert ends == sorted(ends)
    assert lines[-1].split() == ["1", "epoch", "50"]


@pytest.mark.parametrize("values", [[0.5], [2.0, 2.0], [0.0], [-3.0, 4.0], [1.0, 1e150, 1e308]])
def test_curve_of_unusual_values(values):
    lines = curve(np.array(values), width=40, height=8, x_name="epoch").splitlines()
    assert (len(lines), max(map(len, lines)) <= 40, "┤" in lines[0]) == (8, True, True)


def test_points_lie_where_they_are():
    regions = np.zeros((3, 5), dtype=int)
    low, high = np.array([0.0, 0.0]), np.array([4.0, 2.0])
    points = np.array([[0.0, 0.0], [4.0, 2.0], [2.0, 1.0], [9.0, 9.0]])
    drawn = decision_map(regions, points, np.array([0, 1, 0, 0]), low, high, marks="ox", fills=". ")
    assert drawn.splitlines() == ["....x", "..o..", "o...."]
