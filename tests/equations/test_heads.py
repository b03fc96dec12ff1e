"""Heads: settings, what fits an architecture, answers and probabilities, costs at the edges of floats."""

import pickle
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from deepstep.equations import (
    answers,
    compute_cost,
    cost_from_logits,
    formula_symbols,
    get_activation,
    get_head,
    output_gradient,
    probabilities,
)
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture


class TestSettings:
    @pytest.mark.parametrize("copied", [deepcopy, lambda head: pickle.loads(pickle.dumps(head))])
    def test_a_head_can_be_copied(self, copied: Any) -> None:
        head = get_head("huber").with_settings(delta=2.0)
        again = copied(head)
        assert dict(again.settings) == {"delta": 2.0}
        assert again.loss(np.array([[5.0]]), np.array([[0.0]])).item() == 8

    @pytest.mark.parametrize(
        "numbers", [np.array([0.1, 0.5]), [np.float64(0.1), np.float32(0.5)], (0.1, 0.5)]
    )
    def test_numpy_s_numbers_become_plain_ones(self, numbers: Any) -> None:
        levels = get_head("quantile").with_settings(levels=numbers).settings["levels"]
        assert levels == (0.1, 0.5)
        assert all(type(level) is float for level in levels)

    @pytest.mark.parametrize(
        ("name", "settings", "message"),
        [
            (
                "huber",
                {"detla": 1.0},
                "must have names among 'delta', got 'detla'. Did you",
            ),
            ("identity", {"delta": 1.0}, " must have no names, got 'delta'"),
            ("huber", {"delta": 0}, "must be a positive number, got 0"),
            ("huber", {"delta": 10**400}, "must be a positive number"),
            ("huber", {"delta": True}, "got True"),
            ("sigmoid", {"smoothing": 1.0}, "must be a number from 0 to below 1, got 1.0"),
            ("quantile", {"levels": []}, "levels'. must be numbers between 0 and 1 that increase"),
            ("quantile", {"levels": [0.5, 0.5]}, r"got \[0.5, 0.5\]"),
            ("quantile", {"levels": [0.0, 0.5]}, r"got \[0.0, 0.5\]"),
            ("quantile", {"levels": 0.5}, "got 0.5"),
        ],
    )
    def test_what_cannot_be_is_refused(self, name: str, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError, match=f"^output_settings.*{message}"):
            get_head(name).with_settings(**settings)

    def test_formulas_say_them(self) -> None:
        assert formula_symbols(get_head("softmax"), 4) == {}
        assert formula_symbols(get_head("sigmoid").with_settings(smoothing=0.1), 4) == {"Y": "(0.9·Y + 0.05)"}
        assert formula_symbols(get_head("huber"), 1) == {"δ": "1"}


class TestOfAnArchitecture:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((("tanh",),), "^output must be one of .* got 'tanh'"),
            ((("softmax",), "sigmoid"), "must be 'sigmoid' .*The output 'softmax' has another loss.$"),
            ((("relu",), "sigmoid"), "^The last activation must be 'sigmoid' .*got 'relu'.$"),
            (
                (("sigmoid",), "softmax"),
                "must be 'softmax' for the output 'softmax', got 'sig",
            ),
            ((("identity",), "poisson"), "must be 'exponential' for the output 'poisson'"),
            (
                (("identity",), "huber", {"delta": -1}),
                "^output_settings.* must be a positive number, got -1",
            ),
            (
                (("increasing",), "quantile"),
                r"^The levels \[0.1, 0.5, 0.9\] need 3 outputs, got 2\. Let the last layer",
            ),
        ],
    )
    def test_what_does_not_fit_is_refused(self, arguments: Any, message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            get_head(Architecture((5, 2), *arguments))

    def test_levels_and_outputs_are_compared_in_the_loss_too(self) -> None:
        Z = np.zeros((1, 4))
        for equation in (cost_from_logits, output_gradient, compute_cost):
            with pytest.raises(
                ShapeError, match=r"a row for each of .* \[0.1, 0.5, 0.9\], got shape \(1, 4\)"
            ):
                equation(Z, Z, output="quantile")


class TestAnswers:
    def test_by_hand(self) -> None:
        AL = np.array([[0.9, 0.5, 0.2], [0.6, 0.5, 0.1]])
        assert answers("sigmoid", AL).tolist() == [[1, 0, 0], [1, 0, 0]]
        assert answers("softmax", AL).tolist() == [[0, 0, 0]]
        assert answers("ordinal", AL).tolist() == [[2, 0, 0]]
        for name in ("identity", "absolute_error", "huber", "poisson", "quantile"):
            assert answers(name, AL).tolist() == AL.tolist()
            assert probabilities(name, AL) is None
        for name in ("sigmoid", "softmax"):
            np.testing.assert_array_equal(probabilities(name, AL), AL)  # type: ignore[arg-type]
        np.testing.assert_allclose(
            probabilities("ordinal", AL),  # type: ignore[arg-type]
            [[0.1, 0.5, 0.8], [0.3, 0, 0.1], [0.6, 0.5, 0.1]],
            rtol=1e-15, atol=1e-16,
        )  # fmt: skip

    def test_ordered_classes_have_probabilities(self) -> None:
        """At least 0, of sum 1, and in the precision of the output, however far out."""
        ends = [-1e4, -40.0, -1.0, 0.0, 1.0, 40.0, 1e4]
        Z = np.stack(np.meshgrid(ends, ends, ends)).reshape(3, -1)
        for dtype in (np.float32, np.float64):
            P = probabilities("ordinal", get_activation("ordinal").forward(Z.astype(dtype)))
            assert P is not None
            assert P.dtype == dtype
            assert (P >= 0).all()
            np.testing.assert_allclose(P.sum(axis=0), 1, rtol=1e-6)


class TestTheEdgesOfFloats:
    def test_a_mean_of_large_losses_is_finite(self) -> None:
        Z = np.full((1, 10), 1e308)
        assert cost_from_logits(Z, np.zeros((1, 10)), output="absolute_error") == pytest.approx(
            1e308, rel=1e-14
        )
        assert cost_from_logits(Z, np.zeros((1, 10))) == pytest.approx(1e308, rel=1e-14)
        assert compute_cost(Z, np.zeros((1, 10)), output="absolute_error") == pytest.approx(1e308, rel=1e-14)
        small = np.full((1, 10), 1e-320)
        assert cost_from_logits(small, 0 * small, output="absolute_error") == pytest.approx(1e-320)

    def test_a_softmax_that_is_sure_and_right_or_wrong(self) -> None:
        Z = np.array([[1.7e308, -1.7e308], [-1.7e308, 1.7e308]])
        costs = [cost_from_logits(Z[:, [i]], np.array([[1.0], [0.0]]), output="softmax") for i in (0, 1)]
        assert costs[0] == 0
        assert costs[1] == np.finfo(float).max

    def test_what_no_float_can_hold_is_infinite_without_a_warning(self) -> None:
        assert cost_from_logits(np.array([[1e200]]), np.array([[0.0]]), output="identity") == np.inf
        assert cost_from_logits(np.array([[1e4]]), np.array([[1.0]]), output="poisson") == np.inf
        assert output_gradient(np.array([[1e4]]), np.array([[1.0]]), output="poisson").item() == np.inf


def test_a_cost_of_the_output_needs_a_loss_of_the_output() -> None:
    from dataclasses import replace

    bare = replace(get_head("identity"), textbook=None, textbook_backward=None)
    with pytest.raises(ConfigurationError, match=r"^The loss of 'identity' is of the logits\. Use cost_"):
        compute_cost(np.zeros((1, 2)), np.zeros((1, 2)), output=bare)
