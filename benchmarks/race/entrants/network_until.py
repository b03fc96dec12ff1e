"""What users call: one `Network.train` with a callback that ends it."""

from collections.abc import Callable

from deepstep.training import Callback, StopTraining
from race.entrants.network_train import network_of
from race.workloads import Layers, Workload, data_of


class _Until(Callback):
    def __init__(self, enough: Callable[[Callable[[], Layers]], bool]) -> None:
        self._enough = enough

    def on_epoch_end(self, training, record) -> None:
        if self._enough(lambda: _layers_of(training.parameters)):
            raise StopTraining


class Entrant:
    def __init__(self, workload: Workload) -> None:
        X, _, Y = data_of(workload)
        self._X, self._Y = X.T, Y.T
        self._network = network_of(workload, workload.seed)
        self._given = {
            "learning_rate": workload.rate,
            "batch_size": workload.batch_size,
            "optimizer": workload.optimizer,
        }
        self._most = workload.aim.most

    def work(self, units: int) -> None:
        self._network.train(self._X, self._Y, epochs=units, **self._given)

    def until(self, enough: Callable[[Callable[[], Layers]], bool]) -> None:
        """One training to its end."""
        self._network.train(self._X, self._Y, epochs=self._most, callbacks=[_Until(enough)], **self._given)

    def layers(self) -> Layers:
        return _layers_of(self._network.parameters)


def _layers_of(parameters) -> Layers:
    return [(parameters[f"W{l}"], parameters[f"b{l}"]) for l in range(1, parameters.n_layers + 1)]
