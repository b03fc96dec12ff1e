"""A fit on rows that stay in their files."""

from dataclasses import replace
from typing import Any

from deepstep.data import StoredRows
from deepstep.errors import DataError
from deepstep.estimators.calls import FitCall, Given, is_given
from deepstep.estimators.named_columns import is_frame, with_named_columns
from deepstep.estimators.stored_given import NamedRows
from deepstep.estimators.streamed_fits import TABLE_PRESET, StreamedFit, StreamedFits, weights_in
from deepstep.preparation.survey import survey


class Stored(StreamedFits):
    """The part of the estimators that takes rows in files."""

    def _fit_stored(self: Any, named: NamedRows, validation: Given | None, call: FitCall) -> None:
        """Fit on rows that stay in their files."""
        where, table = call.where, self.preset != "mlp"
        rows, target, weighing = named
        own = validation is not None and is_given(validation, call)
        judged = not own and (table or self._setting("early_stopping"))
        seed = self._seed(call)
        call = replace(call, seed=seed)  # of the parts and of the network, where it is drawn
        if not table:
            _refuse_other_kinds(rows, (target, weighing), where)
        found = survey(
            rows,
            target,
            exclude=[weighing] if weighing else [],
            weights=None if weighing is None else lambda frame: weights_in(frame, weighing, where),
            check=None if table else lambda frame: self._check_numbers(frame, (target, weighing)),
            seed=seed,
            validation_fraction=self._setting("validation_fraction") if judged else 0.0,
        )
        self._fit_surveyed(StreamedFit(found, weighing, validation if own else None, call))


def _refuse_other_kinds(rows: StoredRows, without: tuple[str | None, ...], where: str) -> None:
    """Refuse columns that hold no numbers."""
    for name, kind in rows.schema.items():
        if name not in without and not (kind.is_numeric() or str(kind) == "Boolean"):
            raise DataError(
                where, "columns of numbers with preset='mlp'", f"{name!r} holds {kind}", TABLE_PRESET
            )


def score_of(X: Any, y: Any, sample_weight: Any, where: str) -> Given:
    """The arguments of `score`: named columns of a frame are taken out of it, other names are refused."""
    if is_frame(X):
        return with_named_columns(Given(X, y, sample_weight), where)
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if isinstance(given, str):
            raise DataError(
                f"score, {name}",
                "an array with a value for each row",
                f"got the name {given!r}",
                f"Read that column: polars.read_parquet(X, columns=[{given!r}])[{given!r}].to_numpy().",
            )
    return Given(X, y, sample_weight)
