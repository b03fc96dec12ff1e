"""Find the bug: rounds of any seed have one wrong line, which its equation gives away."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deepstep.course.bugs import CHOICES, LEARNED, draw_round, mistakes
from deepstep.course.museum import differ

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(SEEDS)
@example(7208031)  # the cost of the wrong program is NaN
def test_a_round_has_one_wrong_line_and_it_is_the_first_that_differs(seed):
    game = draw_round(seed)
    wrong = [
        line.name
        for line in game.steps
        if differ(game.recomputed(line.name), game.outcome.quantities[line.name])
    ]
    assert wrong[0] == game.first
    assert set(wrong) <= set(game.mistake.lines)
    names = [line.name for line in game.right]
    differs = [name for name in names if not game.is_right(name)]
    assert differs[0] == game.first
    assert game.expected.costs[-1] < LEARNED[game.mistake.exhibit.base] * game.expected.costs[0]
    assert not np.array_equal(game.expected.costs, game.outcome.costs)
    assert len(set(game.choices)) == CHOICES
    assert game.mistake.exhibit.title in game.choices


def test_rounds_repeat_and_differ_and_play_every_part_of_a_step():
    rounds = [draw_round(seed) for seed in range(25)]
    again = draw_round(3)
    assert (rounds[3].right, rounds[3].mistake, rounds[3].choices) == (
        again.right,
        again.mistake,
        again.choices,
    )
    assert rounds[3].right != rounds[4].right
    assert {game.line(game.first).phase for game in rounds} == {"forward", "cost", "backward", "update"}
    assert {game.mistake.exhibit.base for game in rounds} == {"plain", "L2"}
    every = list(mistakes())
    assert {mistake.symbol for mistake in every} == {"Z", "A", "J", "dZ", "dW", "db", "dA", "W′", "b′"}
    assert all(line.phase != "given" for mistake in every for line in mistake.lines.values())
    for game in rounds[:8]:  # the gradient check passes where the mistake is in the update alone
        failed = {name for name, verdict in game.verdicts().items() if verdict != "good"}
        assert bool(failed) == (game.line(game.first).phase != "update")


def test_operands_are_those_of_the_right_line():
    game = draw_round(1)
    operands = {"Z2": "W2 A1 b2", "dZ2": "dA2 A2", "db1": "dZ1", "J": "Y A3"}
    assert {name: " ".join(game.operands(name)) for name in operands} == operands
    with pytest.raises(StopIteration):
        game.line("Q7")
