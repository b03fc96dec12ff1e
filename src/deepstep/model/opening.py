"""What a `Network` shows of itself: the trace of a step, checked gradients, a summary."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from deepstep.engines import Settings
from deepstep.equations.ops import symbol_and_layer
from deepstep.inspection import GradientReport, Trace, check_gradients, trace_step
from deepstep.inspection.gradient_check import text_table
from deepstep.model.core import Core
from deepstep.model.options import LBFGS
from deepstep.training.plan import check_learning_rate
from deepstep.types import Array


class Openable(Core):
    """The part of `Network` that shows itself."""

    def explore(self, X: Any, Y: Any, **options: Any) -> Any:
        """Open this network on a page, where every number of every step can be looked at.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Examples, as in `train`.
        **options
            As in `deepstep.explore`: ``learning_rate``, ``iterations``, ``optimizer``, …

        Returns
        -------
        deepstep.explorer.Exploration
            It shows itself in a notebook; ``.export("lesson.html")`` writes a file.

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit, or the network is too large for a page.

        Examples
        --------
        >>> from deepstep import Network
        >>> Network([2, 3, 1], seed=1).explore([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]])
        Exploration('2-3-1 on data')
        """
        # A face imports everything and nothing imports it, so this name is looked up when it is called.
        return import_module("deepstep.explorer").explore(self, X, Y, **options)

    def trace(
        self,
        X: Any,
        Y: Any,
        *,
        learning_rate: float = 0.0075,
        sample_weight: Any = None,
        **settings: Any,
    ) -> Trace:
        """One training step opened: every quantity in order, with formula, shape and value.

        The network is not changed; the trace ends with what the step would make of the parameters. To open a
        step in the midst of a training, with the optimizer's state as it is there, see `steps`.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
        learning_rate, sample_weight, **settings
            As in `train`: ``optimizer``, ``hyperparameters``, ``l2``, ``dropout``, …; the optimizer's state
            is that of its first step. L-BFGS has no step of its own: its trace ends with the gradients.

        Returns
        -------
        Trace

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network([2, 1], initialization="zeros", seed=1)
        >>> net.trace([[1.0], [2.0]], [[1]], learning_rate=0.5)["W1′"].value
        array([[0.25, 0.5 ]])
        """
        where = "Network.trace"
        X, Y = self._check(X, Y, where)
        chosen = self._settings(settings, where)
        trace = trace_step(
            self.architecture,
            self.parameters,
            X,
            Y,
            learning_rate=check_learning_rate(learning_rate),
            settings=chosen,
            state=self._session(where, replace(chosen, precision=None), engine="reference").state(),
            sample_weight=self._weight(sample_weight, X.shape[1], where),
        )
        if settings.get("optimizer") != LBFGS:
            return trace
        entries = [entry for entry in trace if entry.phase != "update"]
        return Trace(self.architecture, entries, settings=chosen, graph=trace.graph)

    def check_gradients(
        self,
        X: Any,
        Y: Any,
        *,
        gradients: Mapping[str, Array] | None = None,
        sample_weight: Any = None,
        epsilon: float | None = None,
        order: int = 4,
        tolerance: float = 1e-7,
        max_entries: int | None = 200,
        **settings: Any,
    ) -> GradientReport:
        """Compare the gradients with finite differences of the cost.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
        gradients : mapping, optional
            Gradients to check instead of the network's own: a learner's dW1, db1, …
        epsilon, order, tolerance, max_entries
            As in `deepstep.inspection.check_gradients`.
        sample_weight, **settings
            As in `train`: ``l1`` and ``l2`` stand in the cost; with ``dropout`` and ``input_noise`` the
            masks and the noise of the first step stay as they are. Other settings make no difference.

        Returns
        -------
        GradientReport
            Per parameter the worst entry and the verdict; if wrong, the classic fault that explains it.

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network([2, 3, 1], activation="tanh", seed=1)
        >>> net.check_gradients([[1.0, 2.0], [0.5, -1.0]], [[0, 1]]).passed
        True
        """
        where = "Network.check_gradients"
        X, Y = self._check(X, Y, where)
        return check_gradients(
            self.architecture,
            self.parameters,
            X,
            Y,
            gradients=gradients,
            sample_weight=self._weight(sample_weight, X.shape[1], where),
            settings=self._settings(settings, where),
            epsilon=epsilon,
            order=order,
            tolerance=tolerance,
            max_entries=max_entries,
        )

    def _settings(self, settings: Mapping[str, Any], where: str) -> Settings:
        """What is to be opened; L-BFGS takes the cost and its gradient from a session of any update rule."""
        update = {"optimizer": "gd"} if settings.get("optimizer") == LBFGS else {}
        return Settings.of(where, **{"seed": self.seed, **settings, **update})

    def summary(self) -> str:
        """Layers, shapes and numbers of parameters as a table.

        Returns
        -------
        str

        Examples
        --------
        >>> from deepstep import Network
        >>> print(Network([2, 4, 1], seed=1).summary())
        layer  activation  units  W       b       parameters
        0      input       2                      0
        1      relu        4      (4, 2)  (4, 1)  12
        2      sigmoid     1      (1, 4)  (1, 1)  5
        17 parameters, float64
        """
        inputs = "input, scaled" if self.architecture.input_scale else "input"
        if self.architecture.shared_members:
            inputs = f"input, of {self.architecture.shared_members} members"
        rows = [("0", inputs, str(self.architecture.n_inputs), "", "", "0")]
        for layer in range(1, self.architecture.n_layers + 1):
            W, b = self.parameters[f"W{layer}"], self.parameters[f"b{layer}"]
            n = str(W.shape[0])
            own = (value for name, value in self.parameters.items() if symbol_and_layer(name)[1] == layer)
            size = sum(value.size for value in own)
            rows.append((str(layer), self._described(layer), n, str(W.shape), str(b.shape), f"{size:,}"))
        table = text_table(("layer", "activation", "units", "W", "b", "parameters"), rows)
        return f"{table}\n{self.architecture.n_parameters:,} parameters, {self.dtype}"

    def _described(self, layer: int) -> str:
        """A layer's activation with its normalization; of the last one the head."""
        shape = self.architecture
        if layer == shape.n_layers:
            return shape.output
        kind, name = shape.normalization[layer - 1], shape.activations[layer - 1]
        name = f"parametric {name}" if layer < shape.n_layers and shape.parametric[layer - 1] else name
        return name if kind == "none" else f"{kind} norm, {name}"
