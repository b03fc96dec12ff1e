"""Help in numpydoc's sections, made from short docstrings, the signature, the formula and one glossary.

In the source a docstring has a summary, prose, then a line for each name that the glossary does not describe,
and an example::

    name (shape): Meaning of a parameter, or of a result of that name.
    name (kind): The same, where the annotation does not tell the kind.
    self.name (kind): Meaning of an attribute of a class.
    returns: Meaning of a result without a name.
    ShapeError: When it is raised.

    (an example, as doctest runs it)

`completed` writes that out with every parameter and every result. The description of a parameter holds for
the later methods of a class, too.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from inspect import Parameter, Signature, cleandoc, isclass, isfunction, signature, unwrap
from itertools import groupby
from textwrap import fill, indent
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

import numpy as np

GLOSSARY = """
A_prev (n_{l-1}, m): Activations of the layer before; a column is an example.
W (n_l, n_{l-1}): Weights.
b (n_l, 1): Bias.
Z (n_l, m): Pre-activation, float32 or float64; a column is an example.
A (n_l, m): Activation, a new array of the dtype of Z.
G (n_l, m): The activation g(Z), where another operation makes A of it.
U (n_l, m): W·A_prev, a column is an example.
U_hat (n_l, m): U with mean 0 and variance 1.
mask (n_l, m): Dropout mask D / keep_prob, see `dropout_mask`.
mean, variance (n_l, 1): Mean and variance of each unit.
deviation (n_l, 1): √(variance + ε).
gamma (n_l, 1): Scale of each unit.
X (n_0, m): Inputs; a column is an example.
ZL (n_L, m): Pre-activation of the output layer, float32 or float64.
AL (n_L, m): Output of the network, float32 or float64.
Y (n_L, m): Target.
loss (1, m): Loss of each example, summed over the outputs.
J: The cost, the mean of the losses.
slope: Slope below 0.
alpha (float): α, above 0: far below 0 the activation is -α.
smoothing: ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.
delta: δ, above 0: the distance from which on the loss is a straight line.
levels: τ₁ … τₙ, between 0 and 1 and increasing: one for each output.
theta (n_parameters,): θ.
gradient (n_parameters,): g = ∂J/∂θ.
v (n_parameters,): Moving average or velocity of the rule, 0 at first.
s (n_parameters,): Moving average of g², 0 at first.
learning_rate (float): α.
learning_rate: α; an array (n_parameters,) has a rate for each parameter.
beta, beta1, beta2: Decay of an average, from 0 to below 1.
epsilon: ε, above 0.
t (int): Number of this step, from 1.
t (float): Fraction of training done, from 0 to 1.
f: The factor.
first: The factor at the beginning.
last: The factor at the end.
α: The learning rate.
activation: A name in ``ACTIVATIONS``.
activations: One name per layer, of ``ACTIVATIONS``; by default relu, …, relu, sigmoid.
layer_dims: n_0 (inputs), n_1, …, n_L (outputs).
network (Network): The network.
rng: Where the draws come from.
parameters: ``"W1"``, ``"b1"``, …: `Parameters` or a plain dictionary.
masks: Dropout masks by layer, (n_l, m).
weights: W1, W2, …
most: c, above 0.
output (str or Head or Architecture): A name in ``HEADS``, or an architecture with its settings.
sample_weight (m,): Weight of each example, at least 0; scaled to mean 1.
where: Name for error messages.
tape: Quantities of a forward pass by name.
training: The training, to look at.
update: The update that was done.
"""
"""Parameters and results of many equations, for docstrings that do not describe them.

A derivative dQ has the shape of Q. Where the columns of Q are examples it is one of m·J, else of J.
"""

ERRORS = {
    ("learning_rate", "float or array"): (
        "ShapeError",
        "If the learning rate is an array of another shape than theta.",
    ),
    ("levels", "sequence of float"): ("ShapeError", "If there is not one output for each level."),
    ("output", "str or Head or HasHead"): (
        "ConfigurationError",
        "If there is no such head, or it does not fit.",
    ),
}
"""The error that a parameter of that kind may raise, where the docstring names none."""

ALIASES = {"θ": "theta", "g": "gradient"}
"""Parameters by the symbol that formulas have for them."""

RAISED, WARNED = ("Error", "Interrupt"), "Warning"
"""Ends of names that docstrings describe and that are no quantities."""

WIDTH = 106
"""Characters in a line of a text, beside its indentation."""

STARS: dict[Any, str] = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}

_ENTRY = re.compile(r"([\w.]+(?:, [\w.]+)*)(?: \((.*?)\))?:(?: (.*))?", re.DOTALL)
_LEFT = re.compile(r"([^\W\d]\w*?)[ₖⱼ]?(?:\[\w+\])? (:?=) ")


class Entry(NamedTuple):
    """The description of a name: its kind or shape, and its meaning."""

    kind: str = ""
    text: str = ""


_SAID: dict[str, tuple[dict[str, Entry], str]] = {}
"""Descriptions and examples by function: those of a forward hold for its backward, too."""


def forward_of(name: str, known: Container[str]) -> str:
    """The forward of a backward: ``relu`` of ``relu_backward``; empty for other names."""
    stem = name.removesuffix("_backward")
    forwards = (stem, f"{stem}_forward", f"{stem}_cost") if stem != name else ()
    return next((forward for forward in forwards if forward in known), "")


def entries(lines: str) -> Iterator[tuple[str, Entry]]:
    """The names in these lines, each with its entry."""
    for line in re.split(r"\n(?=\S)", lines.strip()):
        match = _ENTRY.fullmatch(line)
        if match is None:
            raise ValueError(f"no line 'name (shape): meaning': {line!r}")
        shape = match[2] or ""
        kind = f"array of shape ({shape})" if "," in shape and not shape.startswith("array") else shape
        for name in match[1].split(", "):
            yield name, Entry(kind, match[3] or "")


KNOWN: dict[str, list[Entry]] = {}
"""`GLOSSARY` by name; a name may stand for several quantities."""

for _name, _found in entries(GLOSSARY):
    KNOWN.setdefault(_name, []).append(_found)


def completed(
    function: Callable[..., Any], formula: str = "", source: str = "", like: Mapping[str, Entry] = {}
) -> str | None:
    """The docstring with sections for all that goes in and comes out; one that has sections stays as it is.

    ``like`` describes parameters that neither the docstring nor the glossary describes.

    >>> from deepstep.types import Array
    >>> def double(Z: Array, by: int = 2) -> Array:
    ...     '''Twice as much.
    ...
    ...     by: How often.
    ...     '''
    >>> print(completed(double, "A = 2·Z", "nowhere"))
    Twice as much.
    <BLANKLINE>
    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.
    by : int, optional
        How often.
    <BLANKLINE>
    Returns
    -------
    A : array of shape (n_l, m)
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
    text, _, example = cleandoc(function.__doc__).rstrip().partition("\n\n>>> ")
    if "\n---" in text:
        return function.__doc__
    prose: list[str] = []
    own: dict[str, Entry] = {}
    for paragraph in text.split("\n\n"):
        if prose and _ENTRY.match(paragraph):
            own |= dict(entries(paragraph))
        else:
            prose.append(paragraph)
    _SAID[function.__name__] = own, example
    of_forward, pair_example = _SAID.get(forward_of(function.__name__, _SAID), ({}, ""))
    docs, example = of_forward | own, example or pair_example
    form = signature(function)
    parameters = {n: p for n, p in form.parameters.items() if n not in ("self", "cls")}
    optional = {n: ", optional" * (p.default is not p.empty) for n, p in parameters.items()}
    described = (
        (STARS.get(p.kind, "") + n, _entry(n, p.annotation, docs, optional[n], like))
        for n, p in parameters.items()
    )
    raised = {name: entry for name, entry in own.items() if name.endswith(RAISED)}
    for name, parameter in parameters.items():
        if error := ERRORS.get((name, kind_of(parameter.annotation))):
            raised.setdefault(error[0], Entry("", error[1]))
    statements = [f"    {statement}" for statement in formula.split(",  ")]
    yields = get_origin(form.return_annotation) is Iterator
    is_record = hasattr(function, "_fields") or hasattr(function, "__dataclass_fields__")
    kinds = vars(function).get("__annotations__", {})
    named = ((name.removeprefix("self."), entry) for name, entry in own.items() if "." in name)
    attributes = ((name, _entry(name, kinds.get(name, Any), {name: entry})) for name, entry in named)
    sections = {
        "Parameters": [] if is_record else _together(described),
        "Attributes": _together((*(described if is_record else ()), *attributes)),
        "Yields" if yields else "Returns": [] if isclass(function) else _returned(form, formula, own, docs),
        "Raises": _together(raised.items()),
        "Warns": _together((name, entry) for name, entry in own.items() if name.endswith(WARNED)),
        "Notes": [*statements, f"\nSource: {source}."] if formula else [],
        "Examples": [f">>> {example}"] if example else [],
    }
    for title, lines in sections.items():
        if lines:
            prose.append("\n".join([title, "-" * len(title), *lines]))
    return "\n\n".join(prose)


def complete(namespace: Mapping[str, Any], *like: Callable[..., Any]) -> None:
    """Complete the help of functions, classes and their methods; that of equations is complete already.

    ``like`` are functions and classes, complete already, whose parameters are described for these, too.
    """
    described = {name: entry for one in like for name, entry in _SAID[one.__name__][0].items()}
    for one in list(namespace.values()):
        if (isclass(one) or isfunction(one)) and one.__module__.startswith("deepstep."):
            methods = [method for name, method in vars(one).items() if isclass(one) and name[0] != "_"]
            known: dict[str, Entry] = {}
            for function in (one, *(getattr(method, "__func__", method) for method in methods)):
                if isclass(function) or isfunction(function):
                    text = completed(function, like=described | known)
                    if text is not function.__doc__:
                        function.__doc__ = unwrap(function).__doc__ = text
                        known = {**_SAID[function.__name__][0], **known}


def _entry(
    name: str, annotation: Any, docs: Mapping[str, Entry], optional: str = "", like: Mapping[str, Entry] = {}
) -> Entry:
    """Kind and meaning of a name: of the docstring, else of the glossary, of ``like`` or the annotation."""
    kind, text = docs.get(name, Entry())
    known, other = _known(name, kind_of(annotation), docs), like.get(name, Entry())
    kind = kind or known.kind or kind_of(annotation) or other.kind
    return Entry((kind or "object") + optional if optional else kind, text or known.text or other.text)


def _known(name: str, kind: str, docs: Mapping[str, Entry]) -> Entry:
    """The glossary's entry for a name of that kind; a derivative is like its quantity."""
    for entry in KNOWN.get(name, ()):
        is_array = entry.kind.startswith("array")
        if not kind or "array" in kind if is_array else entry.kind not in {"int", "float"} - {kind}:
            return entry
    if not name.startswith("d") or kind != "array":
        return Entry()
    quantity = docs.get(name[1:], Entry()).kind or _known(name[1:], kind, docs).kind
    columns = quantity.rpartition(", ")[2].removesuffix(")")
    if columns.endswith("m"):
        return Entry(quantity, f"Derivative of {columns}·J by {name[1:]}.")
    return Entry(quantity, f"Derivative of the cost J by {name[1:]}: 1/m is applied here.")


def _outputs(form: Signature, formula: str) -> list[str]:
    """Names of what comes out: the left sides of a formula, or the parameters that its := change."""
    lefts = [left for statement in formula.split(",  ") if (left := _LEFT.match(statement))]
    changed = {ALIASES.get(left[1], left[1]) for left in lefts if left[2] == ":="}
    stated = [name for name in form.parameters if name in changed] or [left[1] for left in lefts]
    return list(dict.fromkeys(stated))[: len(_kinds(form.return_annotation))]


def _kinds(result: Any) -> tuple[Any, ...]:
    """The types in a tuple that is returned, or the only one."""
    args = get_args(result)
    return args if get_origin(result) is tuple and ... not in args else (result,)


def _returned(form: Signature, formula: str, own: Iterable[str], docs: Mapping[str, Entry]) -> list[str]:
    """The section of what comes out: what the docstring names, or the left sides of the formula."""
    result, parameters = form.return_annotation, form.parameters
    if result in (None, Signature.empty):
        return []
    kinds = _kinds(get_args(result)[0] if get_origin(result) is Iterator else result)
    stated = [] if hasattr(result, "_fields") else _outputs(form, formula)
    named = [name for name in own if name not in parameters and not name.endswith((*RAISED, WARNED))]
    names = [*stated[: max(0, len(kinds) - len(named))], *named]
    if len(names) < len(kinds):
        return [kind_of(kinds[0] if len(kinds) == 1 else result) or "object"]
    found = ((name, _entry(name, annotation, docs)) for name, annotation in zip(names, kinds, strict=False))
    after = {"text": "After this step."}
    return [_written(n, entry._replace(**after) if n in parameters else entry) for n, entry in found]


def _together(described: Iterable[tuple[str, Entry]]) -> list[str]:
    """A section in which neighbours of the same meaning stand together, as it may be that of both."""
    lines = []
    for _, group in groupby(described, key=lambda pair: pair[1].text or pair[1]):
        names, same = zip(*group, strict=True)
        kinds = {entry.kind for entry in same}
        lines.append(_written(", ".join(names), Entry(kinds.pop() if len(kinds) == 1 else "", same[0].text)))
    return lines


def _written(name: str, entry: Entry) -> str:
    head = (entry.kind or "object") if name == "returns" else " : ".join(filter(None, (name, entry.kind)))
    text = " ".join(entry.text.split())
    if len(text) > WIDTH:  # most texts are short, and every import of a stage completes its own
        text = fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"{head}\n{indent(text, '    ')}" if text else head


def kind_of(annotation: Any) -> str:
    """A type in the words of numpydoc: ``Sequence[str] | None`` is a sequence of str.

    >>> kind_of(Iterable[str] | None), kind_of(dict[str, int]), kind_of(float | tuple[int, ...] | None)
    ('iterable of str', 'dict', 'float or tuple of int')
    """
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " or ".join(kind_of(one) for one in args if one is not NoneType)
    if origin is np.ndarray:
        return "array"
    if annotation is Any:
        return ""
    if isinstance(annotation, str):
        return annotation
    name = getattr(origin or annotation, "__name__", str(annotation))
    name = name.lower() if name in ("Sequence", "Mapping", "Iterable", "Callable") else name
    plain = name not in ("sequence", "iterable", "tuple", "list") or not args
    return name if plain else f"{name} of {kind_of(args[0])}"
