"""The help of an equation: its docstring with what many equations share, its formula and its source."""

import re
from collections.abc import Callable
from inspect import cleandoc, signature
from typing import Any

QUANTITIES = {
    "Z": ("array of shape (n, m)", "Pre-activation, float32 or float64; a column is an example."),
    "A": ("array of shape (n, m)", "Activation, a new array of the dtype of Z."),
    "dA": ("array of shape (n, m)", "Derivative of m·J by A, of the dtype of Z."),
    "dZ": ("array of shape (n, m)", "Derivative of m·J by Z, a new array of the dtype of Z."),
    "slope": ("float", "Slope below 0."),
    "alpha": ("float", "α, above 0: far below 0 the activation is -α."),
    "ZL": ("array of shape (n_L, m)", "Pre-activation of the output layer, float32 or float64."),
    "AL": ("array of shape (n_L, m)", "Output of the network, float32 or float64."),
    "Y": ("array of shape (n_L, m)", "Target."),
    "smoothing": ("float", "ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y."),
    "delta": ("float", "δ, above 0: the distance from which on the loss is a straight line."),
    "levels": ("sequence of float", "τ₁ … τₙ, between 0 and 1 and increasing: one for each output."),
    "loss": ("array of shape (1, m)", "Loss of each example, summed over the outputs."),
    "dZL": ("array of shape (n_L, m)", "Derivative of m·J by ZL."),
    "dAL": ("array of shape (n_L, m)", "Derivative of m·J by AL."),
    "dU": ("array of shape (n_l, m)", "Derivative of m·J by U."),
    "t": ("float", "Fraction of training done, from 0 to 1."),
    "last": ("float", "The factor at the end."),
    "f": ("float", "The factor."),
    "α": ("float", "The learning rate."),
}
"""What many equations take or give, for those that do not describe it themselves."""

_SECTIONS = re.compile(r"\n+(?=(?:Parameters|Returns|Raises|Examples)\n-+\n)")


def completed(function: Callable[..., Any], formula: str, source: str) -> str | None:
    """The docstring of an equation, with sections for all that goes in and comes out, its formula and source.

    Parameters
    ----------
    function : callable
        The equation. What its docstring does not describe is taken from ``QUANTITIES``.
    formula : str
        Its statements; the left side of the first one is what the function returns.
    source : str
        Lecture section or paper.

    Returns
    -------
    str or None
        None if there are no docstrings, as under ``python -OO``.

    Examples
    --------
    >>> def double(Z, by=2):
    ...     "Twice as much."
    >>> print(completed(double, "A = 2·Z", "nowhere"))
    Twice as much.
    <BLANKLINE>
    Parameters
    ----------
    Z : array of shape (n, m)
        Pre-activation, float32 or float64; a column is an example.
    <BLANKLINE>
    Returns
    -------
    A : array of shape (n, m)
        Activation, a new array of the dtype of Z.
    <BLANKLINE>
    Notes
    -----
        A = 2·Z
    <BLANKLINE>
    Source: nowhere.
    """
    if function.__doc__ is None:
        return None
    summary, *parts = _SECTIONS.split(cleandoc(function.__doc__).rstrip())
    own = {title: body for title, _, body in (part.split("\n", 2) for part in parts)}
    left = re.match("[A-Za-z]+|α", formula)
    statements = "\n".join(f"    {statement}" for statement in formula.split(",  "))
    sections = {
        "Parameters": _parameters(list(signature(function).parameters), own.get("Parameters", "")),
        "Returns": own.get("Returns") or _known(left[0] if left else ""),
        "Raises": own.get("Raises"),
        "Notes": f"{statements}\n\nSource: {source}.",
        "Examples": own.get("Examples"),
    }
    written = (f"{title}\n{'-' * len(title)}\n{body}" for title, body in sections.items() if body)
    return "\n\n".join([summary, *written])


def _parameters(names: list[str], own: str) -> str:
    """The section of the parameters in their order, each once."""
    entries = [entry for entry in re.split(r"\n(?=\S)", own) if entry]
    described = {
        name: entry for entry in entries for name in entry.split("\n")[0].split(" : ")[0].split(", ")
    }
    return "\n".join(dict.fromkeys(entry for name in names if (entry := described.get(name) or _known(name))))


def _known(name: str) -> str:
    if name not in QUANTITIES:
        return ""
    kind, meaning = QUANTITIES[name]
    return f"{name} : {kind}\n    {meaning}"
