"""How each operation is written in ONNX: nodes from values and constants, as in `numpy_runtime.OPERATIONS`.

A `Value` writes nodes by Python's operators. All is float64, for which onnxruntime has no Erf, Softplus, Elu,
Selu and Mish on a CPU; they are made of others. All operators hand NaN on, by which a row is refused.
"""

import math
from collections.abc import Callable
from functools import cache, reduce
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from deepstep.environment import package
from deepstep.types import AnyArray

FLOAT, INT64, STRING, DOUBLE = 1, 7, 8, 11
"""Types of tensors."""

RIGHT_ANGLE, RIGHT_ANGLE_REST = 1.5707963267341256, 6.077100506506192e-11
"""π/2 as a number of 33 bits, whose multiples are exact, and the rest."""


class Graph:
    """Collects nodes and constants; the same node or constant stands once."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[Any] = []
        self.constants: dict[str, AnyArray] = {}
        self._known: dict[Any, str] = {}

    def add(self, op: str, *reads: Any, **attributes: Any) -> "Value":
        """The value that a node makes of values and constants."""
        from onnx import helper

        names = [read.name if isinstance(read, Value) else self._constant(read) for read in reads]
        key = op, *names, str(attributes)
        if key not in self._known:
            self._known[key] = out = f"{self.prefix}{len(self._known)}"
            self.nodes.append(helper.make_node(op, names, [out], name=out, **attributes))
        return Value(self, self._known[key])

    def _constant(self, value: Any) -> str:
        """The name of a constant as float64, stored as float32 where it is; an array of others as it is."""
        value = np.asarray(value, None if isinstance(value, np.ndarray) else np.float64)
        key = value.dtype.str, value.shape, tuple(value) if value.dtype == object else value.tobytes()
        if key not in self._known:
            self._known[key] = name = f"{self.prefix}{len(self._known)}"
            self.constants[name] = value
            if value.dtype == np.float32:
                self._known[key] = self.add("Cast", Value(self, name), to=DOUBLE).name
        return self._known[key]


def _binary(op: str, *, swapped: bool = False) -> Callable[["Value", Any], "Value"]:
    return lambda self, other: self.graph.add(op, *((other, self) if swapped else (self, other)))


class Value:
    """The output of a node, (m, n)."""

    def __init__(self, graph: Graph, name: str, n: int = 0) -> None:
        self.graph, self.name, self.n = graph, name, n

    def to(self, op: str, *others: Any, **attributes: Any) -> "Value":
        """The value that an operator makes of this one and others."""
        return self.graph.add(op, self, *others, **attributes)

    __add__, __mul__ = _binary("Add"), _binary("Mul")
    __sub__, __rsub__ = _binary("Sub"), _binary("Sub", swapped=True)
    __truediv__, __gt__ = _binary("Div"), _binary("Greater")


def where(condition: Value, value: Any, other: Any) -> Value:
    """A value where a condition holds, and another one elsewhere."""
    return condition.to("Where", value, other)


def over_columns(op: str, x: Value, *, keep: bool = True) -> Value:
    """A sum or a mean, (m, 1) or (m,)."""
    return x.to(op, np.array([1]), keepdims=int(keep))


def _calendar(x: Value, places: AnyArray, length: int) -> Value:
    """The place of a day of a cycle on the circle; the same numbers to the last bit as in `numpy_runtime`."""
    angle = 2 * np.pi * np.arange(length) / length
    circle = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    nan, n = x.to("IsNaN"), float(len(places))
    day = where(nan, 0.0, x).to("Floor")
    day_of_cycle = (day - (day / n).to("Floor") * n).to("Squeeze", np.array([1])).to("Cast", to=INT64)
    place = x.graph.add("Gather", places.astype(np.int8), day_of_cycle).to("Cast", to=INT64)
    return where(nan, 0.0, x.graph.add("Gather", circle, place))


def month(x: Value) -> Value:
    """The calendar repeats after 400 years."""
    return _calendar(x, np.arange(146_097).astype("M8[D]").astype("M8[M]").astype(int) % 12, 12)


def cosine(x: Value) -> Value:
    """By Sin: older versions of onnxruntime have no Cos of float64."""
    return (x + math.pi / 2).to("Sin")


def hour(x: Value) -> Value:
    """Sin is not accurate near quarters of a turn, so it is that of the angle beyond the nearest one."""
    nan = x.to("IsNaN")
    day = where(nan, 0.0, x)
    angle = (day - day.to("Floor")) * 24.0 * (2 * math.pi) / 24.0
    quarter = (angle * (2 / math.pi)).to("Round")
    beyond = angle - quarter * RIGHT_ANGLE - quarter * RIGHT_ANGLE_REST
    sine, other, turn = beyond.to("Sin"), cosine(beyond), quarter.to("Cast", to=INT64)
    up = x.graph.add("Gather", np.array([0.0, 1, 0, -1, 0]), turn)  # sine and cosine of 0 … 4 quarters
    along = x.graph.add("Gather", np.array([1.0, 0, -1, 0, 1]), turn)
    circle = (sine * along + other * up).to("Concat", other * along - sine * up, axis=1)
    return where(nan, 0.0, circle)


def lookup(x: Value, table: AnyArray) -> Value:
    last = len(table) - 2.0
    code = x.to("Squeeze", np.array([1])).to("Round")
    known = where((code > -1.0).to("And", last - code > 0.0), code, last)
    return x.graph.add("Gather", table, where(code.to("IsNaN"), last + 1, known).to("Cast", to=INT64))


def smooth_clip(x: Value, center: AnyArray, factor: AnyArray) -> Value:
    u = ((x - center) * factor).to("Clip", -1e100, 1e100)  # u² does not overflow
    return u / (u * u / 9.0 + 1.0).to("Sqrt")


def interpolate(x: Value, marks: AnyArray, scores: AnyArray) -> Value:
    """The first score, and of each piece the share that is below x."""
    below = ((x - marks[:-1]) / np.diff(marks)).to("Clip", 0.0, 1.0)
    return below.to("MatMul", np.diff(scores)[:, np.newaxis]) + scores[:1]


def grouped_linear(x: Value, V: AnyArray, a: AnyArray) -> Value:
    c, d, k = V.shape
    made = x.to("Reshape", np.array([-1, c, k])).to("Einsum", V, equation="nck,cdk->ncd")
    return made.to("Reshape", np.array([-1, c * d])) + a


def affine(x: Value, scale: AnyArray, shift: AnyArray) -> Value:
    scaled = x * scale if (scale != 1).any() else x
    return scaled + shift if shift.any() else scaled


def normalize_layer(x: Value, epsilon: float) -> Value:
    centered = x - over_columns("ReduceMean", x)
    return centered / (over_columns("ReduceMean", centered * centered) + epsilon).to("Sqrt")


def elu(x: Value, alpha: float = 1.0) -> Value:
    # Min, as both branches are computed: e^x of a large x is infinite
    return where(x > 0.0, x, (x.to("Min", 0.0).to("Exp") - 1.0) * alpha)


def softplus(x: Value) -> Value:
    """log(1 + e^x) with an exponential of at most 1, which does not overflow."""
    return x.to("Max", 0.0) + (x.to("Abs").to("Neg").to("Exp") + 1.0).to("Log")


def mish(x: Value) -> Value:
    """tanh(log(1 + e)) = e·(e + 2) / (e·(e + 2) + 2), which is 1 from e⁴⁰ on."""
    e = x.to("Min", 40.0).to("Exp")  # e² does not overflow
    n = e * (e + 2.0)
    return x * n / (n + 2.0)


@cache
def erfcx_coefficients() -> tuple[float, ...]:
    """Coefficients of (1 + 2z)·e^(z²)·erfc(z) by powers of (z - 3.75) / (z + 3.75), for z from 0 on."""
    erfcx = package("scipy.special").erfcx

    def bounded(s: AnyArray) -> Any:
        z = 3.75 * (1 + s) / (1 - s)
        return (1 + 2 * z) * erfcx(z)

    return tuple(Chebyshev.interpolate(bounded, 60).truncate(23).convert(kind=Polynomial).coef.tolist())


def gelu(x: Value) -> Value:
    """Φ(-√2·z) = ½·erfcx(z) / e^z², z = |x|/√2."""
    z = x.to("Abs") * math.sqrt(0.5)
    t = (z - 3.75) / (z + 3.75)
    polynomial: Any  # by Horner's rule, from the highest power down
    polynomial, *others = erfcx_coefficients()[::-1]
    for coefficient in others:
        polynomial = t * polynomial + coefficient
    tail = polynomial * 0.5 / (z * 2.0 + 1.0) / (z * z).to("Exp")
    return x * where(x > 0.0, 1.0 - tail, tail)


def gelu_tanh(x: Value) -> Value:
    return x * ((x + x * x * x * 0.044715) * (2 * math.sqrt(2 / math.pi))).to("Sigmoid")


def weighted_sum(*x: Value, weights: AnyArray, divisor: float) -> Value:
    """By one addition after another: a reduction has an order of its own, see `Builder.weighted_mean`."""
    total = reduce(Value.__add__, [value * weight for value, weight in zip(x, weights.tolist(), strict=True)])
    return total if divisor == 1 else total / divisor


OPERATIONS: dict[str, Callable[..., Value]] = {
    "take": lambda x, index: x.to("Gather", index, axis=1),
    "concat": lambda *x: x[0].to("Concat", *x[1:], axis=1),
    "standardize": lambda x, mean, std: where(x.to("IsNaN"), 0.0, (x - mean) / std),
    "missing": lambda x: x.to("IsNaN").to("Cast", to=DOUBLE),
    "impute": lambda x, value: where(x.to("IsNaN"), value, x),
    "month": month,
    "weekday": lambda x: _calendar(x, (np.arange(7) + 3) % 7, 7),
    "hour": hour,
    "lookup": lookup,
    "smooth_clip": smooth_clip,
    "interpolate": interpolate,
    "pieces": lambda x, begins, widths, low, high: (
        ((x - begins) / widths).to("Max", low).to("Min", high) - 0.5
    ),
    "single": lambda x: x.to("Cast", to=FLOAT).to("Cast", to=DOUBLE),
    "linear": lambda x, W, b: x.to("Gemm", W, b, transB=1),
    "grouped_linear": grouped_linear,
    "affine": affine,
    "normalize_layer": normalize_layer,
    "relu": lambda x: x.to("Relu"),
    "leaky_relu": lambda x: x.to("Max", x * 0.01),
    "elu": elu,
    "selu": lambda x: elu(x, 1.6732632423543772) * 1.0507009873554805,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": lambda x: x / (x.to("Neg").to("Exp") + 1.0),
    "mish": mish,
    "softplus": softplus,
    "tanh": lambda x: x.to("Tanh"),
    "sigmoid": lambda x: x.to("Sigmoid"),
    "exponential": lambda x: x.to("Exp"),
    "cosine": cosine,
    "logarithm": lambda x: x.to("Max", 1e-12).to("Log"),  # finite for a probability of 0
    "softmax": lambda x: x.to("Softmax", axis=1),
    "cumulative_sum": lambda x: x.to("CumSum", np.array(1)),
    "weighted_sum": weighted_sum,
    "normalize": lambda x: x / over_columns("ReduceSum", x),
}
"""The operations of a program: values (m, n) and constants → a value."""
