"""`Network`: the easy-to-use class over the stages. Columns are examples."""

from deepstep.model.answering import Answering
from deepstep.model.beginning import Beginning
from deepstep.model.explaining import Explaining
from deepstep.model.opening import Openable
from deepstep.model.stepping import Steppable
from deepstep.model.storing import Storable
from deepstep.model.teaching import Teachable


class Network(Teachable, Steppable, Beginning, Answering, Explaining, Openable, Storable):
    """A deep fully-connected network with every step open.

    Parameters
    ----------
    layer_dims : sequence of int, optional
        n_0 (inputs), n_1, …, n_L (outputs). May be left out if ``parameters`` are given.
    activation : str or sequence of str
        Activation of the hidden layers: one for all, or one per hidden layer.
    output : str
        The head, which decides what the output means and which loss trains it, a name in
        ``deepstep.equations.HEADS``: "sigmoid" (yes/no outputs, cross-entropy), "softmax" (one class among
        n_L), "identity" (numbers, half the squared error), "absolute_error", "huber", "poisson" (counts),
        "quantile" (several quantiles that never cross), "ordinal" (classes in an order).
    output_settings : mapping, optional
        Settings of the head, for example ``{"smoothing": 0.1}`` or ``{"levels": [0.1, 0.5, 0.9]}``.
    normalization : str or sequence of str
        "none", "batch" or "layer": one for all hidden layers, or one for each.
    input_scale : bool
        Whether each input has a factor that is learned, the parameter s1 (n_0, 1), see
        `deepstep.equations.scaled_weights`. ``rate_factors={"s1": 6}`` in `train` lets it learn faster.
    parametric : bool or sequence of bool
        Whether each hidden unit learns how far its activation bends, the parameters alpha1 (n_1, 1), …, see
        `deepstep.equations.parametric_forward`: one answer for all hidden layers, or one for each.
    features : mapping, optional
        Other features by their name in ``deepstep.equations.FEATURES``: ``{"periodic_embedding": True}``.
    shared_members : int
        K: so many networks in one, which share all matrices but the last (TabM, arXiv 2410.24210). Each
        scales the inputs by its row of the parameter r1 (K, n_0), has an output layer of its own, and learns
        by its own loss; the answer is the mean of theirs. 0 for an ordinary network. See
        `deepstep.equations.members_linear_forward`.
    initialization : str
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``; or "data": by the
        first training, so that each pre-activation has variance 1 over (at most 4096 of) its examples. Until
        then they are those of "he".
    seed : int, Generator or RandomState, optional
        An int seeds a `numpy.random.RandomState`, whose stream is frozen, so the lecture's published values
        come out; with None a seed is drawn and kept in ``network.seed``.
    parameters : mapping, optional
        Initial parameters W1, b1, …; they are copied. Those of an input scale and of parametric activations
        are among them.
    dtype : {"float64", "float32"}
    engine : {"auto", "reference", "compiled", "torch", "torch:cpu", "torch:cuda", "torch:mps"}
        What runs the training.

    Attributes
    ----------
    architecture : Architecture
    parameters : Parameters
        θ now; named views over one flat vector.
    statistics : dict
        Running statistics of batch normalization, "mean1", "variance1", … (n_l, 1); empty without.
    history : History or None
        Of the last training.
    best_epochs : int or None
        How many epochs it took to the parameters that patience kept, 0 where it kept none; None without.
    stopping_history : History or None
        After ``refit``: that of the training that counted the epochs.
    seed : int
        Seed of the order of mini-batches. Where an int was given, or None, it is that of the initial values
        too; a generator's is drawn from it after the initial values, which it does not make again.

    Raises
    ------
    ConfigurationError, ShapeError
        If the settings do not fit together.
    DataError
        If ``parameters`` are not finite numbers of this dtype.

    Examples
    --------
    The exclusive or:

    >>> X = [[0, 0, 1, 1], [0, 1, 0, 1]]
    >>> Y = [[0, 1, 1, 0]]
    >>> net = Network([2, 4, 1], activation="tanh", seed=1)
    >>> history = net.train(X, Y, learning_rate=0.5, iterations=2000)
    >>> net.predict(X)
    array([[0, 1, 1, 0]])
    """

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.architecture.layer_dims))
        names = ", ".join(self._described(layer) for layer in range(1, self.architecture.n_layers + 1))
        names = f"scaled inputs, {names}" if self.architecture.input_scale else names
        names = ", ".join([*self._embeddings(), names])
        members = self.architecture.shared_members
        names = f"{members} members, {names}" if members else names
        return f"Network({sizes}: {names}; {self.architecture.n_parameters:,} parameters, {self.dtype})"
