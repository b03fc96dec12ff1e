"""Several workers that train one network together: what each of them calls, and what all must have."""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Communicator, Examples, evenly_spread
from deepstep.preparation.streams import StreamedExamples
from deepstep.training.callbacks import Callback, overrides, with_state
from deepstep.training.checkpoint import identity, plain

if TYPE_CHECKING:
    from deepstep.training.fit import Fit

COMPARED = 1024
"""So many examples of each worker, evenly spread, are compared with those of the first one."""


def called_here(callbacks: Sequence[Callback], workers: Communicator) -> list[Callback]:
    """The callbacks that this worker calls: the first one all, the others those that change the training."""
    return [
        callback
        for callback in callbacks
        if workers.share.rank == 0 or callback.in_every_worker or overrides(callback, "state")
    ]


def refuse_another_training(fit: "Fit") -> None:
    """Refuse, in all workers, a training whose network, examples or options are not those of the first."""
    workers = fit.session.workers
    if workers.share.of == 1:
        return
    digest = _digest(fit)
    (first,) = workers.of_the_first(digest)
    differs = np.zeros(workers.share.of)
    differs[workers.share.rank] = digest != first
    others = np.flatnonzero(workers.sums(differs))
    if len(others):
        raise ConfigurationError(
            fit.where,
            "the same network, examples and options in every worker",
            f"worker {others[0]} has others than worker 0",
            "Give the network, or random_state, and what else is random the same seed in each.",
        )


def _digest(fit: "Fit") -> float:
    """A digest of the parameters, the settings and some examples; 48 bits, which messages do not round."""
    session = fit.session
    theta = session.state().theta
    examples = [_some(fit.examples), None if fit.validation is None else _some(fit.validation)]
    parts = identity(session.architecture, theta.dtype, session.settings, fit.plan, *examples)
    parts["sizes"] = [len(fit.examples), 0 if fit.validation is None else len(fit.validation)]
    parts["epochs"] = fit.plan.epochs
    parts["limits"] = plain(fit.limits)
    parts["callbacks"] = [[type(one).__name__, plain(one.settings())] for one in with_state(fit.callbacks)]
    digest = hashlib.sha256(theta.tobytes())
    digest.update(json.dumps(parts, sort_keys=True).encode())
    return float(int.from_bytes(digest.digest()[:6]))


def _some(examples: Examples | StreamedExamples) -> Examples | StreamedExamples:
    """A part of the examples that takes no time to read."""
    if isinstance(examples, StreamedExamples):
        return examples
    return examples.part(evenly_spread(len(examples), COMPARED))
