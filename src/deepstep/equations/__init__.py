"""Stage 4, equations: takes X, Y and parameters, gives the cost J and its derivatives. THE LECTURE.

Pure functions in the lecture's layout (a column is an example): no argument is changed, nothing is drawn
except in the initialization, whose ``rng`` is an argument. `EQUATIONS` lists them all with their formulas.
"""

# The order is that of the lecture; features change a layer in the order in which they are registered here.
from deepstep.equations.registry import *
from deepstep.equations.ops import *
from deepstep.equations.linear import *
from deepstep.equations.activations import *
from deepstep.equations.graph import *
from deepstep.equations.normalization import *
from deepstep.equations.feature_scaling import *
from deepstep.equations.dropout import *
from deepstep.equations.periodic_embedding import *
from deepstep.equations.parameters import *
from deepstep.equations.initialization import *
from deepstep.equations.targets import *
from deepstep.equations.heads import *
from deepstep.equations.losses import *
from deepstep.equations.ordered import *
from deepstep.equations.own import *
from deepstep.equations.costs import *
from deepstep.equations.regularization import *
from deepstep.equations.updates import *
from deepstep.equations.schedules import *
from deepstep.equations.model import *
from deepstep.equations.example_gradients import *
