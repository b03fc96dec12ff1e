"""Stage 3, network: takes sizes, gives the architecture and the parameters as one flat vector."""

from deepstep.network.architecture import Architecture
from deepstep.network.parameters import Parameters, as_parameters, parameter_count

__all__ = ["Architecture", "Parameters", "as_parameters", "parameter_count"]
