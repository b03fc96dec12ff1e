"""How a `Network` learns step by step."""

from collections.abc import Iterator
from typing import Any

from deepstep.engines import Session
from deepstep.model.core import Core
from deepstep.model.step import Step
from deepstep.training import Update, updates


class Steppable(Core):
    """The part of `Network` that learns one update at a time."""

    def steps(
        self,
        X: Any,
        Y: Any,
        *,
        learning_rate: float = 0.0075,
        iterations: int = 2500,
        sample_weight: Any = None,
        **options: Any,
    ) -> Iterator[Step]:
        """The same training as `train`, one update at a time: stop, look, go on.

        The network holds the new parameters at each step, and keeps them when the loop is left or a later
        step diverges. The training goes on from its own last step: it starts at the parameters that the
        network has when `steps` is called, and parameters set between two steps are overwritten by the next
        one. To go on from others, set them and call `steps` again. Writing into the numbers of
        ``network.parameters`` in place does take part in the training.

        Parameters
        ----------
        X, Y, learning_rate, iterations, sample_weight, **options
            As in `train`: ``batch_size``, ``order``, the optimizer, the schedules and the settings.

        Yields
        ------
        Step

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit; at once, before the first step.
        DivergenceError
            If the cost or a parameter leaves the finite numbers; the network keeps the step before.

        Examples
        --------
        >>> from deepstep import Network
        >>> net = Network([1, 2, 1], seed=1)
        >>> for step in net.steps([[0.0, 1.0]], [[0, 1]], learning_rate=0.5, iterations=100):
        ...     if step.cost < 0.5:
        ...         break
        >>> step.trace()["J"].value == step.cost
        True
        """
        where = "Network.steps"
        options |= {"learning_rate": learning_rate, "iterations": iterations}
        prepared = self._prepare(X, Y, sample_weight, options, where, looked_at=True)
        walk = updates(prepared.session, prepared.in_memory(where), prepared.plan, where=where)
        return self._walk(walk, prepared.session)

    def _walk(self, walk: Iterator[Update], session: Session) -> Iterator[Step]:
        for update in walk:
            self.parameters, self.statistics = session.outcome, dict(session.state().statistics)
            yield Step(update, session.parameters, self.architecture, session.settings)
