"""Stage 5, engines: take an architecture and parameters, give sessions that train them fast.

An engine is an argument, never a process-wide switch. `reference` is the equations as they stand; every other
engine is held equal to it by tests. `compiled` is fused kernels that do many steps in one call.
"""

from collections.abc import Mapping

from deepstep.engines.choice import ENGINES as ENGINES
from deepstep.engines.choice import EngineDescription, choose_engine, describe_engines, session_class
from deepstep.engines.choice import check_engine as check_engine
from deepstep.engines.choice import check_here as check_here
from deepstep.engines.choice import missing_numba as missing_numba
from deepstep.engines.reference import Mistake as Mistake
from deepstep.engines.reference import OpenedStep as OpenedStep
from deepstep.engines.reference import ReferenceSession as ReferenceSession
from deepstep.engines.reference import total_weight as total_weight
from deepstep.engines.session import Session, SessionState, StepCosts
from deepstep.engines.session import first_statistics as first_statistics
from deepstep.engines.settings import Settings
from deepstep.network import Architecture, Parameters
from deepstep.types import Array

__all__ = [
    "EngineDescription",
    "Session",
    "SessionState",
    "Settings",
    "StepCosts",
    "describe_engines",
    "open_session",
]


def open_session(
    engine: str,
    architecture: Architecture,
    parameters: Parameters,
    settings: Settings | None = None,
    *,
    statistics: Mapping[str, Array] | None = None,
    examples: int | None = None,
) -> Session:
    """Open a session on an engine.

    Parameters
    ----------
    engine : str
        "reference", "compiled", "torch", "torch:cpu", "torch:cuda", "torch:mps"; or "auto", which takes the
        fastest that can do the work: ``session.why`` tells why another one was not. "torch" takes a GPU of
        CUDA where there is one, else the CPU.
    architecture : Architecture
        The network's shape.
    parameters : Parameters
        Where training starts; not changed. Their dtype is the session's.
    settings : Settings, optional
        Optimizer, regularization, dropout, …
    statistics : mapping, optional
        Running statistics of batch normalization; by default mean 0 and variance 1.
    examples : int, optional
        How many an update will have; "auto" does the first steps of small work with the equations.

    Returns
    -------
    Session
        At its first step.

    Raises
    ------
    ConfigurationError
        If the engine is unknown, or is named and cannot do the work.

    Examples
    --------
    >>> import numpy as np
    >>> line = Architecture((1, 1), ("identity",))
    >>> session = open_session("reference", line, Parameters(np.zeros(2), [1, 1]))
    >>> session.step(np.array([[1.0]]), np.array([[2.0]]), learning_rate=0.5), session.parameters["W1"]
    (2.0, array([[1.]]))
    """
    settings = settings or Settings()
    dtype = parameters.dtype.name
    choice = choose_engine(engine, architecture, settings, dtype=dtype, examples=examples)
    session = session_class(choice.name)(architecture, parameters, settings, statistics)
    session.why = choice.why or session.why
    return session
