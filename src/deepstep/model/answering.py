"""What a `Network` answers: outputs, classes, probabilities, the cost and its derivatives."""

from typing import Any

import numpy as np

from deepstep.equations import answers, get_head, output_gradient, probabilities
from deepstep.equations.model import gradients_of
from deepstep.errors import ConfigurationError
from deepstep.model.core import Core
from deepstep.preparation.batches import Examples
from deepstep.training.rows import cost_of_rows
from deepstep.types import AnyArray, Array


class Answering(Core):
    """The part of `Network` that answers."""

    def forward(self, X: Any) -> Array:
        """The output of the last layer.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Inputs; a column is an example.

        Returns
        -------
        AL : array of shape (n_L, m)
            Of the network's dtype.

        Raises
        ------
        ShapeError, DataError
            If X does not fit, or is so large that an output is not finite.

        Examples
        --------
        >>> from deepstep import Network
        >>> Network([2, 1], initialization="zeros", seed=1).forward([[1, 2, 3], [4, 5, 6]])
        array([[0.5, 0.5, 0.5]])
        """
        return self._forward(X, "Network.forward")

    def predict_proba(self, X: Any) -> Array:
        """Probabilities.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Inputs; a column is an example.

        Returns
        -------
        array of shape (n_L, m)
            For a sigmoid each output's own, for a softmax one distribution over the n_L classes per column;
            for ordered classes one over their n_L + 1, of shape (n_L + 1, m).

        Raises
        ------
        ConfigurationError
            If the output gives numbers and no probabilities.
        ShapeError, DataError
            As in `forward`.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network([1, 4], output="softmax", initialization="zeros", seed=1)
        >>> net.predict_proba([[7.0]]).ravel()
        array([0.25, 0.25, 0.25, 0.25])
        """
        where = "Network.predict_proba"
        found = probabilities(self.architecture, self._forward(X, where))
        if found is None:
            raise ConfigurationError(
                where,
                "an output that gives probabilities",
                f"this network's output is {self.architecture.output!r}",
                "Use predict.",
            )
        return found

    def predict(self, X: Any) -> AnyArray:
        """Answers.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Inputs; a column is an example.

        Returns
        -------
        array
            Sigmoid: whole numbers (n_L, m), 1 where a probability is above ½. Softmax and ordinal: the
            number of the most probable class, (1, m). Else the numbers, (n_L, m).

        Raises
        ------
        ShapeError, DataError
            As in `forward`.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[-1.0]]})
        >>> net.predict([[0.4, 0.6]])
        array([[0, 1]])
        """
        return answers(self.architecture, self._forward(X, "Network.predict"))

    def accuracy(self, X: Any, Y: Any) -> float:
        """Share of right answers.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Inputs and targets, as in `train`; for a sigmoid a target above ½ means yes.

        Returns
        -------
        float
            From 0 to 1; with several sigmoid outputs over all of them.

        Raises
        ------
        ConfigurationError
            If the output gives numbers.
        ShapeError, DataError
            If X or Y does not fit, or an output is not finite.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[-1.0]]})
        >>> net.accuracy([[0.4, 0.6, 0.7, 0.8]], [[0, 1, 1, 0]])
        0.75
        """
        X, Y = self._check(X, Y, "Network.accuracy")
        if probabilities(self.architecture, Y) is None:
            raise ConfigurationError(
                "Network.accuracy",
                "an output that gives classes",
                f"this network's output is {self.architecture.output!r}",
                "Use cost.",
            )
        return float(np.mean(self.predict(X) == answers(self.architecture, Y)))

    def cost(self, X: Any, Y: Any, *, sample_weight: Any = None) -> float:
        """The cost J of the network that predicts, from the logits, without regularization.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Inputs and targets, as in `train`.
        sample_weight : array of shape (m,), optional
            Weight of each example.

        Returns
        -------
        J : float

        Raises
        ------
        ShapeError, DataError
            If X or Y does not fit.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
        >>> net.cost([[0.0, 1.0]], [[1.0, 1.0]])  # ½ (0² + 2²) / 2
        1.0
        """
        X, Y = self._check(X, Y, "Network.cost")
        weight = self._weight(sample_weight, X.shape[1], "Network.cost")
        session = self._answering("Network.cost", X.shape[1])
        return cost_of_rows(session.cost, Examples(X.T, Y.T, weight), self.architecture.held_dims)

    def gradients(self, X: Any, Y: Any) -> dict[str, Array]:
        """The derivatives at the parameters as they are; nothing is updated.

        Batch normalization uses the batch's own statistics, as in training; there is no dropout.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Inputs and targets, as in `train`.

        Returns
        -------
        dict
            ``"dW1"``, ``"db1"``, … of the shapes of W and b (derivatives of J) and ``"dA0"``, … (n_l, m) (of
            m·J), see `deepstep.equations.model_backward`.

        Raises
        ------
        ShapeError, DataError
            If X or Y does not fit.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
        >>> net.gradients([[0.0, 1.0]], [[1.0, 1.0]])["dW1"]
        array([[1.]])
        """
        X, Y = self._check(X, Y, "Network.gradients")
        shape = self.architecture
        graph, tape = shape.run(X, self.parameters)
        return gradients_of(graph, tape, output_gradient(tape[graph.logits], Y, output=get_head(shape)))
