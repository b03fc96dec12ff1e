"""How each operation is written in C: by the functions of ``c_functions.c``.

A function has the name ``do_NAME``; ``TYPE0``, ``TYPE1``, … in it are the types of its constants.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

from deepstep.export.program import Step
from deepstep.types import AnyArray

_BLOCK = re.compile(r"/\* (\w+) \*/\n(.*)", re.DOTALL)
FUNCTIONS = {
    match[1]: match[2].rstrip()
    for block in (Path(__file__).parent / "c_functions.c").read_text(encoding="utf-8").split("\n\n")
    if (match := _BLOCK.fullmatch(block))
}
"""Functions of C by name, and the texts around them: those of ``c_functions.c``."""


def function(name: str, /, **texts: object) -> str:
    """A function of C with what the model has in it."""
    return re.sub(r"@(\w+)@", lambda match: str(texts[match[1]]), FUNCTIONS[name])


Names: TypeAlias = Mapping[str, str]
Arrays: TypeAlias = Mapping[str, AnyArray]
Calls: TypeAlias = Iterator[tuple[str, list[str]]]

OTHERS: dict[str, tuple[str, Callable[[Arrays, int], list[object]]]] = {
    "month": ("circle", lambda arrays, width: [0]),
    "weekday": ("circle", lambda arrays, width: [1]),
    "hour": ("circle", lambda arrays, width: [2]),
    "lookup": ("lookup", lambda arrays, width: [len(arrays["table"]) - 2]),
    "interpolate": ("interpolate", lambda arrays, width: [len(arrays["marks"])]),
    "grouped_linear": ("grouped_linear", lambda arrays, width: [*arrays["V"].shape[1:]]),
    "linear": ("linear", lambda arrays, width: [width]),
}
"""Operations whose function has another name or takes more numbers, of the constants and the width."""


def calls(step: Step, reads: list[str], names: Names, arrays: Arrays, widths: list[int], out: str) -> Calls:
    """The calls of a step: each the name of a function, and its arguments.

    These are the values, the constants, the settings and other numbers, the place of the result, its columns.
    """
    if step.op == "concat":
        for read, n, begin in zip(reads, widths, accumulate([0, *widths]), strict=False):
            yield "memcpy", [f"{out} + {begin}", read, f"{n} * sizeof(double)"]
        return
    if step.op == "weighted_sum":
        yield "memset", [out, "0", f"{step.n} * sizeof(double)"]
        for read, weight in zip(reads, arrays["weights"].tolist(), strict=True):
            yield "add", [read, repr(weight), out, str(step.n)]
        if step.settings["divisor"] != 1:
            yield "divide", [repr(step.settings["divisor"]), out, str(step.n)]
        return
    name, numbers = OTHERS.get(step.op, (step.op, lambda arrays, width: []))
    scalars = [*map(float, step.settings.values()), *numbers(arrays, widths[0])]
    yield name, [*reads, *names.values(), *map(repr, scalars), out, str(step.n)]
