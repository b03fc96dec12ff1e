"""How a fit of either family begins: its seed, rows in memory or in files, and wholly or not at all."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from numbers import Integral, Real
from time import perf_counter
from typing import Any, ClassVar, Self

from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, Options, make_constraint

from deepstep.distributed import refuse_drawn_seed
from deepstep.environment import slow_training
from deepstep.errors import ConfigurationError, SpeedWarning, spelled, warn_the_caller
from deepstep.estimators.inputs import FitContext, RawData, naming_validation, whole_or_not_at_all
from deepstep.estimators.row_sources import NamedRows, as_row_source, in_memory, is_stored, reading

WORDS: Mapping[Any, str] = {
    None: "None",
    str: "a text",
    list: "a list",
    tuple: "a tuple",
    Real: "a number",
    Mapping: "a mapping",
    callable: "a function",
    "array-like": "a list or an array",
    "boolean": "True or False",
    "verbose": "True, False or a whole number",
    "random_state": "a whole number of at least 0, a RandomState or None",
}
"""Values that a constraint allows."""

REGISTERED = {
    "loss": "deepstep.equations.register_head",
    "activation": "deepstep.equations.register_activation",
}
"""By the parameter that names it the function by which something of one's own gets its name."""


def check_value(name: str, value: Any, constraints: Sequence[Any], setting: str = "") -> None:
    """Refuse a value that no constraint of a parameter allows; ``setting`` is what a user has typed."""
    if not constraints or any(make_constraint(each).is_satisfied_by(value) for each in constraints):
        return
    words = [*dict.fromkeys(chain.from_iterable(map(_words, constraints)))]
    requirement = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
    hint = ""
    if callable(value) and name in REGISTERED:
        hint = f"Register it by {REGISTERED[name]}, and pass its name."
    raise ConfigurationError.must_be(setting or name, requirement, f"{value!r:.80}", hint)


def _words(constraint: Any) -> list[str]:
    """The values that a constraint allows, for people."""
    if isinstance(constraint, Interval):
        bounds = []
        if constraint.left is not None:
            least = "of at least" if constraint.closed in ("left", "both") else "above"
            bounds.append(f"{least} {constraint.left}")
        if constraint.right is not None:
            most = "of at most" if constraint.closed in ("right", "both") else "below"
            bounds.append(f"{most} {constraint.right}")
        kind = "a whole number" if constraint.type is Integral else "a number"
        return [f"{kind} {' and '.join(bounds)}"]
    if isinstance(constraint, Options):
        return [*map(repr, sorted(constraint.options, key=str))]
    if isinstance(constraint, HasMethods):
        return [f"an object with {' and '.join(constraint.methods)}"]
    if isinstance(constraint, type) and constraint not in WORDS:
        return [f"a {constraint.__name__}"]
    return [WORDS[constraint]]


class Fitting:
    """The part of the estimators that leads every fit."""

    random_state: Any
    verbose: Any
    stream: bool | None = None
    _parameter_constraints: ClassVar[dict[str, list[Any]]]
    get_params: Callable[..., dict[str, Any]]
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

    def _validate_params(self) -> None:
        """Refuse values that the constraints do not allow; scikit-learn calls it before a fit."""
        for name, value in self.get_params(deep=False).items():
            check_value(name, value, self._parameter_constraints.get(name, ()))

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
