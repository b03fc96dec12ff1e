"""Stage 1, data: takes files and built-in names, gives raw X and y as frames and arrays.

Tables from files (`read_table`), rows that stay in their files (`StoredRows`), tables from memory
(`as_frame`), pictures (`read_image`), the cats' HDF5 files (`read_cats`), built-in sets (`load`), the
hold-out split (`holdout`), and the two ways to write a file or a folder so that the old one survives any
failure (`atomic_write`, `atomic_directory`). polars, narwhals, Pillow, h5py, pyarrow and scikit-learn load on
first use.
"""

from deepstep.data.arrays import ArrayRows
from deepstep.data.builtin import DATASETS, Dataset, load, planar_flower
from deepstep.data.files import atomic_directory, atomic_write, sha256
from deepstep.data.frames import as_frame
from deepstep.data.hdf5 import ImageSet, read_cats
from deepstep.data.images import IMAGE_SUFFIXES, read_image
from deepstep.data.parquet import ParquetRows
from deepstep.data.rows import StoredRows
from deepstep.data.splits import holdout, stratification_obstacle
from deepstep.data.tables import TABLE_SUFFIXES, column, read_cells, read_table

__all__ = [
    "DATASETS",
    "IMAGE_SUFFIXES",
    "TABLE_SUFFIXES",
    "ArrayRows",
    "Dataset",
    "ImageSet",
    "ParquetRows",
    "StoredRows",
    "as_frame",
    "atomic_directory",
    "atomic_write",
    "column",
    "holdout",
    "load",
    "planar_flower",
    "read_cats",
    "read_cells",
    "read_image",
    "read_table",
    "sha256",
    "stratification_obstacle",
]
