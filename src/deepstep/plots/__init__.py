"""Plots: matplotlib figures of computed results, in scikit-learn's Display convention.

A display holds computed data; ``plot`` draws it and keeps what it drew; ``describe`` gives it in words.
matplotlib (extra ``plots``) is imported by ``plot``.
"""

from deepstep.plots.checks import ExplanationDisplay, GradientCheckDisplay, MistakesDisplay
from deepstep.plots.layers import (
    GradientFlowDisplay,
    LayerStatisticsDisplay,
    UnitHealthDisplay,
    UpdateRatioDisplay,
)
from deepstep.plots.maps import NeuronMapsDisplay, SaliencyDisplay
from deepstep.plots.network import ArchitectureDisplay, FirstLayerWeightsDisplay
from deepstep.plots.training import RateSearchDisplay, TrainingCurveDisplay

__all__ = [
    "ArchitectureDisplay",
    "ExplanationDisplay",
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
