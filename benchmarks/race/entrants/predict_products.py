"""The floor of a prediction: the products of tiles of examples, as the compiled engine cuts them."""

from deepstep.engines.compiled.forward import AT_ONCE
from race.entrants.products import Floor
from race.workloads import Workload


class Entrant(Floor):
    epsilon_at = "outside"

    def __init__(self, workload: Workload) -> None:
        # threads are slices of the batch here: a tile for each thread is a batch of as many tiles
        super().__init__(workload.layer_dims, min(AT_ONCE, workload.rows), backward=False)
        if workload.rows > AT_ONCE:
            from deepstep.engines.compiled.threads import limit

            super().__init__(workload.layer_dims, AT_ONCE * limit(), backward=False)
            self._tiles = workload.rows / (AT_ONCE * limit())
        else:
            self._tiles = 1

    def work(self, units: int) -> None:
        self.steps(max(1, round(units * self._tiles)))

    def layers(self) -> list:
        return []

    def cost(self) -> None:
        return None
