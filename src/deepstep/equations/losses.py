"""Losses: cross-entropies of classes, errors of numbers and Poisson's deviance of counts.

A loss takes the logits ZL (in the textbook's form the output AL) and the target Y, all of shape (n_L, m), and
gives a row of shape (1, m): one number for each example, summed over the outputs. Its backward gives the
derivative of the summed loss m·J, and registers both as a head. Where the output is the pre-activation,
AL = ZL, the loss from the logits is the textbook's.
"""

from deepstep.equations import arrays as np
from deepstep.equations.activations import exponential, sigmoid, softmax
from deepstep.equations.heads import Setting, head
from deepstep.equations.registry import POSITIVE, SHARE, equation
from deepstep.types import Array


@equation("T = (1 - ε)·Y + ε / n", source="Szegedy et al. 2016, section 7 (arXiv 1512.00567)")
def smooth_labels(Y: Array, smoothing: float, n: int) -> Array:
    """Targets of label smoothing: a share ε of the certainty is spread evenly over the n possible answers.

    Parameters
    ----------
    Y : array of shape (n_L, m)
        Target.
    smoothing : float
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.
    n : int
        Number of possible answers: 2 for each yes/no output, n_L for one choice among classes.

    Returns
    -------
    T : array of shape (n_L, m)
        Target in place of Y.

    Notes
    -----
        T = (1 - ε)·Y + ε / n

    Source: Szegedy et al. 2016, section 7 (arXiv 1512.00567).

    Examples
    --------
    >>> smooth_labels(np.array([[0.0], [1.0]]), 0.1, 2)
    array([[0.05],
           [0.95]])
    """
    return (1 - smoothing) * Y + smoothing / n


@equation("loss = -Σ (Y ∘ log AL + (1 - Y) ∘ log(1 - AL))", source="lecture 4")
def cross_entropy(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's yes/no cross-entropy, from the probabilities.

    At saturation: a term whose weight (Y or 1 - Y) is 0 counts as 0, so a sure and right answer (AL = 1,
    Y = 1) has loss 0 and not NaN; a sure and wrong one (AL = 0, Y = 1) has loss inf, though the loss from the
    logits is a finite number there. Train with `sigmoid_cross_entropy`.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = -Σ (Y ∘ log AL + (1 - Y) ∘ log(1 - AL))

    Source: lecture 4.

    Examples
    --------
    >>> cross_entropy(np.array([[0.5, 1.0, 0.0]]), np.array([[1, 1, 1]]))
    array([[0.69314718, 0.        ,        inf]])
    """
    T = _yes_no(Y, smoothing)
    return np.sum(_surprise(T, AL) + _surprise(1 - T, 1 - AL), axis=0, keepdims=True)


@equation("dAL = -(Y / AL - (1 - Y) / (1 - AL))", source="lecture 5.3")
def cross_entropy_backward(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's derivative by the probabilities.

    At saturation: a term whose weight is 0 counts as 0 (AL = 1, Y = 1 gives -1, not NaN); a sure and wrong
    answer gives ±inf, and times σ'(Z) = 0 that has no value. `model_backward` therefore joins both factors
    into AL - Y wherever AL is the sigmoid of its own Z.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    dAL : array of shape (n_L, m)
        Derivative of m·J by AL.

    Notes
    -----
        dAL = -(Y / AL - (1 - Y) / (1 - AL))

    Source: lecture 5.3.

    Examples
    --------
    >>> cross_entropy_backward(np.array([[0.5, 1.0, 0.0]]), np.array([[1, 1, 1]]))
    array([[ -2.,  -1., -inf]])
    """
    T = _yes_no(Y, smoothing)
    return _weighted_quotient(1 - T, 1 - AL) - _weighted_quotient(T, AL)


@equation("loss = -Σⱼ Yⱼ log ALⱼ", source="lecture, course 2 week 3")
def categorical_cross_entropy(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's cross-entropy of one choice among classes; at saturation as `cross_entropy`.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = -Σⱼ Yⱼ log ALⱼ

    Source: lecture, course 2 week 3.

    Examples
    --------
    >>> categorical_cross_entropy(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    >>> categorical_cross_entropy_backward(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[-2.],
           [-0.]])
    """
    return np.sum(_surprise(_one_of_many(Y, smoothing), AL), axis=0, keepdims=True)


@equation("dALⱼ = -Yⱼ / ALⱼ")
def categorical_cross_entropy_backward(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's derivative by the probabilities; at saturation as `cross_entropy_backward`.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    dAL : array of shape (n_L, m)
        Derivative of m·J by AL.

    Notes
    -----
        dALⱼ = -Yⱼ / ALⱼ

    Source: lecture, course 2 week 3.

    Examples
    --------
    >>> categorical_cross_entropy(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    >>> categorical_cross_entropy_backward(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[-2.],
           [-0.]])
    """
    return -_weighted_quotient(_one_of_many(Y, smoothing), AL)


def _smoothed(smoothing: float, n: int) -> dict[str, str]:
    """The text that stands for Y in formulas."""
    return {"Y": f"({1 - smoothing:g}·Y + {smoothing / n:g})"} if smoothing else {}


@equation("loss = Σ (log(1 + e^ZL) - Y ∘ ZL)", source="lecture 4, from the logits")
def sigmoid_cross_entropy(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Cross-entropy of independent yes/no outputs, from the logits: finite for every finite ZL.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = Σ (log(1 + e^ZL) - Y ∘ ZL)

    Source: lecture 4, from the logits.

    Examples
    --------
    >>> sigmoid_cross_entropy(np.array([[0.0, -1e4]]), np.array([[1, 1]]))
    array([[6.93147181e-01, 1.00000000e+04]])
    >>> sigmoid_cross_entropy_backward(np.array([[0.0, 1e4]]), np.array([[1, 1]]))
    array([[-0.5,  0. ]])
    """
    T = _yes_no(Y, smoothing)
    linear = np.maximum(ZL, 0) - T * ZL  # first, so that a sure and right answer keeps its small loss
    return np.sum(linear + np.log1p(np.exp(-np.abs(ZL))), axis=0, keepdims=True)


@head(
    "sigmoid",
    sigmoid_cross_entropy,
    activation="sigmoid",
    targets="probabilities",
    textbook=(cross_entropy, cross_entropy_backward),
    smoothing=Setting(SHARE, lambda smoothing, n: _smoothed(smoothing, 2)),
)
@equation("dZL = AL - Y,  AL = sigmoid(ZL)", source="lecture 5.3, both factors joined")
def sigmoid_cross_entropy_backward(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Derivative by the logits: never a division, so never 0/0.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Notes
    -----
        dZL = AL - Y
        AL = sigmoid(ZL)

    Source: lecture 5.3, both factors joined.

    Examples
    --------
    >>> sigmoid_cross_entropy(np.array([[0.0, -1e4]]), np.array([[1, 1]]))
    array([[6.93147181e-01, 1.00000000e+04]])
    >>> sigmoid_cross_entropy_backward(np.array([[0.0, 1e4]]), np.array([[1, 1]]))
    array([[-0.5,  0. ]])
    """
    return sigmoid(ZL) - _yes_no(Y, smoothing)


@equation("loss = log Σⱼ e^ZLⱼ - Σⱼ Yⱼ ZLⱼ", source="lecture, course 2 week 3, from the logits")
def softmax_cross_entropy(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Cross-entropy of one choice among n_L classes, from the logits; the columns of Y sum to 1.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = log Σⱼ e^ZLⱼ - Σⱼ Yⱼ ZLⱼ

    Source: lecture, course 2 week 3, from the logits.

    Examples
    --------
    >>> softmax_cross_entropy(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    >>> softmax_cross_entropy_backward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[-0.5],
           [ 0.5]])
    """
    with np.errstate(over="ignore"):
        shifted = ZL - np.max(ZL, axis=0, keepdims=True)
    shifted = no_infinity(shifted)
    T = _one_of_many(Y, smoothing)
    return np.log(np.exp(shifted).sum(axis=0, keepdims=True)) - np.sum(T * shifted, axis=0, keepdims=True)


@head(
    "softmax",
    softmax_cross_entropy,
    activation="softmax",
    targets="classes",
    textbook=(categorical_cross_entropy, categorical_cross_entropy_backward),
    smoothing=Setting(SHARE, _smoothed),
)
@equation("dZL = AL - Y,  AL = softmax(ZL)", source="lecture, course 2 week 3")
def softmax_cross_entropy_backward(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Derivative by the logits.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    smoothing : float, optional
        ε of label smoothing, from 0 to below 1: `smooth_labels` stands for Y.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Notes
    -----
        dZL = AL - Y
        AL = softmax(ZL)

    Source: lecture, course 2 week 3.

    Examples
    --------
    >>> softmax_cross_entropy(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    >>> softmax_cross_entropy_backward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[-0.5],
           [ 0.5]])
    """
    return softmax(ZL) - _one_of_many(Y, smoothing)


@equation("loss = ½ Σ (ZL - Y)²", source="Bishop 2006, section 5.2")
def squared_error(ZL: Array, Y: Array) -> Array:
    """Half the squared distance of the output from the target.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = ½ Σ (ZL - Y)²

    Source: Bishop 2006, section 5.2.

    Examples
    --------
    >>> squared_error(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[0.5, 4.5]])
    >>> squared_error_backward(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    """
    return np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 2


@head("identity", squared_error)
@equation("dZL = ZL - Y")
def squared_error_backward(ZL: Array, Y: Array) -> Array:
    """Derivative of half the squared distance.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Notes
    -----
        dZL = ZL - Y

    Source: Bishop 2006, section 5.2.

    Examples
    --------
    >>> squared_error(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[0.5, 4.5]])
    >>> squared_error_backward(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    """
    return ZL - Y


def residual(ZL: Array, Y: Array) -> Array:
    """A quantity that is 0 where the absolute error has no derivative."""
    return ZL - Y


@equation("loss = Σ |ZL - Y|", source="Bishop 2006, section 1.5.5 (L1: the median)")
def absolute_error(ZL: Array, Y: Array) -> Array:
    """The distance of the output from the target: what is learned is the median.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = Σ |ZL - Y|

    Source: Bishop 2006, section 1.5.5 (L1: the median).

    Examples
    --------
    >>> absolute_error(np.array([[1.0, -3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    >>> absolute_error_backward(np.array([[1.0, -3.0, 0.0]]), np.array([[0.0, 0.0, 0.0]]))
    array([[ 1., -1.,  0.]])
    """
    return np.sum(np.abs(ZL - Y), axis=0, keepdims=True)


@head("absolute_error", absolute_error, kinks=residual)
@equation("dZL = sign(ZL - Y)")
def absolute_error_backward(ZL: Array, Y: Array) -> Array:
    """Derivative of the distance; 0 where the output is the target, and the distance has none.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Notes
    -----
        dZL = sign(ZL - Y)

    Source: Bishop 2006, section 1.5.5 (L1: the median).

    Examples
    --------
    >>> absolute_error(np.array([[1.0, -3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    >>> absolute_error_backward(np.array([[1.0, -3.0, 0.0]]), np.array([[0.0, 0.0, 0.0]]))
    array([[ 1., -1.,  0.]])
    """
    return np.sign(ZL - Y)


@equation("loss = Σ c ∘ (|ZL - Y| - c / 2),  c = min(|ZL - Y|, δ)", source="Huber 1964")
def huber(ZL: Array, Y: Array, *, delta: float = 1.0) -> Array:
    """Half the squared distance up to a distance of δ, a straight line beyond: outliers pull no harder.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    delta : float, optional
        δ, above 0: the distance from which on the loss is a straight line.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = Σ c ∘ (|ZL - Y| - c / 2)
        c = min(|ZL - Y|, δ)

    Source: Huber 1964.

    Examples
    --------
    >>> huber(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.125, 2.5  ]])
    >>> huber_backward(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.5, 1. ]])
    """
    distance = np.abs(ZL - Y)
    c = np.minimum(distance, delta)
    return np.sum(c * (distance - c / 2), axis=0, keepdims=True)


@head("huber", huber, delta=Setting(POSITIVE, lambda delta, n: {"δ": f"{delta:g}"}))
@equation("dZL = min(max(ZL - Y, -δ), δ)")
def huber_backward(ZL: Array, Y: Array, *, delta: float = 1.0) -> Array:
    """Derivative of Huber's loss.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    delta : float, optional
        δ, above 0: the distance from which on the loss is a straight line.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Notes
    -----
        dZL = min(max(ZL - Y, -δ), δ)

    Source: Huber 1964.

    Examples
    --------
    >>> huber(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.125, 2.5  ]])
    >>> huber_backward(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.5, 1. ]])
    """
    return np.clip(ZL - Y, -delta, delta)


@equation("loss = Σ (Y ∘ log(Y / AL) - Y + AL)", source="McCullagh & Nelder 1989, chapter 6")
def mean_deviance(AL: Array, Y: Array) -> Array:
    """The textbook's half deviance of counts, from their means; inf where the mean 0 meets a count.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = Σ (Y ∘ log(Y / AL) - Y + AL)

    Source: McCullagh & Nelder 1989, chapter 6.

    Examples
    --------
    >>> mean_deviance(np.array([[1.0, 3.0, 0.0]]), np.array([[1.0, 0.0, 2.0]]))
    array([[ 0.,  3., inf]])
    >>> mean_deviance_backward(np.array([[1.0, 4.0, 0.0]]), np.array([[1.0, 2.0, 0.0]]))
    array([[0. , 0.5, 1. ]])
    """
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.where(Y == 0, 1, Y)) - np.log(np.where(Y == 0, 1, AL))
    return np.sum(Y * logarithm - Y + AL, axis=0, keepdims=True)


@equation("dAL = 1 - Y / AL")
def mean_deviance_backward(AL: Array, Y: Array) -> Array:
    """The textbook's derivative by the means.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    dAL : array of shape (n_L, m)
        Derivative of m·J by AL.

    Notes
    -----
        dAL = 1 - Y / AL

    Source: McCullagh & Nelder 1989, chapter 6.

    Examples
    --------
    >>> mean_deviance(np.array([[1.0, 3.0, 0.0]]), np.array([[1.0, 0.0, 2.0]]))
    array([[ 0.,  3., inf]])
    >>> mean_deviance_backward(np.array([[1.0, 4.0, 0.0]]), np.array([[1.0, 2.0, 0.0]]))
    array([[0. , 0.5, 1. ]])
    """
    with np.errstate(divide="ignore"):
        return 1 - Y / np.where(Y == 0, 1, AL)


@equation("loss = Σ (e^ZL - Y - Y ∘ (ZL - log Y))", source="McCullagh & Nelder 1989, chapter 6")
def poisson_deviance(ZL: Array, Y: Array) -> Array:
    """Half the deviance of counts with mean e^ZL, from the logits: 0 where the mean is the count.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = Σ (e^ZL - Y - Y ∘ (ZL - log Y))

    Source: McCullagh & Nelder 1989, chapter 6.

    Examples
    --------
    >>> poisson_deviance(np.array([[0.0, 0.0, -1e4]]), np.array([[1.0, 0.0, 2.0]])).round(4)
    array([[0.00000000e+00, 1.00000000e+00, 1.99993863e+04]])
    >>> poisson_deviance_backward(np.array([[0.0, -1e4]]), np.array([[1.0, 2.0]]))
    array([[ 0., -2.]])
    """
    with np.errstate(over="ignore"):  # a mean too large for the dtype has the loss inf
        loss = exponential(ZL) - Y - Y * (ZL - np.log(np.where(Y == 0, 1, Y)))
    return np.sum(loss, axis=0, keepdims=True)


@head(
    "poisson",
    poisson_deviance,
    activation="exponential",
    targets="counts",
    textbook=(mean_deviance, mean_deviance_backward),
)
@equation("dZL = AL - Y,  AL = e^ZL")
def poisson_deviance_backward(ZL: Array, Y: Array) -> Array:
    """Derivative by the logits.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Notes
    -----
        dZL = AL - Y
        AL = e^ZL

    Source: McCullagh & Nelder 1989, chapter 6.

    Examples
    --------
    >>> poisson_deviance(np.array([[0.0, 0.0, -1e4]]), np.array([[1.0, 0.0, 2.0]])).round(4)
    array([[0.00000000e+00, 1.00000000e+00, 1.99993863e+04]])
    >>> poisson_deviance_backward(np.array([[0.0, -1e4]]), np.array([[1.0, 2.0]]))
    array([[ 0., -2.]])
    """
    return exponential(ZL) - Y


def _yes_no(Y: Array, smoothing: float) -> Array:
    """T of independent yes/no outputs: two answers each."""
    return smooth_labels(Y, smoothing, 2) if smoothing else Y


def _one_of_many(Y: Array, smoothing: float) -> Array:
    """T of one choice among the rows."""
    return smooth_labels(Y, smoothing, len(Y)) if smoothing else Y


def _surprise(weight: Array, probability: Array) -> Array:
    """-weight · log(probability), 0 where the weight is 0."""
    with np.errstate(divide="ignore"):
        return weight * (0 - np.log(np.where(weight == 0, 1, probability)))


def _weighted_quotient(weight: Array, probability: Array) -> Array:
    """weight / probability, 0 where the weight is 0."""
    with np.errstate(divide="ignore"):
        return weight / np.where(weight == 0, 1, probability)


def no_infinity(logits: Array) -> Array:
    """Logits below all numbers of their dtype as the lowest one, so that 0 · logit stays 0."""
    return np.maximum(logits, np.finfo(np.result_type(logits, np.float32)).min)
