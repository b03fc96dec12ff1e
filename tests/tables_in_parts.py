"""Tables in parts, for the tests of rows that stay in their files."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars

from deepstep.preparation import TablePreparation
from deepstep.preparation.table import TableStatistics


def table(m: int, seed: int = 0) -> polars.DataFrame:
    """Columns of all kinds; the target depends on some of them."""
    rng = np.random.default_rng(seed)
    x, z = rng.standard_normal((2, m))
    kind = rng.choice(["red", "green", "blue"], m)
    target = np.where(x * z + (kind == "red") > 0.3, "yes", "no")
    return polars.DataFrame(
        {
            "x": x,
            "z": z,
            "kind": kind,
            "n": polars.Series(rng.integers(0, 9, m)).set(polars.Series(rng.random(m) < 0.1), None),
            "day": polars.Series(rng.integers(18_000, 19_000, m).astype(np.int32)).cast(polars.Date),
            "price": [f"{price:,.2f}" for price in rng.uniform(1, 5000, m)],
            "größe": rng.random(m) < 0.4,
            "y": rng.normal(3 + 2 * x, 0.1),
            "target": target,
        }
    )


def written(folder: Path, frame: polars.DataFrame, parts: int, group: int) -> Path:
    """The rows in parts of about the same size, in groups of so many."""
    folder.mkdir(parents=True, exist_ok=True)
    bounds = np.linspace(0, frame.height, parts + 1).astype(int)
    for number, (start, stop) in enumerate(pairwise(bounds)):
        frame[start:stop].write_parquet(folder / f"part-{number}.parquet", row_group_size=group)
    return folder


def in_chunks(frame: polars.DataFrame, rows: int, categorical: Sequence[str] = ()) -> TablePreparation:
    """The preparation of a table that is looked at once, so many rows at a time."""
    running = TableStatistics(frame.schema, categorical=categorical)
    for chunk in frame.iter_slices(rows):
        running.update(chunk)
    return running.finish()
