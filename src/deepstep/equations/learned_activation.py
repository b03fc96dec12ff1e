"""An activation that learns how far it bends: α per unit, from A = Z at 0 to A = g(Z) at 1.

Written with 1 - α, and not as Z + α ∘ (g(Z) - Z): with α = 1, where training begins, A is g(Z) to the last
bit.
"""

from deepstep.equations.backward import one_per_unit
from deepstep.equations.example_gradients import PerExample
from deepstep.equations.graph import Operations, feature
from deepstep.equations.linear import check_shape, sum_gradient
from deepstep.equations.ops import Layer, Learned, op
from deepstep.equations.registry import equation
from deepstep.types import Array

SOURCE = "arXiv 2407.04491 (RealMLP), the parametric activation"


@equation("A = (1 - alpha) ∘ Z + alpha ∘ G,  G = g(Z)", source=SOURCE)
def learned_activation_forward(Z: Array, G: Array, alpha: Array) -> Array:
    """Between the identity and an activation, as far as each unit has learned.

    alpha (n_l, 1): α of each unit; 1 at the beginning.
    ShapeError: If there is not one α for each unit.

    >>> import numpy as np
    >>> from deepstep.equations import relu
    >>> Z = np.array([[-2.0, 2.0], [-2.0, 2.0]])
    >>> learned_activation_forward(Z, relu(Z), np.array([[1.0], [0.75]]))
    array([[ 0. ,  2. ],
           [-0.5,  2. ]])
    """
    check_shape("learned_activation_forward", "alpha has shape", alpha, (len(Z), 1))
    return (1 - alpha) * Z + alpha * G


@equation("dZ = (1 - alpha) ∘ dA,  dG = alpha ∘ dA,  dalpha = Σᵢ (dA ∘ (G - Z))⁽ⁱ⁾ / m")
def learned_activation_backward(dA: Array, Z: Array, G: Array, alpha: Array) -> tuple[Array, Array, Array]:
    """From the derivative by A to those by Z, by the activation of Z and by α.

    ShapeError: If the shapes do not fit.

    >>> import numpy as np
    >>> Z, G, alpha = np.array([[-2.0, 2.0]]), np.array([[0.0, 2.0]]), np.array([[0.75]])
    >>> learned_activation_backward(np.array([[1.0, 1.0]]), Z, G, alpha)
    (array([[0.25, 0.25]]), array([[0.75, 0.75]]), array([[1.]]))
    """
    where = "learned_activation_backward"
    check_shape(where, "alpha has shape", alpha, (len(Z), 1))
    check_shape(where, "dA has the shape of Z,", dA, Z.shape)
    return (1 - alpha) * dA, alpha * dA, sum_gradient(dA * (G - Z))


LEARNED_ACTIVATION = op(
    learned_activation_forward,
    learned_activation_backward,
    learned={"alpha": Learned(one_per_unit, 1.0, "how far it bends")},
    intermediate="p(Z{})",
    per_example=lambda dA, Z, G, alpha: {"alpha": PerExample(dA * (G - Z))},
)


@feature("parametric", symbol="alpha")
def _learned(ops: Operations, layer: Layer) -> Operations:
    return ops if layer.last else (*ops, LEARNED_ACTIVATION)
