"""When numbers go wrong: which step, layer, quantity and example, and why."""

import re
from dataclasses import replace
from math import inf, isfinite
from typing import NamedTuple

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, Session, SessionState
from deepstep.errors import DivergenceError
from deepstep.preparation.batches import Examples, batch, n_batches
from deepstep.training.history import History
from deepstep.training.plan import Rates
from deepstep.training.quantities import Quantity, quantities
from deepstep.training.rate_finder import times_too_high
from deepstep.types import AnyArray, Array

EXPECTED = "the cost and the parameters stay finite"

DIVERGED = "diverged"
"""Why a history ended."""

LARGE = 1e3
"""Inputs, targets and weights beyond this are worth a word."""

BEYOND = 1e100
"""A larger number is about to leave the finite numbers: its squares and products do."""


TINY = 1e-10
"""Sample weights whose mean is below this are worth a word, too."""


class Walk(NamedTuple):
    """Steps that can be done again: the batches of an epoch (or several epochs of one batch, from ``epoch``
    on) and what they run at; ``first`` is the state that the training began with.
    """

    examples: Examples
    order: AnyArray | None
    batch_size: int | None
    numbers: range
    rates: Rates
    epoch: int
    first: SessionState


def all_finite(state: SessionState) -> bool:
    """Whether everything that training carries on is: a second moment that is infinite ends learning, too."""
    average = () if state.average is None else (state.average,)
    vectors = (state.theta, *state.slots.values(), *state.statistics.values(), *average)
    return all(np.isfinite(vector).all() for vector in vectors)


def divergence(session: Session, walk: Walk, where: str) -> DivergenceError:
    """The error for steps that left the finite numbers, found by doing them again with the equations.

    The session has the state before the steps; afterwards it has the last finite one.
    """
    before, replay = session.state(), _replay(session)
    with np.errstate(all="ignore"):
        for at, number in enumerate(walk.numbers):
            rows = batch(walk.order, len(walk.examples), walk.batch_size, number)
            X, Y, weight = walk.examples.take(rows)
            if weight is not None and not weight.any():
                continue
            rate, decay, dropout = (float(values[at]) for values in walk.rates)
            opened = replay.open_step(
                X, Y, learning_rate=rate, sample_weight=weight, weight_decay=decay, dropout=dropout
            )
            found = next((quantity for quantity in quantities(replay, opened) if not quantity.finite), None)
            if found is None:
                replay.load(opened.after)
                continue
            session.load(opened.before)
            place = _place(found, np.arange(len(walk.examples))[rows])
            epoch = walk.epoch + number // n_batches(len(walk.examples), walk.batch_size)
            time = f"epoch {epoch}, step {opened.after.step}, at learning rate {rate:g}"
            cause, mend = _cause(found, opened, walk.first)
            if not isfinite(rate):
                cause, mend = f"the learning rate is {rate}", "Let learning_rate give finite numbers."
            elif not found.own and not _given(found) and not _weigh_more(opened):
                factor = times_too_high(replay, opened, rate, decay, (walk.first, before))
                if factor is None and found.updated:
                    mend = f"Lower the learning rate{_or_scale(opened)}."
                if factor is not None:
                    cause += f"; the learning rate is about {float(f'{factor:.1g}'):g} × too high"
                    mend = f"Lower the learning rate to about {rate / factor:.1g}{_or_scale(opened)}."
            came = f"{place} in {time}: {cause}"
            of_layer, step = found.layer or None, opened.after.step
            return DivergenceError(where, EXPECTED, came, mend, layer=of_layer, step=step)
    return DivergenceError(
        where,
        EXPECTED,
        f"they did not in epoch {walk.epoch} on the engine {session.name!r}, though they do in the reference",
        "Lower the learning rate, or use engine='reference'.",
    )


class Evaluations(NamedTuple):
    """Where a minimizer, which has no steps and no learning rate, asked for J and its gradient.

    ``first`` is the state that training began with; ``finite`` the last θ at which both were finite, and
    ``broken`` the first one after it, where they were not.
    """

    examples: Examples
    first: SessionState
    finite: Array
    broken: Array


def evaluation_divergence(session: Session, evaluations: Evaluations, where: str) -> DivergenceError:
    """The error for a minimizer that left the finite numbers, found by evaluating again with the equations.

    Where it came to a θ that is not finite although J and its gradient were, the error names what was already
    beyond measure at the θ before. The session is loaded with the θ that is diagnosed.
    """
    examples, first, finite, broken = evaluations
    lost = not np.isfinite(broken).all()
    session.load(replace(first, theta=finite if lost else broken))
    limit = BEYOND if lost else inf
    X, Y, weight = examples.take(slice(None))
    replay = _replay(session)
    with np.errstate(all="ignore"):
        opened = replay.open_step(X, Y, learning_rate=0.0, sample_weight=weight)
        measured = (quantity._replace(limit=limit) for quantity in quantities(replay, opened))
        found = next((quantity for quantity in measured if not quantity.finite), None)
        layer = None if found is None else found.layer or None
        mend = _rescale(opened, first, rated=False)
        came = f"the line search left them, from a cost J of {opened.costs.total:.3g}"
        if found is not None:
            cause, mend = _cause(found, opened, first, rated=False)
            place = _place(found, np.arange(len(examples)))
            came = f"{came}, where {place}: {cause}" if lost else f"{place}: {cause}"
        elif not lost:
            came = f"they did not on the engine {session.name!r}, though they do in the reference"
            mend = _weigh_more(opened) or "Use engine='reference'."
    return DivergenceError(where, EXPECTED, came, mend, layer=layer)


def keep(error: DivergenceError, session: Session, history: History) -> None:
    """Let the error of a training hold what was reached: the records, and the session's state."""
    history.stopped = DIVERGED
    error.history, error.parameters = history, session.parameters.copy()
    error.statistics = dict(session.state().statistics)


def _replay(session: Session) -> ReferenceSession:
    state = session.state()
    replay = ReferenceSession(session.architecture, session.parameters, session.settings, state.statistics)
    replay.load(state)
    return replay


def _place(found: Quantity, rows: AnyArray) -> str:
    """Which entry it is: ``"layer 2, Z: example 17, unit 3 is inf"``."""
    if found.name == "J":
        return f"the cost J is {found.value[0]}"
    unit, column = _first(found)
    layer = f"layer {found.layer}, " if found.layer else ""
    value = found.value[unit, column]
    if not found.columns:
        return f"{layer}{found.name}: entry [{unit}, {column}] is {value}"
    broken = int(found.broken.any(axis=0).sum())
    others = "" if broken == 1 else f" (and {broken - 1} more of the batch's {len(rows)})"
    of_unit = f", unit {unit}" if len(found.value) > 1 else ""
    return f"{layer}{found.name}: example {rows[column]}{others}{of_unit} is {value}"


def _first(found: Quantity) -> tuple[int, int]:
    """Unit and column of the first entry that is not finite, example by example."""
    column, unit = np.argwhere(found.broken.T)[0]
    return int(unit), int(column)


def _cause(
    found: Quantity, opened: OpenedStep, first: SessionState, *, rated: bool = True
) -> tuple[str, str]:
    """The operation with the range of what went into it at that place, and how to mend it."""
    given = _given(found)
    if given:
        return f"{given} is not finite from the beginning", "Fill or drop what is not finite."
    ranges = ", ".join(_range(name, value, found) for name, value in found.sources.items())
    if found.own:
        return f"{found.made_by}, your own, is not finite for {ranges}", f"Mend {found.made_by}."
    does = "overflows" if found.limit == inf else "grows beyond measure"
    return f"{found.made_by} {does}, {ranges}", _rescale(opened, first, rated=rated)


def _given(found: Quantity) -> str:
    """The first source that is not finite itself: then it is an input, a target or a parameter as given."""
    return next((name for name, source in found.sources.items() if not np.isfinite(source).all()), "")


_OF_A_UNIT = re.compile(r"(W|W_s|b|gamma|alpha)\d")
"""Parameters that have a row for each unit."""


def _range(name: str, source: Array, found: Quantity) -> str:
    if found.columns:
        unit, column = _first(found)
        if _OF_A_UNIT.match(name):
            source = source[unit]
        elif source.ndim == 2 and source.shape[1] == found.value.shape[1]:
            source = source[:, column]
    low, high = float(np.min(source)), float(np.max(source))
    return f"{name} = {low:.3g}" if low == high else f"{name} from {low:.3g} to {high:.3g}"


def _or_scale(opened: OpenedStep) -> str:
    """The hint to scale the inputs instead of lowering the rate, where they are large."""
    return ", or scale the inputs to mean 0 and standard deviation 1" if _largest(opened.X) > LARGE else ""


def _rescale(opened: OpenedStep, first: SessionState, *, rated: bool = True) -> str:
    """The advice where no learning rate would help, or there is none: what is large?"""
    if of_weights := _weigh_more(opened):
        return of_weights
    sizes = {
        "Scale the inputs to mean 0 and standard deviation 1": _largest(opened.X),
        "Scale the targets to mean 0 and standard deviation 1": _largest(opened.Y),
        "Begin with smaller weights": _largest(first.theta),
    }
    advice, size = max(sizes.items(), key=lambda pair: pair[1])
    if size > LARGE:
        return f"{advice}: they go up to {size:.3g}."
    if not rated:
        return "Begin with smaller weights, or use activations that grow more slowly."
    return "Lower the learning rate, or scale the inputs to mean 0 and standard deviation 1."


def _weigh_more(opened: OpenedStep) -> str:
    """The advice where the sample weights are so small that what is divided by their sum overflows."""
    mean = 1.0 if opened.sample_weight is None else float(np.mean(opened.sample_weight, dtype=np.float64))
    if mean > TINY:
        return ""
    return (
        "Multiply the sample weights by one number so that their mean is 1 (the loss does not change): it is "
        f"{mean:.3g}, and L1 and L2 are divided by their sum."
    )


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0))
