"""Writes src/lesson/equations.json: the library's source of each micro-step, for pages made without Python.

python web/tools/sources.py
"""

import ast
import json
from inspect import getsource, getsourcelines
from pathlib import Path
from textwrap import dedent
from typing import Any

from deepstep.equations import EQUATIONS, HEADS, OPTIMIZERS, get_activation
from deepstep.explorer.abilities import ACTIVATIONS

TARGET = Path(__file__).parents[1] / "src" / "lesson" / "equations.json"
HIDDEN = (*ACTIVATIONS, "softmax")
OF_EVERY_STEP = (
    *("linear_forward", "linear_backward", "dropout_forward", "dropout_backward"),
    *("cost_from_logits", "l2_cost", "decoupled_decay"),
)


def names() -> list[str]:
    """The equations of the page's micro-steps."""
    found = dict.fromkeys(OF_EVERY_STEP)
    for name in HIDDEN:
        activation = get_activation(name)
        found |= dict.fromkeys((activation.forward.__name__, activation.backward.__name__))
    for name in ("sigmoid", "softmax", "identity"):
        found |= dict.fromkeys((HEADS[name].loss.__name__, HEADS[name].loss_backward.__name__))
    for name in ("gd", "momentum", "nesterov", "rmsprop", "adam", "lion"):
        found[OPTIMIZERS[name].update.__name__] = None
    return list(found)


def without_docstring(text: str) -> str:
    """The definition without decorator and docstring."""
    function = ast.parse(dedent(text)).body[0]
    lines = dedent(text).splitlines()
    docstring = function.body[0]
    del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join(lines[function.lineno - 1 :])


def equations() -> dict[str, Any]:
    """Sources as a lesson has them; formulas, which the page writes itself, are left out for their size."""
    sources = {}
    for name in names():
        function = EQUATIONS[name].function
        module = function.__module__.removeprefix("deepstep.").replace(".", "/")
        sources[name] = {
            "file": f"{module}.py",
            "line": getsourcelines(function)[1],
            "text": without_docstring(getsource(function)),
        }
    return {"sources": sources}


def text() -> str:
    """The file's text."""
    return json.dumps(equations(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
