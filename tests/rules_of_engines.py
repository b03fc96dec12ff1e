"""The update rules that engines have, as `deepstep.engines.choice` says."""

from deepstep.engines import ENGINES, Settings, choice
from deepstep.equations import OPTIMIZERS
from deepstep.network import Architecture

PLAIN = Architecture((2, 1), ("sigmoid",))


def rules_of(engine):
    """The names of an engine's rules."""
    why_not = getattr(choice, f"why_not_{engine}")
    return [name for name in OPTIMIZERS if not why_not(PLAIN, Settings(name))]


RULES = [name for name in OPTIMIZERS if all(name in rules_of(engine) for engine in ENGINES)]
"""Those that all engines have."""
