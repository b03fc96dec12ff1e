"""When numbers go wrong: which step, layer, quantity and example, and why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, Session, SessionState
from deepstep.equations import EQUATIONS, HEADS, Equation, get_head
from deepstep.equations.ops import backward, symbol_and_layer
from deepstep.errors import DivergenceError
from deepstep.preparation.batches import Examples, batch, n_batches
from deepstep.training.history import History
from deepstep.training.plan import Rates
from deepstep.training.rate_finder import times_too_high
from deepstep.types import AnyArray, Array

DIVERGED = "diverged"  # why a history ended
LARGE = 1e3  # inputs, targets and weights beyond this are worth a word
TINY = 1e-10  # sample weights whose mean is below this are worth a word, too

SCALED = "to mean 0 and standard deviation 1"

OF_A_UNIT = re.compile(r"(W|W_s|b|gamma)\d")  # parameters that have a row for each unit


class Walk(NamedTuple):
    """Some steps that can be done again."""

    examples: Examples
    order: AnyArray | None
    batch_size: int | None
    numbers: range  # of the batches, from those of the epoch on
    rates: Rates
    epoch: int
    first: SessionState  # that the training began with

    def part(self, k: int) -> "Walk":
        """The first k steps."""
        rates = Rates(*(values[:k] for values in self.rates))
        return self._replace(numbers=self.numbers[:k], rates=rates)

    def rows(self, index: int) -> AnyArray | slice:
        """The rows of the batch of a step."""
        return batch(self.order, len(self.examples), self.batch_size, self.numbers[index])

    def batch(self, index: int) -> tuple[Array, Array, Array | None]:
        """X (n_x, k), Y (n_L, k) and the weights (k,) of a step."""
        return self.examples.take(self.rows(index))


class Quantity(NamedTuple):
    """One quantity of a step, such as ``"Z"`` or ``"dW"``; inputs and J have layer 0."""

    name: str
    layer: int
    value: Array
    made_by: str  # a formula or the name of an operation
    sources: Mapping[str, Array]  # its operands by name
    columns: bool = False  # whether each column is an example
    by_user: bool = False  # whether it is a result of the user's own function

    @property
    def broken(self) -> AnyArray:
        """Which entries are not finite; of the value's shape."""
        return ~np.isfinite(self.value)

    @property
    def first(self) -> tuple[int, int]:
        """Unit and column of the first entry that is broken, example by example."""
        column, unit = np.argwhere(self.broken.T)[0]
        return int(unit), int(column)

    @property
    def bad_source(self) -> str:
        """The first source that is not finite itself: an input, a target or a parameter as given."""
        return next((name for name, source in self.sources.items() if not np.isfinite(source).all()), "")


def all_finite(state: SessionState) -> bool:
    """Whether everything that training carries on is: a second moment that is infinite ends learning, too."""
    vectors = (state.theta, *state.slots.values(), *state.statistics.values())
    # a sum is not finite where a number is not; only where large ones make it so, each is looked at
    with np.errstate(over="ignore", invalid="ignore"):
        return all(np.isfinite(vector.sum()) or np.isfinite(vector).all() for vector in vectors)


def divergence(session: Session, walk: Walk) -> DivergenceError:
    """The error for steps that became NaN or infinite, repeated; the session gets the last finite state."""
    before, replay, m = session.state(), _replay(session), len(walk.examples)
    with np.errstate(all="ignore"):
        for index, number in enumerate(walk.numbers):
            X, Y, weight = walk.batch(index)
            if weight is not None and not weight.any():
                continue
            rate, decay, dropout = (float(values[index]) for values in walk.rates)
            opened = replay.open_step(
                X, Y, learning_rate=rate, sample_weight=weight, weight_decay=decay, dropout=dropout
            )
            quantity = _first_broken(replay, opened)
            if quantity is None:
                replay.load(opened.after)
                continue
            session.load(opened.before)
            cause, hint = _cause(quantity, opened, walk.first)
            if replay.mistake is not None:
                cause = "the mistake in the backward pass"
                hint = "Leave out fault, or lower the learning rate."
            elif not isfinite(rate):
                cause = f"the learning rate is {rate}"
                hint = "Let learning_rate give finite numbers."
            elif not (quantity.by_user or quantity.bad_source or _weigh_more(opened)):
                factor = times_too_high(replay, opened, rate, decay, (walk.first, before))
                or_scale = f", or scale the inputs {SCALED}." if _largest(opened.X) > LARGE else "."
                if factor is not None:
                    cause += f"; the learning rate is about {float(f'{factor:.1g}'):g} × too high"
                    hint = f"Lower the learning rate to about {rate / factor:.1g}{or_scale}"
                elif "the gradient" in quantity.sources:
                    hint = f"Lower the learning rate{or_scale}"
            epoch = walk.epoch + number // n_batches(m, walk.batch_size)
            step = opened.after.step
            place = f"{_place(quantity, np.arange(m)[walk.rows(index)])} in epoch {epoch}, step {step}"
            problem = f"Training diverged: {place}, at learning rate {rate:g}: {cause}"
            return DivergenceError(problem, hint, layer=quantity.layer or None, step=step)
    return _of_the_engine(session, f"in epoch {walk.epoch}")


def _of_the_engine(session: Session, place: str) -> DivergenceError:
    """The error for numbers that are finite in the reference."""
    problem = f"Training diverged {place} on the engine {session.name!r}, though not in the reference"
    return DivergenceError(problem, "Lower the learning rate, or use engine='reference'.")


def evaluation_divergence(
    session: Session, examples: Examples, first: SessionState, finite: Array, broken: Array
) -> DivergenceError:
    """The error for a minimizer whose J or gradient was finite at a θ, and not at the next, ``broken``."""
    lost = not np.isfinite(broken).all()
    session.load(replace(first, theta=finite if lost else broken))
    X, Y, weight = examples.take(slice(None))
    replay = _replay(session)
    with np.errstate(all="ignore"):
        opened = replay.open_step(X, Y, learning_rate=0.0, sample_weight=weight)
        quantity = _first_broken(replay, opened)
        if quantity is not None:
            cause, hint = _cause(quantity, opened, first, rated=False)
            problem = f"Training diverged: {_place(quantity, np.arange(len(examples)))}: {cause}"
            return DivergenceError(problem, hint, layer=quantity.layer or None)
        if not lost:
            return _of_the_engine(session, "at parameters that are finite")
        reached = f"from a cost J of {opened.costs.total:.3g}"
        problem = f"Training diverged: the line search left the finite numbers, {reached}"
        return DivergenceError(problem, _rescale(opened, first, rated=False))


def keep(error: DivergenceError, session: Session, history: History) -> None:
    """Let the error of a training hold what was reached: the records, and the session's state."""
    history.stopped = DIVERGED
    error.history, error.parameters = history, session.parameters.copy()
    error.statistics = dict(session.state().statistics)


def _replay(session: Session) -> ReferenceSession:
    state = session.state()
    replay = ReferenceSession(session.architecture, session.parameters, session.settings, state.statistics)
    replay.load(state)  # with the optimizer's vectors and the count of updates, from which dropout is drawn
    replay.mistake = session.mistake if isinstance(session, ReferenceSession) else None
    return replay


def _first_broken(session: ReferenceSession, opened: OpenedStep) -> Quantity | None:
    return next((quantity for quantity in _quantities(session, opened) if quantity.broken.any()), None)


def _quantities(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    """All quantities of an opened step in the order in which they arise, each computed when asked for."""
    graph, tape = opened.graph, opened.tape
    yield Quantity("A0", 0, opened.X, "the input", {"X": opened.X}, columns=True)
    for node in graph.nodes:
        sources = {name: tape[name] for name in node.reads}
        for symbol, name in node.made:
            equation, columns = node.op.forward_equation, symbol not in node.op.per_layer
            formula = equation.written(symbol, node.symbols)
            yield _result(name, tape[name], equation, formula, sources, columns)
    yield from _of_the_cost(session, opened)
    derivatives = {graph.logits: opened.dZL}
    for node, gradients in backward(graph.nodes, tape, dict(derivatives), input_gradient=False):
        equation, written = node.op.backward_equation, node.writes[0]
        sources = {f"d{written}": derivatives[written]} | {name: tape[name] for name in node.needs}
        symbols = dict(zip(node.gives, node.op.gives, strict=True))
        for name, value in gradients.items():
            columns = name not in graph.learned and tape[name].shape == value.shape and name[0] != "W"
            formula = equation.written(f"d{symbols[name]}", node.symbols)
            yield _result(f"d{name}", value, equation, formula, sources, columns)
        derivatives |= gradients
    yield from _of_the_update(session, opened)


def _result(
    name: str, value: Array, equation: Equation, formula: str, sources: Mapping[str, Array], columns: bool
) -> Quantity:
    """The result of an operation; the name of a function that a user registered stands for its formula."""
    symbol, layer = symbol_and_layer(name)
    by_user = EQUATIONS.get(equation.name) is not equation
    made_by = equation.name if by_user else formula
    return Quantity(symbol + ")" * name.endswith(")"), layer, value, made_by, sources, columns, by_user)


def _of_the_cost(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    head, L = get_head(session.architecture), session.architecture.n_layers
    sources, function = {f"Z{L}": opened.ZL, "Y": opened.Y}, f"the loss of the output {head.name!r}"
    by_user = head.name not in HEADS.built_in
    loss = head.loss(*sources.values())
    yield Quantity("loss", L, loss, function, sources, True, by_user)
    costs, weights = opened.costs, {"the weights": session.parameters.flat}
    for value, made_by, made_from in (
        (costs.data, "the mean of the losses", {"loss": loss}),
        (costs.l1, "the L1 term", weights),
        (costs.l2, "the L2 term", weights),
        (costs.total, "the sum with its regularization", weights),
    ):
        yield Quantity("J", 0, np.array([value]), made_by, made_from)
    yield Quantity("dZ", L, opened.dZL, f"the derivative of {function}", sources, True, by_user)


def _of_the_update(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    before, after, like = opened.before, opened.after, session.parameters.like
    theta, g = {"θ": before.theta}, {"the gradient": opened.clipped}
    slots = ((f"{{}}, the optimizer's {slot}", like(vector)) for slot, vector in after.slots.items())
    for words, values, made_by, sources in (
        ("d{}", like(opened.gradient), "the derivative of the regularization", theta),
        ("d{}", like(opened.cut), "the clipping by value", g),
        ("d{}", like(opened.clipped), "the clipping by norm", g),
        ("{}", like(opened.decayed), "the weight decay", theta),
        *((words, values, "the update rule", g) for words, values in slots),
        ("{}", like(after.theta), "the update", theta | g),
        ("running {}", after.statistics, "the moving average", before.statistics),
    ):
        for name, value in values.items():
            symbol, layer = symbol_and_layer(name)
            yield Quantity(words.format(symbol), layer, value, made_by, sources)


def _place(quantity: Quantity, rows: AnyArray) -> str:
    """Which entry it is: ``"layer 2, Z: example 17, unit 3 is inf"``."""
    if quantity.name == "J":
        return f"the cost J is {quantity.value[0]}"
    unit, column = quantity.first
    begin = f"layer {quantity.layer}, {quantity.name}" if quantity.layer else quantity.name
    value = quantity.value[unit, column]
    if not quantity.columns:
        return f"{begin}: entry [{unit}, {column}] is {value}"
    broken = int(quantity.broken.any(axis=0).sum())
    others = "" if broken == 1 else f" (and {broken - 1} more of the batch's {len(rows)})"
    which_unit = f", unit {unit}" if len(quantity.value) > 1 else ""
    return f"{begin}: example {rows[column]}{others}{which_unit} is {value}"


def _cause(
    quantity: Quantity, opened: OpenedStep, first: SessionState, *, rated: bool = True
) -> tuple[str, str]:
    """The operation with the range of what went into it at that place, and what to do about it."""
    if quantity.bad_source:
        return f"{quantity.bad_source} is not finite from the beginning", "Fill or drop what is not finite."
    ranges = ", ".join(_range(name, value, quantity) for name, value in quantity.sources.items())
    if quantity.by_user:
        return f"{quantity.made_by}, your own, is not finite for {ranges}", f"Correct {quantity.made_by}."
    return f"{quantity.made_by} overflows, {ranges}", _rescale(opened, first, rated=rated)


def _range(name: str, source: Array, quantity: Quantity) -> str:
    """The range of an operand at the place of the broken entry: of its unit, or of its example."""
    if quantity.columns:
        unit, column = quantity.first
        if OF_A_UNIT.match(name):
            source = source[unit]
        elif source.ndim == 2 and source.shape[1] == quantity.value.shape[1]:
            source = source[:, column]
    low, high = float(np.min(source)), float(np.max(source))
    return f"{name} = {low:.3g}" if low == high else f"{name} from {low:.3g} to {high:.3g}"


def _rescale(opened: OpenedStep, first: SessionState, *, rated: bool = True) -> str:
    """The advice where no learning rate would help, or there is none: what is large?"""
    if advice := _weigh_more(opened):
        return advice
    size, advice = max(
        (_largest(opened.X), f"Scale the inputs {SCALED}"),
        (_largest(opened.Y), f"Scale the targets {SCALED}"),
        (_largest(first.theta), "Begin with smaller weights"),
        key=itemgetter(0),
    )
    if size > LARGE:
        return f"{advice}: they go up to {size:.3g}."
    if not rated:
        return "Begin with smaller weights, or use activations that grow more slowly."
    return f"Lower the learning rate, or scale the inputs {SCALED}."


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
