"""The process that one engine lives in: does what the parent asks for, a line of JSON at a time.

Started as ``python -m race.worker NAME``; ends with its standard input. What libraries print goes to the
standard error, so that replies are all that the parent reads.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from time import perf_counter, process_time
from typing import Any

from race.entrants import MODULES, OF_SCALE, PREDICTING, REACHING, Entrant
from race.reaching import reach
from race.workloads import ON_GPU, SEED, TO_QUALITY, WORKLOADS, Workload, cost_of, data_of, first_layers

KNOWN = WORKLOADS | ON_GPU | TO_QUALITY

CLOCK = process_time if os.environ.get("RACE_CLOCK") == "processor" else perf_counter
"""Of work: seconds, or those of the processor (``speed.py --processor-time``)."""


class Worker:
    """One engine, and the workload it has open."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: Entrant
        self._workload: Workload | None = None

    def import_(self, workload: str) -> dict[str, Any]:
        """Import the engine."""
        begin = perf_counter()
        import_module(self._module(workload))
        return {"seconds": perf_counter() - begin}

    def open(self, workload: str, seed: int = SEED) -> dict[str, Any]:
        """Open a workload in the place of the last one."""
        module, begin = import_module(self._module(workload)), perf_counter()
        before, self._workload = self._workload, replace(KNOWN[workload], seed=seed)
        if before is not None and before.name == workload and hasattr(self._open, "begin"):
            self._open.begin(first_layers(self._workload))
        else:
            self._open = module.Entrant(self._workload)
        return {"seconds": perf_counter() - begin}

    def work(self, units: int) -> dict[str, Any]:
        """Do so many units."""
        orders = getattr(self._open, "orders", None)
        if orders is not None and self._workload.batch_size is not None:
            orders.draw(units)
        begin = CLOCK()
        self._open.work(units)
        return {"seconds": CLOCK() - begin}

    def reach(self) -> dict[str, Any]:
        """Train until the held-out error is the workload's aim."""
        return reach(self._open, self._workload)

    def cost(self, workload: str) -> dict[str, Any]:
        """The mean loss now."""
        own, layers = self._open.cost(), self._open.layers()
        if own is None and layers:
            own = cost_of(KNOWN[workload], layers, data_of(KNOWN[workload]))
        return {"cost": own, "epsilon_at": self._open.epsilon_at}

    def _module(self, workload: str) -> str:
        known = KNOWN[workload]
        modules = REACHING if known.aim else PREDICTING if known.rows else MODULES | OF_SCALE
        return modules[self._name]


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1])
    asked: dict[str, Callable[..., dict[str, Any]]] = {
        "import": worker.import_,
        "open": worker.open,
        "work": worker.work,
        "reach": worker.reach,
        "cost": worker.cost,
    }
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = asked[request.pop("do")](**request)
        except Exception as error:  # told to the parent, which names the engine and goes on with the others
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
