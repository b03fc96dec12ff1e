"""Stage 2, preparation: takes raw frames and pictures, gives X as float64 rows.

The statistics of the training rows (means, categories) are frozen values that go to a JSON file and back.
Importing this package loads numpy alone; polars loads on first use.
"""

from deepstep.preparation.images import ImagePreparation
from deepstep.preparation.table import ColumnSummary, TablePreparation
from deepstep.preparation.target_values import guess_task, one_hot, ordinal_code

__all__ = [
    "ColumnSummary",
    "ImagePreparation",
    "TablePreparation",
    "guess_task",
    "one_hot",
    "ordinal_code",
]
