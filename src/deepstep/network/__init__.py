"""Stage 3, network: takes sizes, gives the architecture and the parameters as one flat vector."""

from deepstep.network.architecture import Architecture
from deepstep.network.layout import parameter_count
from deepstep.network.parameters import Parameters, as_parameters

__all__ = ["Architecture", "Parameters", "as_parameters", "parameter_count"]
