"""Stage 5, engines: take an architecture and parameters, give sessions that train them fast.

An engine is an argument, never a process-wide switch. `reference` is the equations as they stand; every other
engine is held equal to it by tests.
"""

from deepstep.engines.reference import ReferenceSession
from deepstep.engines.session import Session, SessionState, Settings
from deepstep.errors import unknown_name
from deepstep.network import Architecture, Parameters

__all__ = ["ENGINES", "ReferenceSession", "Session", "SessionState", "Settings", "open_session"]

ENGINES: dict[str, type[Session]] = {"reference": ReferenceSession}
"""All engines by name."""


def open_session(
    engine: str,
    architecture: Architecture,
    parameters: Parameters,
    settings: Settings | None = None,
    *,
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
        Optimizer and regularization.
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
    return ENGINES[name](architecture, parameters, settings or Settings())
