"""Exhibits of the bug museum: mistakes as edits of the right program, with their symptoms."""

from dataclasses import dataclass

from deepstep.course.program import BASES, BY_NAME, L2, LAYERS, Edit, Program, edited
from deepstep.inspection.faults import get_fault


@dataclass(frozen=True)
class Exhibit:
    """A mistake.

    id: In links.
    group: ``"data"``, ``"initialization"``, ``"forward"``, ``"cost"``, ``"backward"`` or ``"update"``.
    edits: From the right program to the wrong one.
    symptom, why: Sentences for the page.
    base: The right program, a name in `BASES`.
    fault: The mistake's name in `Network.train`, where it has one.
    layers: The layers with the mistake; the fault of `Network.train` is in every layer.
    """

    id: str
    group: str
    title: str
    edits: tuple[Edit, ...]
    symptom: str
    why: str
    base: str = "plain"
    fault: str = ""
    layers: tuple[int, ...] = LAYERS

    def __post_init__(self) -> None:
        if self.fault:
            get_fault(self.fault, self.id)

    @property
    def right(self) -> Program:
        return BASES[self.base]

    @property
    def wrong(self) -> Program:
        return edited(self.right, self.edits)


SHAPES = {1: "(3, 2)", 2: "(3, 3)", 3: "(1, 3)"}


def _initial(expression: str) -> tuple[Edit, ...]:
    """Other initial weights in every layer."""
    return tuple(
        Edit(f"W{l}", BY_NAME[f"W{l}"].expression, expression.replace("{shape}", SHAPES[l])) for l in LAYERS
    )


EXHIBITS = (
    Exhibit(
        "unscaled-inputs",
        "data",
        "Inputs are not standardized",
        (Edit("A0", BY_NAME["A0"].expression, "X"),),
        "Z1 has entries up to 5000, A1 is ±1 for every example, and the cost does not go down.",
        "tanh is flat far from 0: its derivative is 0 there, and dZ1 and dW1 with it.",
    ),
    Exhibit(
        "wrong-axis",
        "data",
        "Standardized along the wrong axis",
        (
            Edit(
                "A0",
                BY_NAME["A0"].expression,
                "(X - X.mean(axis=0)) / X.std(axis=0)",
            ),
        ),
        "All columns of A0 are equal, so all examples get the same answer. The cost stops at log 2 = 0.693.",
        "Columns are examples: axis=0 takes the mean over the two features of one example.",
    ),
    Exhibit(
        "shuffled-inputs",
        "data",
        "Inputs are shuffled without their targets",
        (Edit("Y", "labels[:, order]", "labels"),),
        "The cost goes down more slowly: the network memorizes wrong targets.",
        "Each column of A0 stands above the target of another example.",
        base="shuffled",
    ),
    Exhibit(
        "labels-from-1",
        "data",
        "Classes are coded 1 and 2",
        (Edit("Y", "labels - 1", "labels"),),
        "The cost becomes negative and goes down without end.",
        "The cross-entropy needs targets from 0 to 1. With Y = 2 its second term has the wrong sign.",
    ),
    Exhibit(
        "zero-weights",
        "initialization",
        "All weights begin at 0",
        _initial("np.zeros({shape})"),
        "dW1, dW2 and dA1 are 0. The cost stays near log 2 = 0.693.",
        "The units of a layer get equal gradients, and with W = 0 nothing goes back through Wᵀ.",
    ),
    Exhibit(
        "equal-weights",
        "initialization",
        "All weights begin at the same value",
        _initial("np.full({shape}, 0.5)"),
        "All rows of W1, of Z1 and of dW1 are equal, now and after every update.",
        "Units with equal weights compute the same and get the same gradient: three units are worth one.",
    ),
    Exhibit(
        "large-weights",
        "initialization",
        "Initial weights are too large",
        _initial("20 * rng.standard_normal({shape})"),
        "Most entries of A1 are ±1 and of A2 are 0 or 1, and dZ1 is 0 there. The first cost is high.",
        "tanh and sigmoid are flat far from 0, so the gradient ends there.",
    ),
    Exhibit(
        "small-weights",
        "initialization",
        "Initial weights are too small",
        _initial("0.01 * rng.standard_normal({shape})"),
        "dW1 is 2000 times too small. The cost stays near log 2 = 0.693 for a long time.",
        "The gradient is multiplied by W3ᵀ and W2ᵀ on its way back. Small factors make it vanish.",
    ),
    Exhibit(
        "no-bias",
        "forward",
        "The bias is missing in Z",
        (Edit("Z*", " + b{l}", ""),),
        "The gradient check fails in every b and passes in every W.",
        "The cost does not depend on b, so its true derivative is 0, but db is not 0.",
    ),
    Exhibit(
        "no-activation",
        "forward",
        "The activation of layer 1 is missing",
        (Edit("A1", "np.tanh(Z1)", "Z1"),),
        "The gradient check fails in W1 and b1 only.",
        "The backward pass multiplies by the derivative of tanh, which the forward pass does not compute.",
    ),
    Exhibit(
        "no-sigmoid",
        "forward",
        "The output has no sigmoid",
        (Edit("A3", "1 / (1 + np.exp(-Z3))", "Z3"),),
        "The cost becomes NaN as soon as an output is negative or above 1.",
        "The cost takes the logarithm of A3 and of 1 - A3, and Z3 may be any number.",
    ),
    Exhibit(
        "sigmoid-sign",
        "forward",
        "The sign in the sigmoid is wrong",
        (Edit("A3", "np.exp(-Z3)", "np.exp(Z3)"),),
        "The cost grows with every update, and the gradient check fails everywhere.",
        "A3 falls when Z3 grows, so the true derivative by Z3 is Y - A3.",
    ),
    Exhibit(
        "dropout-not-rescaled",
        "forward",
        "Dropout without rescaling",
        (Edit("mask1", " / 0.8", ""),),
        "The gradient check passes. Predictions, which are without dropout, get larger activations.",
        "In training the mean of A1 is 0.8 of its size in prediction. The division by 0.8 keeps the mean.",
        base="dropout",
    ),
    Exhibit(
        "cost-without-mean",
        "cost",
        "The cost is a sum, not a mean",
        (Edit("J", " / m", ""),),
        "The gradient check fails by the factor m. The training is right; its curve is m times as high.",
        "The gradients are those of the mean: they have the 1/m that the cost lacks.",
    ),
    Exhibit(
        "half-of-the-cost",
        "cost",
        "The second term of the cost is missing",
        (Edit("J", " + (1 - Y) * np.log(1 - A3)", ""),),
        "The cost is about half as large, and the gradient check fails.",
        "Examples of the class 0 count in the gradients but not in the cost.",
    ),
    Exhibit(
        "sign-of-the-cost",
        "cost",
        "The sign of the cost is wrong",
        (Edit("J", "-np.sum", "np.sum"),),
        "The curve begins below 0 and goes up. In the check each derivative has the other sign.",
        "The logarithm of a probability is negative. The minus makes the cost positive.",
    ),
    Exhibit(
        "another-cost",
        "cost",
        "Cost and dZ belong to different losses",
        (Edit("J", BY_NAME["J"].expression, "np.sum((A3 - Y) ** 2) / (2 * m)"),),
        "The training works and the cost goes down, but the gradient check fails everywhere.",
        "A3 - Y is the derivative of the cross-entropy. That of the squared error is (A3 - Y)·A3·(1 - A3).",
    ),
    Exhibit(
        "lost-1-m",
        "backward",
        "The 1/m is lost in dW and db",
        (Edit("dW* db*", " / m", ""),),
        "Every gradient is m times too large. With 6 examples the training is faster; with many it diverges.",
        "dZ belongs to the sum of the losses, the cost is their mean. The 1/m stands in dW and in db.",
        fault="lost 1/m",
    ),
    Exhibit(
        "lost-1-m-in-db",
        "backward",
        "The 1/m is lost in db only",
        (Edit("db*", " / m", ""),),
        "The training works. The gradient check fails in every b by the factor m.",
        "np.sum takes the sum over the examples; np.mean would divide by m.",
        fault="lost 1/m in db",
    ),
    Exhibit(
        "1-m-twice",
        "backward",
        "The 1/m stands twice",
        (Edit("dW* db*", " / m", " / m / m"),),
        "Every gradient is m times too small, and the cost goes down m times more slowly.",
        "Where dZ of the output is divided by m already, dW and db must not be divided again.",
        fault="1/m twice",
    ),
    Exhibit(
        "1-n",
        "backward",
        "Divided by the units, not by the examples",
        (Edit("dW* db*", " / m", " / dZ{l}.shape[0]"),),
        "Each layer has another wrong factor: m/3 in layers 1 and 2, m in layer 3.",
        "Columns are examples: m is shape[1]. The number of rows, shape[0], is the number of units.",
        fault="1/n",
    ),
    Exhibit(
        "factor-2",
        "backward",
        "dZ of the output has a factor of 2",
        (Edit("dZ3", "A3 - Y", "2 * (A3 - Y)"),),
        "All gradients are twice too large. The training looks as with a doubled learning rate.",
        "The 2 is that of the squared error without its 1/2. The cross-entropy has no 2.",
        fault="factor 2",
    ),
    Exhibit(
        "sign-of-dz",
        "backward",
        "The sign of dZ of the output is wrong",
        (Edit("dZ3", "A3 - Y", "Y - A3"),),
        "The cost grows with every update. In the gradient check each derivative has the other sign.",
        "The update goes against the gradient, so with the other sign it goes uphill.",
        fault="sign of dZ",
        layers=(3,),
    ),
    Exhibit(
        "sign-of-db",
        "backward",
        "The sign of db is wrong",
        (Edit("db*", "np.sum", "-np.sum"),),
        "The cost goes down at first and then grows without end. The gradient check fails in every b.",
        "The weights go downhill and the biases uphill.",
        fault="sign of db",
    ),
    Exhibit(
        "derivative-at-a",
        "backward",
        "The derivative is taken at A, not at Z",
        (Edit("dZ1", "(1 - A1**2)", "(1 - np.tanh(A1) ** 2)"),),
        "dZ1 has the right signs and wrong sizes. The training works; the gradient check fails in W1 and b1.",
        "The derivative of tanh at Z is 1 - tanh(Z)², which is 1 - A². Another tanh is one too many.",
        fault="derivative at A",
        layers=(1,),
    ),
    Exhibit(
        "no-derivative",
        "backward",
        "The derivative of the activation is missing",
        (Edit("dZ1", " * (1 - A1**2)", ""), Edit("dZ2", " * A2 * (1 - A2)", "")),
        "dZ2 and dZ1 are too large. The gradient check passes in layer 3 and fails below it.",
        "By the chain rule dA is multiplied by g′(Z) in every layer.",
        fault="no derivative",
        layers=(1, 2),
    ),
    Exhibit(
        "derivative-twice",
        "backward",
        "The derivative of the output is taken twice",
        (Edit("dZ3", "A3 - Y", "(A3 - Y) * A3 * (1 - A3)"),),
        "All gradients are at most a quarter of their size. Confident wrong answers hardly learn.",
        "In A3 - Y the derivative of the sigmoid has cancelled already.",
        fault="derivative twice",
    ),
    Exhibit(
        "z-for-a-in-tanh",
        "backward",
        "1 - Z² for 1 - A² (tanh)",
        (Edit("dZ1", "A1**2", "Z1**2"),),
        "Where |Z1| is above 1, dZ1 has the wrong sign. The gradient check fails in W1 and b1.",
        "The derivative of tanh is written in A, the result of tanh: 1 - A².",
        fault="1 - Z² for 1 - A²",
    ),
    Exhibit(
        "z-for-a-in-sigmoid",
        "backward",
        "Z(1 - Z) for A(1 - A) (sigmoid)",
        (Edit("dZ2", "A2 * (1 - A2)", "Z2 * (1 - Z2)"),),
        "dZ2 has wrong signs where Z is negative. Layers 1 and 2 fail in the gradient check.",
        "The derivative of the sigmoid is written in A, the result of the sigmoid: A·(1 - A).",
        fault="Z(1 - Z) for A(1 - A)",
    ),
    Exhibit(
        "relu-for-tanh",
        "backward",
        "The derivative of another activation",
        (Edit("dZ1", "(1 - A1**2)", "(Z1 > 0)"),),
        "dZ1 is 0 where Z1 is negative. The gradient check fails in W1 and b1.",
        "The forward pass has tanh in layer 1, the backward pass the derivative of relu.",
        fault="derivative of relu",
        layers=(1,),
    ),
    Exhibit(
        "w-for-w-transposed",
        "backward",
        "W is not transposed in dA",
        (Edit("dA1", "W2.T", "W2"),),
        "No error, because W2 is square. The gradient check fails in layer 1.",
        "Entry (i, j) of W leads from unit j to unit i, so the way back is Wᵀ.",
        fault="W for Wᵀ",
        layers=(2,),
    ),
    Exhibit(
        "dw-transposed",
        "backward",
        "dW is transposed",
        (Edit("dW2", "dZ2 @ A1.T", "A1 @ dZ2.T"),),
        "No error, because W2 is square. The gradient check fails in W2 and in nothing else.",
        "dW has the shape of W, units × units before: dZ·A_prevᵀ. In a square layer the shape does not tell.",
        fault="dW transposed",
        layers=(2,),
    ),
    Exhibit(
        "a-of-its-own-layer",
        "backward",
        "A[l] for A[l-1] in dW",
        (Edit("dW2", "A1.T", "A2.T"),),
        "No error, because the layers 1 and 2 have the same size. The gradient check fails in W2.",
        "W2 multiplies A1 in the forward pass, so A1 is the factor in its derivative.",
        fault="A[l] for A[l-1]",
        layers=(2,),
    ),
    Exhibit(
        "db-over-units",
        "backward",
        "db is summed over the units as well",
        (Edit("db*", "axis=1, keepdims=True", "keepdims=True"),),
        "db1 has one number for three units, and NumPy repeats it. The gradient check finds the shape.",
        "Each unit has its own bias: the sum goes over the examples, axis=1.",
        fault="db over units",
    ),
    Exhibit(
        "keepdims-lost",
        "backward",
        "keepdims is lost in db",
        (Edit("db*", ", keepdims=True", ""),),
        "db1 has the shape (3,). The update makes b1 a 3 × 3 matrix, and the next Z1 is an error.",
        "NumPy repeats (3,) as a row: (3, 1) - (3,) has the shape (3, 3).",
    ),
    Exhibit(
        "no-regularization",
        "backward",
        "The gradient lacks the L2 term",
        (Edit("dW*", f" + {L2} / m * W{{l}}", ""),),
        "The weights grow as without L2, so the cost goes up. The check fails in every W.",
        "The cost has λ/2m · ΣW², so dW has λ/m · W.",
        base="L2",
        fault="no regularization",
    ),
    Exhibit(
        "no-mask",
        "backward",
        "The dropout mask is missing in the backward pass",
        (Edit("dg(Z1)", " * mask1", ""),),
        "Dropped units get a gradient. The gradient check fails in W1 and b1, if it uses the same mask.",
        "A1 is multiplied by the mask, so its derivative is multiplied by the same mask.",
        base="dropout",
        fault="no mask",
    ),
    Exhibit(
        "plus-in-the-update",
        "update",
        "The update adds the gradient",
        (Edit("W*′ b*′", "-", "+"),),
        "The gradient check passes, and the cost grows with every update.",
        "The gradient leads uphill. The update goes against it.",
    ),
    Exhibit(
        "rate-too-high",
        "update",
        "The learning rate is too high",
        (Edit("α", "1.0", "40.0"),),
        "The first update jumps far past the minimum. The units saturate, and the cost stays high.",
        "The gradient describes the cost near θ only.",
    ),
    Exhibit(
        "rate-too-low",
        "update",
        "The learning rate is too low",
        (Edit("α", "1.0", "0.001"),),
        "The gradient check passes, and the cost hardly moves in 200 updates.",
        "The way of an update is α times the gradient.",
    ),
    Exhibit(
        "biases-not-updated",
        "update",
        "The biases are not updated",
        (Edit("b*′", " - learning_rate * db{l}", ""),),
        "The gradient check passes. The training works somewhat worse.",
        "db is computed and never used.",
    ),
    Exhibit(
        "updated-too-early",
        "update",
        "A layer is updated before the gradient went through it",
        (
            Edit("dA2", "W3.T", "(W3 - learning_rate * dW3).T"),
            Edit("dA1", "W2.T", "(W2 - learning_rate * dW2).T"),
        ),
        "The training works. The gradient check passes in layer 3 and fails below it.",
        "The gradient belongs to the weights of the forward pass: compute all of it, then update.",
    ),
)
"""All exhibits, in the order of the page."""
