"""The library's own words about a step: source text and formulas of its equations."""

from collections.abc import Iterable
from inspect import getsourcefile, getsourcelines
from pathlib import Path
from typing import Any

import deepstep
from deepstep.equations import EQUATIONS, HEADS, Equation, get_activation, get_optimizer
from deepstep.explorer.abilities import ACTIVATIONS, OPTIMIZERS, OUTPUTS

ROOT = Path(deepstep.__file__).parent

OF_EVERY_STEP = (
    "linear_forward",
    "linear_backward",
    "dropout_forward",
    "dropout_backward",
    "cost_from_logits",
    "l2_cost",
    "decoupled_decay",
)


def equations_of_a_page() -> list[str]:
    """The equations of all steps that a page can make by itself, whatever its reader chooses there.

    >>> found = equations_of_a_page()
    >>> {"linear_forward", "mish_backward", "squared_error", "lion_update"} <= set(found)
    True
    """
    activations = [get_activation(name) for name in dict.fromkeys((*ACTIVATIONS, *OUTPUTS))]
    heads = [HEADS[name] for name in OUTPUTS]
    functions = [
        *(part for activation in activations for part in (activation.forward, activation.backward)),
        *(part for head in heads for part in (head.loss, head.loss_backward)),
        *(get_optimizer(name).update for name in OPTIMIZERS),
    ]
    return list(dict.fromkeys([*OF_EVERY_STEP, *(function.__name__ for function in functions)]))


def sources_of(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """File, line and text of each registered equation, taken from the file that runs."""
    found = ((name, _source(EQUATIONS[name])) for name in names if name in EQUATIONS)
    return {name: source for name, source in found if source is not None}


def formulas_of(names: Iterable[str]) -> dict[str, str]:
    """The formula of each registered equation, as the registry has it.

    >>> formulas_of(["linear_forward"])
    {'linear_forward': 'Z = W·A_prev + b'}
    """
    return {name: EQUATIONS[name].formula for name in names if name in EQUATIONS}


def _source(equation: Equation) -> dict[str, Any] | None:
    """From the line of ``def`` on; None where no source lies beside the program."""
    try:
        lines, first = getsourcelines(equation.function)
        file = Path(getsourcefile(equation.function) or "")
    except (OSError, TypeError):
        return None
    skipped = next((at for at, line in enumerate(lines) if line.startswith("def ")), 0)
    place = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name
    return {"file": place, "line": first + skipped, "text": "".join(lines[skipped:]).rstrip("\n")}
