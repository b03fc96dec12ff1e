"""What users call: one `Network.train` of several epochs a call, as scikit-learn's entrant is one ``fit``.

The epochs before the comparison of costs have everybody's order of the examples; later ones have our own.
"""

import numpy as np

from deepstep import Network
from race.workloads import Layers, Orders, Workload, data_of, first_layers


def network_of(workload: Workload, seed: int | None = None) -> Network:
    """Our network with the first parameters of all entrants."""
    named = {}
    for number, (W, b) in enumerate(first_layers(workload), 1):
        named[f"W{number}"] = W.astype(np.float32)
        named[f"b{number}"] = b.reshape(-1, 1).astype(np.float32)
    return Network(
        parameters=named,
        activation=workload.activation,
        output="sigmoid" if workload.layer_dims[-1] == 1 else "softmax",
        dtype="float32",
        seed=seed,
    )


class Entrant:
    epsilon_at = "outside"

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        X, _, Y = data_of(workload)
        self._X, self._Y, self.orders, self._done = X.T, Y.T, Orders(len(X)), 0
        self._network = network_of(workload)

    def work(self, units: int) -> None:
        workload = self._workload
        given = {"batch_size": workload.batch_size, "optimizer": workload.optimizer}
        if workload.batch_size is not None and self._done < workload.checked:
            given["order"] = lambda epoch, m: next(self.orders)
        whole = workload.iterations if workload.iterations and units % workload.iterations == 0 else units
        for _ in range(units // whole):
            self._network.train(self._X, self._Y, epochs=whole, learning_rate=workload.rate, **given)
        self._done += units

    def layers(self) -> Layers:
        found = self._network.parameters
        return [
            (found[f"W{l}"], found[f"b{l}"].reshape(-1)) for l in range(1, len(self._workload.layer_dims))
        ]

    def cost(self) -> None:
        return None
