"""The equations as they stand, in NumPy."""

from race.entrants.session import SessionEntrant


class Entrant(SessionEntrant):
    engine = "reference"

    def _steps(self, order, count: int) -> None:
        if self.workload.batch_size is not None:
            super()._steps(order, count)
        else:
            for _ in range(count):  # this engine takes the full batch once a call
                super()._steps(order, 1)
