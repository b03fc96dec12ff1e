"""What single examples say about a `Network`, and inputs about its answers: per-example derivatives."""

from typing import Any

import numpy as np

from deepstep.equations import get_head, gradient_norms, output_gradient
from deepstep.equations.ops import backward
from deepstep.errors import ConfigurationError
from deepstep.model.core import Core
from deepstep.network.border import check_inputs
from deepstep.training.rows import parts
from deepstep.types import Array, is_whole


class Explaining(Core):
    """The part of `Network` that explains."""

    def gradient_norms(self, X: Any, Y: Any) -> Array:
        """How far each example alone would move the parameters: the norm of its own gradient.

        An example that the network has understood has a small one; the largest are outliers, hard ones, and
        those with a wrong target. There is no pass for each example (Goodfellow, arXiv 1510.01799), see
        `deepstep.equations.linear_gradient_norms`.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Inputs and targets, as in `train`.

        Returns
        -------
        array of shape (1, m)
            ‖∂loss⁽ⁱ⁾/∂θ‖ over all parameters, without regularization and dropout.

        Raises
        ------
        ConfigurationError
            With batch normalization, where examples have no losses of their own.
        ShapeError, DataError
            If X or Y does not fit.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
        >>> net.gradient_norms([[0.0, 1.0]], [[1.0, 1.0]]).round(4)  # dZ = 0 and 2
        array([[0.    , 2.8284]])
        """
        where, shape = "Network.gradient_norms", self.architecture
        X, Y = self._check(X, Y, where)
        head, norms = get_head(shape), []
        for part in parts(X.shape[1], shape.held_dims):
            graph, tape = shape.run(X[:, part], self.parameters)
            dZL = output_gradient(tape[graph.logits], Y[:, part], output=head)
            norms.append(gradient_norms(graph.nodes, tape, {graph.logits: dZL}, Y[:, part].shape[1]))
        return np.concatenate(norms, axis=1)

    def input_gradients(self, X: Any, *, output: int = 0) -> Array:
        """How one output follows each input: its derivative, at each example.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Inputs; a column is an example.
        output : int
            Number of the output, from 0: a row of what `forward` gives.

        Returns
        -------
        array of shape (n_x, m)
            ∂AL[output, i] / ∂X[:, i], of the network that predicts: with batch normalization by its running
            statistics. At a kink of an activation, the derivative that training takes there.

        Raises
        ------
        ConfigurationError
            If there is no such output.
        ShapeError, DataError
            If X does not fit.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network(parameters={"W1": [[2.0, -1.0]], "b1": [[1.0]]}, output="identity")
        >>> net.input_gradients([[0.0, 1.0], [5.0, 5.0]])
        array([[ 2.,  2.],
               [-1., -1.]])
        """
        where, shape = "Network.input_gradients", self.architecture
        if not (is_whole(output, 0) and output < shape.n_outputs):
            raise ConfigurationError(where, f"output is one of 0 … {shape.n_outputs - 1}", f"got {output!r}")
        X = check_inputs(X, shape.n_inputs, where, dtype=self.dtype)
        found = [self._input_gradients(X[:, part], output) for part in parts(X.shape[1], shape.held_dims)]
        return np.concatenate(found, axis=1)

    def _input_gradients(self, X: Array, output: int) -> Array:
        graph, tape = self.architecture.run(X, self.parameters, statistics=self.statistics)
        dAL = np.zeros_like(tape[graph.output])
        dAL[output] = 1
        derivatives = (found for _, found in backward(graph.nodes, tape, {graph.output: dAL}))
        return next(found["A0"] for found in derivatives if "A0" in found)
