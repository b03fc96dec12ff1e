"""How each operation is written in ONNX: nodes from values and constants, as in `numpy_runtime.OPERATIONS`.

`Value` writes nodes into its graph by Python's operators. All is float64, which the CPU provider of onnxruntime computes
for every operation used here; for Erf, Softplus, Elu, Selu and Mish it does not, so these are made of others. All of
them hand NaN on, by which a row is refused.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from deepstep.types import AnyArray

FLOAT, INT64, DOUBLE = 1, 7, 11
"""Types of tensors."""

PHI_PIECES = 24
"""Terms of a polynomial that is right to 1e-13."""


RIGHT_ANGLE, RIGHT_ANGLE_REST = 1.5707963267341256, 6.077100506506192e-11
"""π/2 as a number of 33 bits, whose multiples are exact, and the rest."""

QUARTERS = (1.0, 0.0, -1.0, 0.0, 1.0), (0.0, 1.0, 0.0, -1.0, 0.0)
"""Cosine and sine of quarters of a turn."""


class Node(NamedTuple):
    """An operator of ONNX from names to a name."""

    op: str
    reads: tuple[str, ...]
    out: str
    attributes: dict[str, Any]


class Graph:
    """Collects nodes and constants; the same node or constant stands once."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[Node] = []
        self.constants: dict[str, AnyArray] = {}
        self._known: dict[Any, str] = {}

    def add(self, op: str, *reads: Any, **attributes: Any) -> "Value":
        """The value that a node makes of values and constants."""
        names = tuple(read.name if isinstance(read, Value) else self._constant(read) for read in reads)
        key = op, names, str(attributes)
        if key not in self._known:
            self._known[key] = out = f"{self.prefix}{len(self.nodes)}"
            self.nodes.append(Node(op, names, out, attributes))
        return Value(self, self._known[key])

    def _constant(self, value: Any) -> str:
        """The name of a constant; numbers are float64, weights in float32 are stored as such."""
        value = np.asarray(value, None if isinstance(value, np.ndarray) else np.float64)
        key = value.dtype.str, value.shape, value.tobytes() if value.dtype.kind != "O" else tuple(value)
        if key not in self._known:
            self._known[key] = name = f"{self.prefix}c{len(self.constants)}"
            self.constants[name] = value
            if value.dtype == np.float32:
                self._known[key] = self.add("Cast", Value(self, name), to=DOUBLE).name
        return self._known[key]


def _binary(op: str, *, swapped: bool = False) -> Callable[["Value", Any], "Value"]:
    def write(self: "Value", other: Any) -> "Value":
        return self.graph.add(op, *((other, self) if swapped else (self, other)))

    return write


class Value:
    """The output of a node, (m, n)."""

    def __init__(self, graph: Graph, name: str, n: int = 0) -> None:
        self.graph, self.name, self.n = graph, name, n

    def to(self, op: str, *others: Any, **attributes: Any) -> "Value":
        """The value that an operator makes of this one and others."""
        return self.graph.add(op, self, *others, **attributes)

    __add__ = __radd__ = _binary("Add")
    __mul__ = __rmul__ = _binary("Mul")
    __sub__, __rsub__ = _binary("Sub"), _binary("Sub", swapped=True)
    __truediv__, __rtruediv__ = _binary("Div"), _binary("Div", swapped=True)
    __gt__, __ge__, __lt__ = _binary("Greater"), _binary("GreaterOrEqual"), _binary("Less")
    __and__ = _binary("And")


def where(condition: Value, one: Any, other: Any) -> Value:
    """One or the other."""
    return condition.to("Where", one, other)


def sum_of_columns(x: Value) -> Value:
    """(m, n) → (m, 1)."""
    return x.to("ReduceSum", np.array([1]))


def floor_of(x: Value, by: float = 1.0) -> Value:
    """How often a number is in x, downwards."""
    return (x if by == 1.0 else x / by).to("Floor")


def _on_circle(x: Value, position: Callable[[Value], Value], length: int) -> Value:
    """Sine and cosine of a whole position, as `numpy_runtime` has them: pieces may be as narrow as a rounding."""
    angle = 2 * np.pi * np.arange(length) / length
    nan = x.to("IsNaN")
    at = position(where(nan, 0.0, x)).to("Squeeze", np.array([1])).to("Cast", to=INT64)
    return where(nan, 0.0, x.graph.add("Gather", np.stack([np.sin(angle), np.cos(angle)], axis=1), at))


def _hour(x: Value) -> Value:
    """Sine and cosine of an angle less quarters of a turn; the operators are not accurate near these."""
    nan = x.to("IsNaN")
    day = where(nan, 0.0, x)
    angle = (day - floor_of(day)) * 24.0 * (2 * math.pi) / 24.0
    quarter = (angle * (2 / math.pi)).to("Round")
    rest = angle - quarter * RIGHT_ANGLE - quarter * RIGHT_ANGLE_REST
    whole, half = rest.to("Cos"), rest.to("Sin")
    turn = quarter.to("Cast", to=INT64)
    cosine, sine = (x.graph.add("Gather", np.array(signs), turn) for signs in QUARTERS)
    found = (half * cosine + whole * sine).to("Concat", whole * cosine - half * sine, axis=1)
    return where(nan, 0.0, found)


def _month(x: Value) -> Value:
    """From 0 to 11. Years begin with March here, so that the leap day is the last, and repeat after 400 years."""
    day = floor_of(x) + 719_468.0
    day = day - floor_of(day, 146_097) * 146_097.0
    year = floor_of(day - floor_of(day, 1_460) + floor_of(day, 36_524) - floor_of(day, 146_096), 365)
    day = day - (year * 365.0 + floor_of(year, 4) - floor_of(year, 100))
    month = floor_of(day * 5.0 + 2.0, 153) + 2.0
    return month - floor_of(month, 12) * 12.0


def _weekday(x: Value) -> Value:
    day = floor_of(x) + 3.0
    return day - floor_of(day, 7) * 7.0


def lookup(x: Value, table: AnyArray) -> Value:
    last = len(table) - 2.0
    code = x.to("Squeeze", np.array([1])).to("Round")
    known = where((code >= 0.0) & (code < last), code, last)
    return x.graph.add("Gather", table, where(code.to("IsNaN"), last + 1, known).to("Cast", to=INT64))


def smooth_clip(x: Value, center: AnyArray, factor: AnyArray) -> Value:
    u = ((x - center) * factor).to("Clip", -1e100, 1e100)
    return u / (u * u / 9.0 + 1.0).to("Sqrt")


def interpolate(x: Value, marks: AnyArray, scores: AnyArray) -> Value:
    """The first score, and of each piece the share that is below x."""
    if len(marks) == 1:
        return x * 0.0 + scores
    below = ((x - marks[:-1]) / np.diff(marks)).to("Clip", 0.0, 1.0)
    return below.to("MatMul", np.diff(scores)[:, np.newaxis]) + scores[:1]


def grouped_linear(x: Value, V: AnyArray, a: AnyArray) -> Value:
    c, d, k = V.shape
    groups = x.to("Reshape", np.array([-1, c, k])).to("Transpose", perm=[1, 0, 2])
    made = groups.to("MatMul", np.ascontiguousarray(V.transpose(0, 2, 1))).to("Transpose", perm=[1, 0, 2])
    return made.to("Reshape", np.array([-1, c * d])) + a


def affine(x: Value, scale: AnyArray, shift: AnyArray) -> Value:
    scaled = x * scale if (scale != 1).any() else x
    return scaled + shift if shift.any() else scaled


def normalize_layer(x: Value, epsilon: float) -> Value:
    centered = x - x.to("ReduceMean", np.array([1]))
    return centered / ((centered * centered).to("ReduceMean", np.array([1])) + epsilon).to("Sqrt")


def elu(x: Value, alpha: float = 1.0) -> Value:
    return where(x > 0.0, x, (x.to("Min", 0.0).to("Exp") - 1.0) * alpha)


def softplus(x: Value) -> Value:
    return x.to("Max", 0.0) + (x.to("Abs").to("Neg").to("Exp") + 1.0).to("Log")


def mish(x: Value) -> Value:
    """tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2), which is 1 from e⁴⁰ on."""
    e = x.to("Min", 40.0).to("Exp")
    n = e * (e + 2.0)
    return x * n / (n + 2.0)


def gelu(x: Value) -> Value:
    """½·erfc(s) = ½·e^-s² · erfcx(s), and erfcx(s) is a polynomial of (s - 3) / (s + 3)."""
    from scipy.special import erfcx

    s = x.to("Abs") * math.sqrt(0.5)
    t = (s - 3.0) / (s + 3.0)
    fit = np.polynomial.Chebyshev.interpolate(lambda t: erfcx(3 * (1 + t) / (1 - t)), PHI_PIECES)
    *rest, last = fit.convert(kind=np.polynomial.Polynomial).coef.tolist()
    found = t * last + rest.pop()
    while rest:
        found = found * t + rest.pop()
    tail = found * 0.5 / (s * s).to("Exp")
    return x * where(x > 0.0, 1.0 - tail, tail)


def silu(x: Value) -> Value:
    return x * x.to("Sigmoid")


def _cubic(x: Value) -> Value:
    return (x + x * x * x * 0.044715) * (2 * math.sqrt(2 / math.pi))


def _in_steps(x: Value, sign: float) -> Value:
    first, rest = (x.to("Slice", *map(np.array, ([begin], [end], [1]))) for begin, end in ((0, 1), (1, x.n)))
    return first.to("Concat", softplus(rest) * sign, axis=1).to("CumSum", np.array(1))


def weighted_sum(*x: Value, weights: AnyArray) -> Value:
    beside = x[0].to("Concat", *x[1:], axis=1).to("Reshape", np.array([-1, len(x), x[0].n]))
    return (beside * weights[:, np.newaxis]).to("ReduceSum", np.array([1]), keepdims=0)


def _logarithm(x: Value) -> Value:
    return x.to("Max", 1e-12).to("Log")


def temperature_each(x: Value, T: float) -> Value:
    return ((_logarithm(x) - _logarithm(1.0 - x)) / T).to("Sigmoid")


def falls(x: Value) -> Value:
    """From 1 over the columns to 0."""
    D = np.eye(x.n, x.n + 1, 1) - np.eye(x.n, x.n + 1)
    return x.to("Gemm", D, np.eye(1, x.n + 1))


def _node(op: str, **attributes: Any) -> Callable[[Value], Value]:
    return lambda x: x.to(op, **attributes)


OPERATIONS: dict[str, Callable[..., Value]] = {
    "take": lambda x, index: x.to("Gather", index, axis=1),
    "concat": lambda *x: x[0].to("Concat", *x[1:], axis=1),
    "standardize": lambda x, mean, std: where(x.to("IsNaN"), 0.0, (x - mean) / std),
    "missing": lambda x: x.to("IsNaN").to("Cast", to=DOUBLE),
    "impute": lambda x, value: where(x.to("IsNaN"), value, x),
    "month": lambda x: _on_circle(x, _month, 12),
    "weekday": lambda x: _on_circle(x, _weekday, 7),
    "hour": _hour,
    "lookup": lookup,
    "smooth_clip": smooth_clip,
    "interpolate": interpolate,
    "pieces": lambda x, begins, widths, low, high: ((x - begins) / widths).to("Max", low).to("Min", high) - 0.5,
    "single": lambda x: x.to("Cast", to=FLOAT).to("Cast", to=DOUBLE),
    "linear": lambda x, W, b: x.to("Gemm", W, b, transB=1),
    "grouped_linear": grouped_linear,
    "affine": affine,
    "normalize_layer": normalize_layer,
    "blend": lambda x, y, alpha: x + (y - x) * alpha,
    "relu": _node("Relu"),
    "leaky_relu": lambda x: x.to("Max", x * 0.01),
    "elu": elu,
    "selu": lambda x: elu(x, 1.6732632423543772) * 1.0507009873554805,
    "gelu": gelu,
    "gelu_tanh": lambda x: x * _cubic(x).to("Sigmoid"),
    "silu": silu,
    "mish": mish,
    "softplus": softplus,
    "tanh": _node("Tanh"),
    "sigmoid": _node("Sigmoid"),
    "identity": lambda x: x,
    "exponential": _node("Exp"),
    "cosine": _node("Cos"),
    "softmax": _node("Softmax", axis=1),
    "increasing": lambda x: _in_steps(x, 1.0),
    "ordinal": lambda x: _in_steps(x, -1.0).to("Sigmoid"),
    "weighted_sum": weighted_sum,
    "temperature": lambda x, T: (_logarithm(x) / T).to("Softmax", axis=1),
    "temperature_each": temperature_each,
    "ordinal_probabilities": falls,
    "normalize": lambda x: x / sum_of_columns(x),
}
"""The operations of a program: values (m, n) and constants → a value."""
