"""Stage 5, engines: take an architecture and parameters, give sessions that train them fast.

An engine is an argument, never a process-wide switch. `reference` is the equations as they stand; every other
engine is held equal to it by tests.
"""

from collections.abc import Mapping

from deepstep.engines.objective import Costs, cost_terms, total_weight
from deepstep.engines.opened_step import OpenedStep
from deepstep.engines.reference import ReferenceSession, first_statistics
from deepstep.engines.session import Session, SessionState, StepCosts
from deepstep.engines.settings import Settings
from deepstep.errors import unknown_name
from deepstep.network import Architecture, Parameters
from deepstep.types import Array

__all__ = [
    "ENGINES",
    "Costs",
    "OpenedStep",
    "ReferenceSession",
    "Session",
    "SessionState",
    "Settings",
    "StepCosts",
    "cost_terms",
    "first_statistics",
    "open_session",
    "total_weight",
]

from deepstep.engines.compiled.session import CompiledSession
ENGINES: dict[str, type[Session]] = {"reference": ReferenceSession, "compiled": CompiledSession}
"""All engines by name."""


def open_session(
    engine: str,
    architecture: Architecture,
    parameters: Parameters,
    settings: Settings | None = None,
    *,
    statistics: Mapping[str, Array] | None = None,
    where: str = "open_session",
) -> Session:
    """Open a session on an engine.

    Parameters
    ----------
    engine : {"auto", "reference"}
        ``"auto"`` takes the fastest engine that can do the work.
    architecture : Architecture
    parameters : Parameters
        Where training starts; not changed. Their dtype is the session's.
    settings : Settings, optional
        Optimizer, regularization, dropout, …
    statistics : mapping, optional
        Running statistics of batch normalization; by default mean 0 and variance 1.
    where : str
        Name for error messages.

    Raises
    ------
    ConfigurationError
        If the engine is unknown.
    """
    name = "reference" if engine == "auto" else engine
    if not isinstance(name, str) or name not in ENGINES:
        raise unknown_name(where, "engine", engine, ["auto", *ENGINES])
    return ENGINES[name](architecture, parameters, settings or Settings(), statistics)
