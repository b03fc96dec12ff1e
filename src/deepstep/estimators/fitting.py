"""How a fit of either family begins: its seed, rows in memory or in files, and wholly or not at all."""

from abc import abstractmethod
from dataclasses import replace
from numbers import Integral
from time import perf_counter
from typing import Any, ClassVar, Self

from sklearn.utils import check_random_state

from deepstep.distributed import refuse_drawn_seed
from deepstep.environment import slow_training
from deepstep.errors import SpeedWarning, spelled, warn_the_caller
from deepstep.estimators.inputs import FitContext, RawData, naming_validation, whole_or_not_at_all
from deepstep.estimators.row_sources import NamedRows, as_row_source, in_memory, is_stored, reading


class Fitting:
    """The part of the estimators that leads every fit."""

    random_state: Any
    verbose: Any
    stream: bool | None = None
    _trained: ClassVar[str]  # the subject and the verb of the warning after Ctrl-C

    @staticmethod
    @abstractmethod
    def _parameter_of(setting: str) -> str:
        """The parameter that a setting of a training comes from; empty for others."""

    @abstractmethod
    def _check_split(self, context: FitContext, *, validated: bool, streamed: bool) -> None:
        """Refuse what decides which rows are held out where it would have no effect."""

    @abstractmethod
    def _fit_in_memory(self, data: RawData, validation: RawData | None, context: FitContext) -> None:
        """Fit on arrays or frames."""

    @abstractmethod
    def _fit_streamed(self, rows: NamedRows, validation: RawData | None, context: FitContext) -> None:
        """Fit on rows that stay in their files."""

    @abstractmethod
    def _earlier_seed(self, context: FitContext) -> int | None:
        """The seed of the training that is gone on with; None where a new one begins."""

    def _fit(self, data: RawData, validation: RawData | None, context: FitContext) -> Self:
        """Fit, wholly or not at all: after an error the estimator is as it was before."""
        where = context.where
        begin = perf_counter()
        with whole_or_not_at_all(self, where, self._trained), spelled(self._parameter_of):
            context = replace(context, seed=self._seed(context))
            stored = is_stored(data.X, self.stream)
            rows = as_row_source(data, self.stream, context) if stored else None
            self._check_split(context, validated=validation is not None, streamed=rows is not None)
            if validation is not None and is_stored(validation.X):
                with naming_validation():
                    validation = in_memory(validation, reading(self.verbose))
            if rows is not None:
                self._fit_streamed(rows, validation, context)
            else:
                data = in_memory(data, reading(self.verbose)) if stored else data
                self._fit_in_memory(data, validation, context)
            if slow := slow_training(perf_counter() - begin):
                warn_the_caller(f"{where}: {slow}", SpeedWarning)
        return self

    def _seed(self, context: FitContext) -> int:
        """One seed for everything: the int itself, that of a fit that is gone on with, or a draw."""
        if isinstance(self.random_state, Integral) and not context.going_on:
            return int(self.random_state)
        earlier = self._earlier_seed(context)
        if earlier is None and self.random_state is None:
            refuse_drawn_seed("random_state")
        return int(check_random_state(self.random_state).randint(2**31)) if earlier is None else earlier
