"""Stage 3, network: takes sizes, gives the architecture and the parameters as one flat vector."""

from deepstep.equations.parameters import Parameters, as_parameters
from deepstep.network.architecture import Architecture

__all__ = ["Architecture", "Parameters", "as_parameters"]
