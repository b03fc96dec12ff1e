"""Plots: take what a run computed, give matplotlib figures, in scikit-learn's Display convention.

A display holds computed data; ``plot`` draws it and keeps what it drew; ``describe`` says the same in words.
matplotlib (extra ``plots``) loads when something is drawn.
"""

from deepstep.plots.mistakes import MistakesDisplay
from deepstep.plots.rate_finder import RateSearchDisplay

__all__ = ["MistakesDisplay", "RateSearchDisplay"]
