"""Update rules: pure functions over the flat vectors θ and g = ∂J/∂θ, with explicit state.

Each takes ``(theta, gradient, *state)`` and gives the new ``(theta, *state)``; nothing given is changed. The
learning rate α is a number, or an array like θ with a rate for each parameter. `optimizer` registers a rule
under the names that a network is trained by.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import Parameter, signature
from math import sqrt
from typing import Any, TypeAlias

from deepstep.equations import arrays as np
from deepstep.equations.linear import check_shape
from deepstep.equations.registry import POSITIVE, SHARE, Constraint, F, Registry, equation
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.types import Array, is_number

__all__ = [
    "OPTIMIZERS",
    "Optimizer",
    "adam_update",
    "bias_corrected",
    "decoupled_decay",
    "get_optimizer",
    "gradient_descent_update",
    "heavy_ball_update",
    "lion_update",
    "momentum_update",
    "nesterov_update",
    "rmsprop_update",
]

Rate: TypeAlias = float | Array
"""α, or a rate for each parameter."""

EPSILON_AT = {
    "outside": "θ := θ - α·v̂ / (√ŝ + ε)",
    "hat": "θ := θ - α·v̂·√(1 - β₂ᵗ) / (√s + ε)",
    "inside": "θ := θ - α·v̂ / √(ŝ + ε)",
}

_FRICTION = Constraint("a number from 0 to 1", lambda value: is_number(value) and 0 <= value <= 1)

HYPERPARAMETERS: dict[str, Constraint] = {
    "beta": SHARE,
    "beta1": SHARE,
    "beta2": SHARE,
    # A sum of gradients may keep everything, as in scikit-learn; a moving average would then never move.
    "heavy_ball_update.beta": _FRICTION,
    "nesterov_update.beta": _FRICTION,
    "epsilon": POSITIVE,
    "epsilon_at": Constraint(
        f"one of {', '.join(map(repr, EPSILON_AT))}",
        lambda value: isinstance(value, str) and value in EPSILON_AT,
    ),
}
"""Values that optimizer_params of these names (for one rule: with its name) may have."""


def check_number(name: str, value: Any, least: float, below: float = np.inf, *, above: bool = False) -> None:
    """Refuse a setting that is no number of its range, from ``least`` (or ``above`` it) to ``below``."""
    if not is_number(value) or not (least <= value < below) or (above and value == least):
        upper = "" if below == np.inf else f" and below {below:g}"
        lower = f"above {least:g}" if above else f"of at least {least:g}"
        raise ConfigurationError.must_be(name, f"a finite number {lower}{upper}", shown(value))


def shown(value: Any) -> str:
    """The value for a message; of an int with more digits than anybody reads, its size."""
    huge = isinstance(value, int) and value.bit_length() > 1024
    return f"an integer of {value.bit_length()} bits" if huge else repr(value)


@dataclass(frozen=True)
class Optimizer:
    """An update rule with the names of its state and whether it counts steps.

    Attributes
    ----------
    update : callable
        The equation.
    state : tuple of str, optional
        Names of the vectors of state, which begin at zero.
    counts_steps : bool, optional
        Whether the rule takes the step's number ``t``.
    optimizer_params : mapping, optional
        Settings that differ from the equation's defaults.
    weight_decay : float, optional
        λ of `decoupled_decay` before each update, unless a session sets another.
    corrections : mapping, optional
        Symbol of each vector of state that is corrected for its start at zero, with the names of that vector
        and of its decay: ``{"v̂": ("v", "beta1"), …}``.

    Raises
    ------
    ConfigurationError
        If the weight decay or a hyperparameter is out of range.

    Examples
    --------
    >>> OPTIMIZERS["adam"].state
    ('v', 's')
    >>> Optimizer(momentum_update, ("v",), optimizer_params={"beta": 0.5}).settings({})
    {'beta': 0.5}
    """

    update: Callable[..., tuple[Array, ...]]
    state: tuple[str, ...] = ()
    counts_steps: bool = False
    optimizer_params: Mapping[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.0
    corrections: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_number("weight_decay", self.weight_decay, 0)
        self.settings(self.optimizer_params)

    @cached_property  # every session reads them several times
    def arguments(self) -> Mapping[str, Parameter]:
        """Defaults of the equation."""
        return dict(signature(self.update).parameters)

    @property
    def of_matrices(self) -> bool:
        """Whether the rule takes the layout of θ: it updates whole matrices."""
        return "layout" in self.arguments

    def settings(self, optimizer_params: Mapping[str, Any]) -> dict[str, Any]:
        """The optimizer_params with these changes.

        Parameters
        ----------
        optimizer_params : mapping
            Changed values by name.

        Returns
        -------
        dict
            All values that differ from the equation's defaults.

        Raises
        ------
        ConfigurationError
            If the update rule does not know one of them (the message has the nearest one), or one of them is
            out of range.
        """
        argument, rule = "optimizer_params", self.update.__name__
        if not isinstance(optimizer_params, Mapping):
            raise ConfigurationError.must_be(
                argument, "a mapping such as {'beta': 0.9}", repr(optimizer_params)
            )
        passed = {"theta", "gradient", "learning_rate", "t", "layout", *self.state}
        known = [name for name in self.arguments if name not in passed]
        for name, value in optimizer_params.items():
            if name not in known:
                raise unknown_name("hyperparameter", name, known, setting=argument, inside=True)
            constraint = HYPERPARAMETERS.get(f"{rule}.{name}") or HYPERPARAMETERS.get(name)
            if constraint is not None and not constraint.accepts(value):
                setting = f"{argument}[{name!r}]"
                raise ConfigurationError.must_be(setting, constraint.expected, shown(value))
        # A NumPy scalar would turn a float32 network to float64; a Python number takes the array's precision.
        plain = {n: float(v) if isinstance(v, np.number) else v for n, v in optimizer_params.items()}
        return {**self.optimizer_params, **plain}

    def corrected(
        self, state: Mapping[str, Array], *, t: int, optimizer_params: Mapping[str, Any]
    ) -> dict[str, Array]:
        """The rule's bias-corrected averages after step t, for who wants to see them.

        Parameters
        ----------
        state : mapping
            Vectors of state after the update, by name.
        t : int
            Number of this step, from 1.
        optimizer_params : mapping
            Settings that differ from the equation's defaults.

        Returns
        -------
        dict
            The averages by symbol; empty for a rule that corrects none.

        Examples
        --------
        >>> OPTIMIZERS["adam"].corrected(
        ...     {"v": np.array([0.2]), "s": np.array([0.004])}, t=1, optimizer_params={}
        ... )
        {'v̂': array([2.]), 'ŝ': array([4.])}
        """
        defaults, settings = self.arguments, self.settings(optimizer_params)
        return {
            symbol: bias_corrected(state[name], beta=settings.get(decay, defaults[decay].default), t=t)
            for symbol, (name, decay) in self.corrections.items()
        }


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer")
"""All update rules by name."""


def optimizer(name: str, **fields: Any) -> Callable[[F], F]:
    """Register an update rule as an `Optimizer` with these fields; its state follows theta and gradient."""

    def register(update: F) -> F:
        parameters = signature(update).parameters
        state = tuple(name for name, p in parameters.items() if p.kind is not p.KEYWORD_ONLY)[2:]
        OPTIMIZERS.add(name, Optimizer(update, state, "t" in parameters, **fields))
        return update

    return register


def get_optimizer(optimizer: "str | Optimizer") -> Optimizer:
    """Look an update rule up by name; an `Optimizer` passes as it is.

    Parameters
    ----------
    optimizer : str or Optimizer
        A name in ``OPTIMIZERS``.

    Returns
    -------
    Optimizer

    Raises
    ------
    ConfigurationError
        If there is none of that name; the message has the nearest one.

    Examples
    --------
    >>> get_optimizer("adamw").weight_decay
    0.01
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    return OPTIMIZERS.find(optimizer)


@equation("v̂ = v / (1 - βᵗ)", source="lecture, course 2 week 2; Kingma & Ba, arXiv 1412.6980, section 3")
def bias_corrected(v: Array, *, beta: float, t: int) -> Array:
    """A moving average without the pull of its start at 0: after t steps its weights add up to 1 - βᵗ.

    Parameters
    ----------
    v : array of shape (n_parameters,)
        Moving average or velocity of the rule, 0 at first.
    beta : float
        Decay of an average, from 0 to below 1.
    t : int
        Number of this step, from 1.

    Returns
    -------
    v_hat : array of shape (n_parameters,)
        The corrected average.

    Notes
    -----
        v̂ = v / (1 - βᵗ)

    Source: lecture, course 2 week 2; Kingma & Ba, arXiv 1412.6980, section 3.

    Examples
    --------
    >>> bias_corrected(np.array([0.2]), beta=0.9, t=1)
    array([2.])
    """
    return v / (1 - float(beta) ** int(t))


@optimizer("gd")
@equation("θ := θ - α·g", source="lecture 6")
def gradient_descent_update(theta: Array, gradient: Array, *, learning_rate: Rate) -> tuple[Array]:
    """Gradient descent.

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    learning_rate : float or array
        α; an array (n_parameters,) has a rate for each parameter.

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        θ := θ - α·g

    Source: lecture 6.

    Examples
    --------
    >>> gradient_descent_update(np.array([1.0]), np.array([2.0]), learning_rate=0.1)
    (array([0.8]),)
    """
    alpha = like_theta(theta, learning_rate)
    return (theta - alpha * gradient,)


@optimizer("momentum")
@equation("v := β·v + (1 - β)·g,  θ := θ - α·v", source="lecture, course 2 week 2")
def momentum_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: Rate, beta: float = 0.9
) -> tuple[Array, Array]:
    """Momentum as the lecture writes it: the velocity is a moving average of gradients.

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    v : array of shape (n_parameters,)
        Moving average or velocity of the rule, 0 at first.
    learning_rate : float or array
        α; an array (n_parameters,) has a rate for each parameter.
    beta : float, optional
        Decay of an average, from 0 to below 1.

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.
    v : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        v := β·v + (1 - β)·g
        θ := θ - α·v

    Source: lecture, course 2 week 2.

    Examples
    --------
    >>> momentum_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.5)
    (array([0.9]), array([0.2]))
    """
    alpha = like_theta(theta, learning_rate)
    v = beta * v + (1 - beta) * gradient
    return theta - alpha * v, v


@optimizer("heavy_ball")
@equation("v := β·v - α·g,  θ := θ + v", source="Polyak 1964; Sutskever et al. 2013")
def heavy_ball_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: Rate, beta: float = 0.9
) -> tuple[Array, Array]:
    """Classical momentum, as in scikit-learn: the velocity is a sum, so a step is 1/(1 - β) times longer.

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    v : array of shape (n_parameters,)
        Moving average or velocity of the rule, 0 at first.
    learning_rate : float or array
        α; an array (n_parameters,) has a rate for each parameter.
    beta : float, optional
        Decay of an average, from 0 to below 1.

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.
    v : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        v := β·v - α·g
        θ := θ + v

    Source: Polyak 1964; Sutskever et al. 2013.

    Examples
    --------
    >>> heavy_ball_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.8]), array([-0.2]))
    """
    alpha = like_theta(theta, learning_rate)
    v = beta * v - alpha * gradient
    return theta + v, v


@optimizer("nesterov")
@equation("v := β·v - α·g,  θ := θ + β·v - α·g", source="Nesterov 1983; Sutskever et al. 2013")
def nesterov_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: Rate, beta: float = 0.9
) -> tuple[Array, Array]:
    """Nesterov's momentum: classical momentum that looks one step ahead.

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    v : array of shape (n_parameters,)
        Moving average or velocity of the rule, 0 at first.
    learning_rate : float or array
        α; an array (n_parameters,) has a rate for each parameter.
    beta : float, optional
        Decay of an average, from 0 to below 1.

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.
    v : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        v := β·v - α·g
        θ := θ + β·v - α·g

    Source: Nesterov 1983; Sutskever et al. 2013.

    Examples
    --------
    >>> nesterov_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.62]), array([-0.2]))
    """
    alpha = like_theta(theta, learning_rate)
    v = beta * v - alpha * gradient
    return theta + beta * v - alpha * gradient, v


@optimizer("rmsprop")
@equation(
    "s := β·s + (1 - β)·g²,  θ := θ - α·g / (√s + ε)",
    source="lecture, course 2 week 2; Tieleman & Hinton 2012, lecture 6.5",
)
def rmsprop_update(
    theta: Array, gradient: Array, s: Array, *, learning_rate: Rate, beta: float = 0.99, epsilon: float = 1e-8
) -> tuple[Array, Array]:
    """RMSprop: each gradient over the root of its mean square. The defaults are torch's (Hinton has β = 0.9).

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    s : array of shape (n_parameters,)
        Moving average of g², 0 at first.
    learning_rate : float or array
        α; an array (n_parameters,) has a rate for each parameter.
    beta : float, optional
        Decay of an average, from 0 to below 1.
    epsilon : float, optional
        ε, above 0.

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.
    s : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        s := β·s + (1 - β)·g²
        θ := θ - α·g / (√s + ε)

    Source: lecture, course 2 week 2; Tieleman & Hinton 2012, lecture 6.5.

    Examples
    --------
    >>> rmsprop_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.001)
    (array([0.99]), array([0.04]))
    """
    alpha = like_theta(theta, learning_rate)
    s = beta * s + (1 - beta) * gradient * gradient
    return theta - alpha * (gradient / (np.sqrt(s) + epsilon)), s


ADAM_CORRECTIONS = {"v̂": ("v", "beta1"), "ŝ": ("s", "beta2")}
"""Averages that Adam corrects, with their decay."""


@optimizer("adamw", weight_decay=0.01, corrections=ADAM_CORRECTIONS)
@optimizer("adam", corrections=ADAM_CORRECTIONS)
@equation(
    "v := β₁·v + (1 - β₁)·g,  s := β₂·s + (1 - β₂)·g²,  v̂ = v / (1 - β₁ᵗ),  ŝ = s / (1 - β₂ᵗ),  "
    "θ := θ - α·v̂ / (√ŝ + ε)",
    source="lecture, course 2 week 2; Kingma & Ba, arXiv 1412.6980",
    forms={"epsilon_at": EPSILON_AT},
)
def adam_update(
    theta: Array,
    gradient: Array,
    v: Array,
    s: Array,
    *,
    learning_rate: Rate,
    t: int,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_at: str = "outside",
) -> tuple[Array, Array, Array]:
    """Adam.

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    v : array of shape (n_parameters,)
        Moving average or velocity of the rule, 0 at first.
    s : array of shape (n_parameters,)
        Moving average of g², 0 at first.
    learning_rate : float or array
        α; an array (n_parameters,) has a rate for each parameter.
    t : int
        Number of this step, from 1.
    beta1, beta2 : float, optional
        Decay of an average, from 0 to below 1.
    epsilon : float, optional
        ε, above 0.
    epsilon_at : str, optional
        Where ε stands: √ŝ + ε (the formula of paper and lecture, torch), √s + ε before the correction of s
        (the paper's efficient order ε̂, scikit-learn), or √(ŝ + ε) (the lecture's table of 2017).

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.
    v : array of shape (n_parameters,)
        After this step.
    s : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ConfigurationError
        If ``epsilon_at`` is none of these.
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        v := β₁·v + (1 - β₁)·g
        s := β₂·s + (1 - β₂)·g²
        v̂ = v / (1 - β₁ᵗ)
        ŝ = s / (1 - β₂ᵗ)
        θ := θ - α·v̂ / (√ŝ + ε)

    Source: lecture, course 2 week 2; Kingma & Ba, arXiv 1412.6980.

    Examples
    --------
    >>> zero = np.zeros(1)
    >>> adam_update(np.array([1.0]), np.array([2.0]), zero, zero, learning_rate=0.1, t=1)[0]
    array([0.9])
    """
    alpha = like_theta(theta, learning_rate)
    v = beta1 * v + (1 - beta1) * gradient
    s = beta2 * s + (1 - beta2) * gradient * gradient
    v_hat, s_hat = bias_corrected(v, beta=beta1, t=t), bias_corrected(s, beta=beta2, t=t)
    if epsilon_at == "outside":
        root = np.sqrt(s_hat) + epsilon
    elif epsilon_at == "hat":
        root = (np.sqrt(s) + epsilon) / sqrt(1 - beta2**t)
    elif epsilon_at == "inside":
        root = np.sqrt(s_hat + epsilon)
    else:
        raise unknown_name("place of ε", epsilon_at, EPSILON_AT, setting="epsilon_at")
    return theta - alpha * (v_hat / root), v, s


@optimizer("lion")
@equation(
    "θ := θ - α·sign(β₁·v + (1 - β₁)·g),  v := β₂·v + (1 - β₂)·g",
    source="Chen et al., arXiv 2302.06675, algorithm 2",
)
def lion_update(
    theta: Array, gradient: Array, v: Array, *, learning_rate: Rate, beta1: float = 0.9, beta2: float = 0.99
) -> tuple[Array, Array]:
    """Lion: a step of length α along each parameter, in the direction of an average with the new gradient.

    The paper's weight decay is `decoupled_decay`; it advises a rate 3 to 10 times smaller than Adam's.

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    v : array of shape (n_parameters,)
        Moving average or velocity of the rule, 0 at first.
    learning_rate : float or array
        α; an array (n_parameters,) has a rate for each parameter.
    beta1, beta2 : float, optional
        Decay of an average, from 0 to below 1.

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.
    v : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        θ := θ - α·sign(β₁·v + (1 - β₁)·g)
        v := β₂·v + (1 - β₂)·g

    Source: Chen et al., arXiv 2302.06675, algorithm 2.

    Examples
    --------
    >>> lion_update(np.array([1.0]), np.array([2.0]), np.array([0.0]), learning_rate=0.1)
    (array([0.9]), array([0.02]))
    """
    alpha = like_theta(theta, learning_rate)
    direction = np.sign(beta1 * v + (1 - beta1) * gradient)
    return theta - alpha * direction, beta2 * v + (1 - beta2) * gradient


@equation("θ := (1 - α·λ)·θ", source="Loshchilov & Hutter, arXiv 1711.05101")
def decoupled_decay(theta: Array, *, learning_rate: Rate, weight_decay: Rate) -> Array:
    """Weight decay beside the gradient, as in AdamW: it comes before the update rule, which never sees it.

    Parameters
    ----------
    theta : array of shape (n_parameters,)
        θ.
    learning_rate, weight_decay : float or array
        α and λ.

    Returns
    -------
    theta : array of shape (n_parameters,)
        After this step.

    Raises
    ------
    ShapeError
        If the learning rate is an array of another shape than theta.

    Notes
    -----
        θ := (1 - α·λ)·θ

    Source: Loshchilov & Hutter, arXiv 1711.05101.

    Examples
    --------
    >>> decoupled_decay(np.array([1.0, -2.0]), learning_rate=0.1, weight_decay=0.5)
    array([ 0.95, -1.9 ])
    """
    decay = like_theta(theta, weight_decay, "weight_decay")
    return (1 - like_theta(theta, learning_rate) * decay) * theta


def like_theta(theta: Array, factor: float | Array, name: str = "learning_rate") -> float | Array:
    """A factor in the precision of θ: a NumPy scalar or array of float64 would widen float32."""
    if np.ndim(factor) == 0:
        return float(factor)
    check_shape(name, factor, theta.shape, "Or pass a number.", of="theta")
    return np.asarray(factor, theta.dtype)
