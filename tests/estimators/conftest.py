"""Tests of estimators train for few epochs."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Trainings end before they converge, of which `fit` warns."""
    item.add_marker(pytest.mark.filterwarnings("ignore:Training ended before it converged"))
