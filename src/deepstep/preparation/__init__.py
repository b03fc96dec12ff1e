"""Stage 2, preparation: takes raw frames, pictures and targets, gives X and Y as float64 rows.

The statistics of the training rows (means, categories, classes) are a frozen `Preparation` that goes to a
JSON file and back. Importing this package loads numpy alone; polars loads on first use.
"""

from deepstep.docstrings import complete
from deepstep.preparation.preparation import ImagePreparation, Preparation
from deepstep.preparation.table import ColumnSummary, TablePreparation
from deepstep.preparation.target_values import guess_task, one_hot, ordinal_code
from deepstep.preparation.targets import ClassificationTarget, RegressionTarget, Target

__all__ = [
    "ClassificationTarget",
    "ColumnSummary",
    "ImagePreparation",
    "Preparation",
    "RegressionTarget",
    "TablePreparation",
    "Target",
    "guess_task",
    "one_hot",
    "ordinal_code",
]

complete({name: globals()[name] for name in __all__})
