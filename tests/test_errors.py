"""Messages of errors: short, however much there is to name."""

import pytest

from deepstep.errors import unknown_name

COLUMNS = [f"column_{number}" for number in range(800)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("COLUMN_799", "'column_799', "), ("zzz", "'column_0', 'column_1', 'column_2'")],
)
def test_of_many_names_the_near_ones_are_shown(name, shown):
    error = unknown_name("column", name, COLUMNS)
    assert error.problem.startswith(f"Unknown column {name!r}, known are 800, among them {shown}")
    assert error.problem.count("'column_") == 3
    assert error.hint == ("Did you mean 'column_799'?" if name == "COLUMN_799" else "")


def test_names_that_begin_with_what_was_typed_come_first():
    known = ["jaccard", "accuracy", *(f"name{number}" for number in range(20))]
    assert unknown_name("metric", "acc", known).hint == "Did you mean 'accuracy'?"
