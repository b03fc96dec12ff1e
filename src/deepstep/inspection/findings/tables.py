"""What a person should know of a table before a training: defects, columns read otherwise, leaks."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from deepstep.errors import DataWarning
from deepstep.inspection.findings.leaks import MOST_ROWS, leak_findings
from deepstep.preparation import TablePreparation
from deepstep.preparation.batches import evenly_spread
from deepstep.preparation.data_checks import data_cautions
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

MOST_LEAKS = 5
"""Columns that determine the target, each of which is named; of more the number is given."""


def table_warnings(
    frame: "polars.DataFrame",
    preparation: TablePreparation,
    targets: Mapping[str, AnyArray],
    *,
    classes: bool,
    rows: int | None,
    surely: bool = False,
    header: Iterable[Any] = (),
) -> Iterator[DataWarning]:
    """Warnings about rows that are learned from, all of them or some, in the order in which they are shown.

    ``targets`` are labels or numbers of the same rows by the names of their columns. ``rows`` counts all
    rows; None where that is not known. With ``surely`` a column that determines the target leaves no other
    explanation. ``header`` are the names of the columns as they came.
    """
    few = evenly_spread(frame.height, MOST_ROWS)
    sample = frame[few]
    # names that are numbers, and no texts, are those of a frame without names: no header had them
    unnamed = {str(name): f"column_{name}" for name in header if not isinstance(name, str)}
    for sentence in data_cautions(sample.rename(unnamed), targets, classes=classes, rows=rows):
        yield DataWarning(sentence)
    for sentence in preparation.cautions:
        yield DataWarning(sentence)
    prepared = {column.name: column for column in preparation.columns}
    answers = {name: values[few] for name, values in targets.items()}
    leaks = [*leak_findings(sample, prepared, answers, classes=classes, surely=surely)]
    for finding in leaks[:MOST_LEAKS]:
        yield DataWarning(str(finding), finding)
    if len(leaks) > MOST_LEAKS:
        yield DataWarning(f"{len(leaks) - MOST_LEAKS} more columns alone determine the target.")
