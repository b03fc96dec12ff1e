"""Our engines: one call of a session for an epoch, or for many steps of the full batch."""

import numpy as np

from deepstep.engines import Settings, open_session
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from race.workloads import Layers, Orders, Workload, data_of, first_layers


def architecture_of(workload: Workload) -> Architecture:
    """The workload's network."""
    hidden = [workload.activation] * (len(workload.layer_dims) - 2)
    return Architecture(
        workload.layer_dims, (*hidden, "sigmoid" if workload.layer_dims[-1] == 1 else "softmax")
    )


def parameters_of(layers: Layers, dtype: type = np.float32) -> Parameters:
    """Parameters from W and b of each layer."""
    named = {}
    for number, (W, b) in enumerate(layers, 1):
        named[f"W{number}"], named[f"b{number}"] = W.astype(dtype), b.reshape(-1, 1).astype(dtype)
    return Parameters.from_dict(named)


class SessionEntrant:
    """One of our engines."""

    epsilon_at = "outside"
    engine: str
    precision: str | None = None

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        X, _, Y = data_of(workload)
        self._examples, self.orders = Examples(X, Y), Orders(len(X))
        self._open()

    def _open(self) -> None:
        self._session = open_session(
            self.engine,
            architecture_of(self.workload),
            parameters_of(first_layers(self.workload)),
            Settings(self.workload.optimizer, precision=self.precision),
        )
        self._session.prepare()  # as the training loop does

    def work(self, units: int) -> None:
        workload = self.workload
        if workload.batch_size is None:
            if workload.iterations and units % workload.iterations == 0:
                for _ in range(
                    units // workload.iterations
                ):  # whole trainings, with all that opening one costs
                    self._open()
                    self._steps(None, workload.iterations)
            else:
                self._steps(None, units)
        else:
            for _ in range(units):
                self._steps(next(self.orders), workload.steps_of_a_unit)

    def _steps(self, order, count: int) -> None:
        one = np.ones(count)
        self._session.steps(
            self._examples,
            order=order,
            batch_size=self.workload.batch_size,
            numbers=range(count),
            learning_rate=np.full(count, self.workload.rate),
            weight_decay=one,
            dropout=one,
        )

    def layers(self) -> Layers:
        found = self._session.parameters
        return [(found[f"W{l}"], found[f"b{l}"].reshape(-1)) for l in range(1, len(self.workload.layer_dims))]

    def cost(self) -> None:
        return None
