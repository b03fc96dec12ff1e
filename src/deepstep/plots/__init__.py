"""Plots: take what a run computed, give matplotlib figures, in scikit-learn's Display convention.

A display holds computed data; ``plot`` draws it and keeps what it drew; ``describe`` says the same in words.
matplotlib (extra ``plots``) loads when something is drawn.
"""

from deepstep.docstrings import complete
from deepstep.plots.architecture import ArchitectureDisplay
from deepstep.plots.first_layer_weights import FirstLayerWeightsDisplay
from deepstep.plots.gradient_check import GradientCheckDisplay
from deepstep.plots.gradient_flow import GradientFlowDisplay
from deepstep.plots.layer_statistics import LayerStatisticsDisplay
from deepstep.plots.mistakes import MistakesDisplay
from deepstep.plots.neuron_maps import NeuronMapsDisplay
from deepstep.plots.rate_finder import RateSearchDisplay
from deepstep.plots.saliency import SaliencyDisplay
from deepstep.plots.sources import OfTraining
from deepstep.plots.training_curve import TrainingCurveDisplay
from deepstep.plots.unit_health import UnitHealthDisplay
from deepstep.plots.update_ratio import UpdateRatioDisplay

__all__ = [
    "ArchitectureDisplay",
    "FirstLayerWeightsDisplay",
    "GradientCheckDisplay",
    "GradientFlowDisplay",
    "LayerStatisticsDisplay",
    "MistakesDisplay",
    "NeuronMapsDisplay",
    "RateSearchDisplay",
    "SaliencyDisplay",
    "TrainingCurveDisplay",
    "UnitHealthDisplay",
    "UpdateRatioDisplay",
]

complete({name: globals()[name] for name in [*__all__, OfTraining.__name__]})
