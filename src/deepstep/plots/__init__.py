"""Plots: matplotlib figures of computed results, in scikit-learn's Display convention.

A display holds computed data; ``plot`` draws it and keeps what it drew; ``describe`` gives it in words.
matplotlib (extra ``plots``) is imported by ``plot``.
"""

from deepstep.docstrings import complete
from deepstep.plots.checks import GradientCheckDisplay, MistakesDisplay
from deepstep.plots.drawing import Display, FromHistory, FromNetwork, OneAxes
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

BASES = (Display, OneAxes, FromNetwork, FromHistory)

complete({one.__name__: one for one in BASES})
complete({name: globals()[name] for name in __all__}, OneAxes.plot, FromNetwork.from_estimator)
