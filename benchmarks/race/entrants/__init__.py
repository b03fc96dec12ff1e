"""A module for each engine, each with a class ``Entrant``: opens a workload and does units of its work.

A module's own import is what an engine's import costs; none is imported before its worker is asked for it.
"""

from typing import Protocol

from race.workloads import Layers, Orders, Workload


class Entrant(Protocol):
    """One engine at one workload."""

    epsilon_at: str
    """Where its Adam has ε, a name of `deepstep.equations.adam_update`."""
    orders: Orders
    """Of the examples in coming epochs; those that draw their own have none."""

    def __init__(self, workload: Workload) -> None: ...

    def work(self, units: int) -> None:
        """So many epochs, steps of the full batch, or predictions; training goes on from the last call."""

    def layers(self) -> Layers:
        """The parameters now."""

    def cost(self) -> float | None:
        """The mean loss of predictions; None where networks are trained, whose layers tell it."""


MODULES = {
    "ours": "race.entrants.network_train",
    "engine": "race.entrants.compiled",
    "reference": "race.entrants.reference",
    "scikit-learn": "race.entrants.scikit_learn",
    "torch": "race.entrants.torch_eager",
    "torch.compile": "race.entrants.torch_compiled",
    "jax": "race.entrants.jax_scan",
    "keras": "race.entrants.keras_fit",
    "floor": "race.entrants.products",
}
"""By name; the names are those of the table's columns."""

OF_SCALE = {
    "torch engine": "race.entrants.torch_session",
    "bfloat16": "race.entrants.bfloat16",
    "autocast": "race.entrants.torch_autocast",
    "cuda": "race.entrants.cuda_session",
    "cuda bfloat16": "race.entrants.cuda_bfloat16",
    "cuda eager": "race.entrants.cuda_eager",
    "cuda compiled": "race.entrants.cuda_compiled",
    "cuda products": "race.entrants.cuda_products",
}
"""Those of `scale.py` besides."""

PREDICTING = {
    "ours": "race.entrants.predict_deepstep",
    "scikit-learn": "race.entrants.predict_scikit_learn",
    "floor": "race.entrants.predict_products",
}
"""Those of the rows in which estimators predict."""

REACHING = {
    "ours": "race.entrants.network_until",
    "scikit-learn": "race.entrants.partial_fit",
    "torch": "race.entrants.torch_eager",
    "jax": "race.entrants.jax_scan",
}
"""Those of `time_to_quality.py`."""

LIBRARIES = {
    "ours": "numba",
    "engine": "numba",
    "reference": "numpy",
    "scikit-learn": "sklearn",
    "torch": "torch",
    "torch.compile": "torch",
    "jax": "jax",
    "keras": "keras",
    "floor": "numba",
}
"""What must be installed."""
