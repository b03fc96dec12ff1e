"""The update in a trace: from the gradient to θ′, parameter by parameter."""

from collections.abc import Iterator, Mapping

from deepstep.engines import OpenedStep, Settings
from deepstep.equations import EQUATIONS, Optimizer, get_optimizer
from deepstep.inspection.trace import TraceEntry
from deepstep.network import Parameters
from deepstep.network.layout import kind_and_layer
from deepstep.types import Array


def trace_update(settings: Settings, theta: Parameters, opened: OpenedStep) -> Iterator[TraceEntry]:
    """The entries of the update.

    Parameters
    ----------
    settings : Settings
    theta : Parameters
        θ before the step.
    opened : OpenedStep
    """
    L, rule, t = theta.n_layers, get_optimizer(settings.optimizer), opened.after.step
    if rule.counts_steps or settings.average:
        yield TraceEntry("t", L, "update", "t, the number of the step", "", float(t))
    corrected = rule.corrected(opened.after.slots, t=t, hyperparameters=settings.hyperparameters)
    averages = {**opened.after.slots, **corrected}
    for name in theta:
        yield from _of_parameter(name, settings, theta, opened, averages)
    for name, value in opened.after.statistics.items():
        kind = name.rstrip("0123456789")
        before, equation = f"running {name}", EQUATIONS["running_statistics"]
        formula = equation.written(kind, {kind: before, f"{kind}_batch": name})
        layer = int(name[len(kind) :])
        yield _after(before, layer, formula, equation.name, value, name=f"{before}′")


def _of_parameter(
    name: str, settings: Settings, theta: Parameters, opened: OpenedStep, averages: Mapping[str, Array]
) -> Iterator[TraceEntry]:
    """One parameter's way from its gradient to what it becomes."""
    kind, layer = kind_and_layer(name)
    g, now = f"d{name}", name

    def part(vector: Array) -> Array:
        return theta.like(vector)[name]

    def number(factors: float | Array) -> str:
        """A rate or a decay, which is one for all entries of a parameter."""
        return f"{factors if isinstance(factors, float) else part(factors)[0, 0]:g}"

    for function, most, vector, suffix in (
        ("clip_by_value", settings.clip_value, opened.cut, "cut"),
        ("clip_by_norm", settings.clip_norm, opened.clipped, "clipped"),
    ):
        if most is not None:
            # ‖g‖ is the norm of the whole gradient
            formula = EQUATIONS[function].written("g", {"‖g‖": "‖g‖", "g": g, "c": f"{most:g}"})
            entry = _after(g, layer, formula, function, part(vector), name=f"d{name}_{suffix}")
            yield entry
            g = entry.name
    alpha = number(opened.rates)
    decay = number(opened.decays)
    if decay != "0":
        formula = EQUATIONS["decoupled_decay"].written("θ", {"θ": now, "α": alpha, "λ": decay})
        entry = _after(now, layer, formula, "decoupled_decay", part(opened.decayed), name=f"{name}_decayed")
        yield entry
        now = entry.name
    rule: Optimizer = get_optimizer(settings.optimizer)
    equation = EQUATIONS[rule.update.__name__].with_settings(rule.settings(settings.hyperparameters))
    symbols = {"θ": now, "g": g, "α": alpha, **{symbol: f"{symbol}_d{name}" for symbol in averages}}
    for symbol, vector in averages.items():
        formula = equation.written(f"{symbol} ", symbols)
        yield TraceEntry(f"{symbol}_d{name}", layer, "update", formula, equation.name, part(vector))
    limited = settings.max_norm is not None and kind == "W"
    moved = f"{name}_moved" if limited else f"{name}′"
    yield _after(now, layer, equation.written("θ", symbols), equation.name, part(opened.moved), name=moved)
    if limited:
        formula = EQUATIONS["limit_norms"].written("W", {"W": moved, "c": f"{settings.max_norm:g}"})
        yield _after(moved, layer, formula, "limit_norms", part(opened.after.theta), name=f"{name}′")
    if opened.after.average is not None:
        name_of, equation = f"{name}_average", EQUATIONS["average_update"]
        symbols = {"θ̄": name_of, "θ": f"{name}′", "β": f"{settings.average:g}"}
        first, _, later = equation.written("θ̄", symbols).partition(" for t = 1, then ")
        formula = first if opened.before.average is None else later
        yield TraceEntry(name_of, layer, "update", formula, equation.name, part(opened.after.average))


def _after(before: str, layer: int, formula: str, equation: str, value: Array, *, name: str) -> TraceEntry:
    """What a quantity becomes: on the left side of its formula stands its new name."""
    return TraceEntry(name, layer, "update", formula.replace(before, name, 1), equation, value)
