"""Seconds of a step by all workers that torchrun starts: ``torchrun … workers.py BATCH STEPS``.

The first one prints them as JSON. Each has one thread, and where there are enough a processor of its own.
"""

import json
import os
import sys
from dataclasses import replace
from time import perf_counter

import numpy as np
import torch

from deepstep.distributed import process_group
from deepstep.engines import Settings, open_session
from deepstep.preparation.batches import Examples
from race.entrants.session import architecture_of, parameters_of
from race.workloads import WORKLOADS, data_of, first_layers


def main(batch: int, steps: int) -> None:
    processors = sorted(os.sched_getaffinity(0))
    if int(os.environ["WORLD_SIZE"]) <= len(processors):
        os.sched_setaffinity(0, {processors[int(os.environ["LOCAL_RANK"])]})
    torch.set_num_threads(1)
    workload = replace(WORKLOADS["wide"], n_examples=4 * batch, batch_size=batch)
    X, _, Y = data_of(workload)
    with process_group():
        session = open_session(
            "distributed",
            architecture_of(workload),
            parameters_of(first_layers(workload)),
            Settings("adam"),
        )

        def work(count: int) -> None:
            one, numbers = np.ones(1), (number % 4 for number in range(count))
            for number in numbers:
                session.steps(
                    Examples(X, Y),
                    order=None,
                    batch_size=batch,
                    numbers=range(number, number + 1),
                    learning_rate=one * workload.rate,
                    weight_decay=one,
                    dropout=one,
                )

        work(2)
        torch.distributed.barrier()
        begin = perf_counter()
        work(steps)
        torch.distributed.barrier()
        seconds = (perf_counter() - begin) / steps
        message = torch.zeros(session.parameters.flat.size, dtype=torch.float32)
        begin = perf_counter()
        for _ in range(steps):
            torch.distributed.all_reduce(message)
        exchange = (perf_counter() - begin) / steps
    if os.environ["RANK"] == "0":
        print(json.dumps({"seconds": seconds, "all_reduce": exchange, "bytes": message.nbytes}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
