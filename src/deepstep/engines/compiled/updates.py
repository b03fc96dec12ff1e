"""The update rules over a run of θ, each in a single pass: θ, the gradient and the state are read once."""

from typing import Any

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.calls import part
from deepstep.engines.compiled.layout import (
    ADAM,
    GD,
    HEAVY_BALL,
    LION,
    MOMENTUM,
    NESTEROV,
    RMSPROP,
    RULE_CODES,
    SIZES,
    SQUARES,
)
from deepstep.engines.compiled.machine import run
from deepstep.equations.updates import EPSILON_AT

OUTSIDE, HAT, INSIDE = range(len(EPSILON_AT))
"""Where Adam's ε stands."""

LEAST_EPSILON = 1e-12
"""An ε from which on numbers that count as 0 do not show: √s of a subnormal s is below 1.1e-19 in float32,
about what a rounding of this ε is.
"""


@part
def steps_show_denormals(plan):
    """Whether an update may be large where the gradient is subnormal: it knows no size, or hardly an ε."""
    divides = plan.rule == RMSPROP or plan.rule == ADAM
    return plan.rule == LION or (divides and plan.epsilon < LEAST_EPSILON)


def _of_rule(rule: int, name: str) -> Any:
    """The routine of an update rule; one β is beta1."""

    def update(plan, state, offset, g, begin, count, rate, keep, step):
        beta1, beta2, epsilon = plan.beta1, plan.beta2, plan.epsilon
        number = g.dtype.type
        theta, g = run(state[0], offset, count), run(g, begin, count)
        first = run(state[1 % state.shape[0]], offset, count)
        second = run(state[2 % state.shape[0]], offset, count)
        alpha, stay, b1, b2 = number(rate), number(keep), number(beta1), number(beta2)
        c1, c2, eps = number(1 - beta1), number(1 - beta2), number(epsilon)
        if rule == GD:
            for i in range(count):
                theta[i] = stay * theta[i] - alpha * g[i]
        elif rule == MOMENTUM:
            for i in range(count):
                v = b1 * first[i] + c1 * g[i]
                first[i] = v
                theta[i] = stay * theta[i] - alpha * v
        elif rule == HEAVY_BALL:
            for i in range(count):
                v = b1 * first[i] - alpha * g[i]
                first[i] = v
                theta[i] = stay * theta[i] + v
        elif rule == NESTEROV:
            for i in range(count):
                pull = alpha * g[i]
                v = b1 * first[i] - pull
                first[i] = v
                theta[i] = stay * theta[i] + b1 * v - pull
        elif rule == RMSPROP:
            for i in range(count):
                s = b1 * first[i] + c1 * g[i] * g[i]
                first[i] = s
                theta[i] = stay * theta[i] - alpha * (g[i] / (np.sqrt(s) + eps))
        elif rule == ADAM:
            pace, share, inside = number(rate / (1 - beta1**step)), number(1 / (1 - beta2**step)), number(0)
            if plan.epsilon_at == HAT:
                pace, share = number(rate / (1 - beta1**step) * np.sqrt(1 - beta2**step)), number(1)
            elif plan.epsilon_at == INSIDE:
                inside, eps = eps, number(0)
            for i in range(count):
                v = b1 * first[i] + c1 * g[i]
                s = b2 * second[i] + c2 * g[i] * g[i]
                first[i], second[i] = v, s
                theta[i] = stay * theta[i] - pace * v / (np.sqrt(s * share + inside) + eps)
        else:
            for i in range(count):
                way = b1 * first[i] + c1 * g[i]
                pace = alpha if way > 0 else -alpha if way < 0 else way
                first[i] = b2 * first[i] + c2 * g[i]
                theta[i] = stay * theta[i] - pace

    return calls.routine("update", name)(update)


UPDATES = {code: _of_rule(code, rule.__name__) for rule, code in RULE_CODES.items()}


@part
def move(plan, parameter, state, offset, gradient, into, count, step, rate, decay):
    """One run of θ after its update, of a row of PARAMETERS."""
    alpha = rate * parameter.rate
    keep = 1 - alpha * (decay * parameter.decay)
    calls.update(plan.update, (plan, state, offset, gradient, into, count, alpha, keep, step))


@calls.routine("regularize")
def regularize(thread, plan, theta, offset, g, begin, count, total, shared):
    """g += l1·sign(θ) + l2·θ for a run; Σ|θ| and Σθ² before the update are added to those of the thread."""
    number = theta.dtype.type
    by_sign, by_size, zero = number(plan.l1 / total), number(plan.l2 / total), number(0)
    theta, g = run(theta, offset, count), run(g, begin, count)
    sizes, squares = 0.0, 0.0
    for i in range(count):
        w = theta[i]
        g[i] += by_size * w + (by_sign if w > zero else -by_sign if w < zero else zero)
        sizes += abs(np.float64(w))
        squares += np.float64(w) * np.float64(w)
    shared[thread, SIZES] += sizes
    shared[thread, SQUARES] += squares


@part
def cut(plan, g, begin, count):
    """Each entry of a run of g to the range from -clip_value to clip_value, where there is one."""
    if plan.clip_value == 0 or plan.only_gradient != 0:
        return
    g, limit = run(g, begin, count), g.dtype.type(plan.clip_value)
    for i in range(count):
        g[i] = limit if g[i] > limit else -limit if g[i] < -limit else g[i]
