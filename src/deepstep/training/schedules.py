"""Schedules by name: a function of the fraction of training done, which can be stored and resumed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from inspect import signature
from types import MappingProxyType
from typing import Any, TypeAlias

from deepstep.equations import (
    constant_factor,
    cosine_factor,
    coslog4_factor,
    exponential_factor,
    flat_cos_factor,
    inverse_time_factor,
    linear_factor,
    one_cycle_factor,
    polynomial_factor,
    scheduled_inverse_time_factor,
    step_factor,
    warm_up_factor,
)
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.types import is_number

Factor: TypeAlias = Callable[..., float]
"""``factor(t, **settings)`` with t from 0 to 1."""

SCHEDULES: dict[str, Factor] = {
    factor.__name__.removesuffix("_factor"): factor
    for factor in (
        constant_factor,
        step_factor,
        exponential_factor,
        inverse_time_factor,
        scheduled_inverse_time_factor,
        cosine_factor,
        linear_factor,
        polynomial_factor,
        one_cycle_factor,
        coslog4_factor,
        flat_cos_factor,
    )
}
"""All schedules by name; the keyword arguments of the equation are the settings, with their defaults."""

OWN = "own"
"""The name of a schedule that is a function of the user's."""

_WARM_UP = {"warm_up": 0.0, "warm_up_from": 0.0}

_SETTINGS: dict[str, tuple[str, Callable[[float], bool]]] = {
    **dict.fromkeys(("drop", "first", "last", "warm_up_from"), ("from 0 to 1", lambda x: 0 <= x <= 1)),
    "exponential.last": ("above 0, at most 1", lambda x: 0 < x <= 1),
    "every": ("from 1e-6 to 1", lambda x: 1e-6 <= x <= 1),
    "decay": ("of at least 0", lambda x: x >= 0),
    "power": ("above 0", lambda x: x > 0),
    "peak": ("between 0 and 1", lambda x: 0 < x < 1),
    "warm_up": ("from 0 to below 1", lambda x: 0 <= x < 1),
}
"""The range of a setting (for one schedule: with its name), in words and as a test of a finite number."""


@dataclass(frozen=True)
class Schedule:
    """A function of the fraction t of training done that gives a factor.

    Parameters
    ----------
    name : str
        A name in `SCHEDULES`, or ``"own"``.
    settings : mapping, optional
        Settings of that schedule: the keyword arguments of ``deepstep.equations.NAME_factor``. Each takes
        ``warm_up`` as well, the fraction of training that goes up in a straight line, from ``warm_up_from``
        (0) to 1, before the schedule begins.
    function : callable, optional
        The user's function, where the name is ``"own"``.

    Attributes
    ----------
    settings : mapping
        All of them, with the defaults put in: what is stored does not change with a later version's defaults.

    Raises
    ------
    ConfigurationError
        If the name or a setting is unknown or out of range.

    Examples
    --------
    >>> Schedule("linear")(0.25)
    0.75
    >>> schedule = Schedule("cosine", {"warm_up": 0.1})
    >>> [round(schedule(t), 3) for t in (0, 0.05, 0.1, 0.55, 1)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    function: Callable[[float], float] | None = None

    def __post_init__(self) -> None:
        where = "Schedule"
        if (self.name == OWN) != callable(self.function):
            raise ConfigurationError(
                where,
                f"a function where the name is {OWN!r}, and there alone",
                f"got the name {self.name!r} and the function {self.function!r}",
                "A function of yours cannot be stored: pass it again, as the schedule itself.",
            )
        object.__setattr__(self, "settings", MappingProxyType(self._complete(where)))

    def __call__(self, t: float) -> float:
        """The factor at t: finite, at least 0.

        Parameters
        ----------
        t : float
            Fraction of training done. A number beyond an end counts as that end: the last step may pass
            a budget of time.

        Raises
        ------
        ConfigurationError
            If the user's function gives something else.
        """
        factor = self._function(min(max(float(t), 0.0), 1.0))
        if self.function is not None and not (is_number(factor) and factor >= 0):
            raise ConfigurationError(
                "schedule",
                "a function of t, from 0 to 1, gives a finite number of at least 0",
                f"it gave {factor!r} at t = {t:g}",
            )
        return float(factor)

    def to_dict(self) -> dict[str, Any]:
        """Name and settings; `get_schedule` takes them back, except a user's function.

        returns: JSON values.

        >>> Schedule("cosine").to_dict()
        {'name': 'cosine', 'last': 0.0}
        """
        return {"name": self.name, **self.settings}

    @cached_property
    def _function(self) -> Callable[[float], Any]:
        if self.function is not None:
            return self.function
        settings = dict(self.settings)
        share, first = (settings.pop(name, default) for name, default in _WARM_UP.items())
        factor = partial(SCHEDULES[self.name], **settings)
        return partial(warm_up_factor, share=share, first=first, then=factor) if share else factor

    def _complete(self, where: str) -> dict[str, Any]:
        """The settings, checked, as plain numbers, with the defaults."""
        if self.name == OWN:
            if self.settings:
                raise ConfigurationError(where, "no settings beside a function", f"got {dict(self.settings)}")
            return {}
        if not isinstance(self.name, str) or self.name not in SCHEDULES:
            raise unknown_name(where, "schedule", self.name, SCHEDULES)
        parameters = signature(SCHEDULES[self.name]).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        for name, value in self.settings.items():
            if name not in defaults and name not in _WARM_UP:
                raise unknown_name(where, f"setting of {self.name!r}", name, [*defaults, *_WARM_UP])
            expected, accepts = _SETTINGS.get(f"{self.name}.{name}") or _SETTINGS[name]
            if not (is_number(value) and accepts(value)):
                raise ConfigurationError(where, f"{name} is a number {expected}", f"got {value!r}")
        given = {name: float(value) for name, value in self.settings.items()}
        return defaults | (_WARM_UP if given.get("warm_up") else {}) | given

    def __reduce__(self) -> tuple[Any, ...]:
        return Schedule, (self.name, dict(self.settings), self.function)


def get_schedule(
    schedule: "str | Mapping[str, Any] | Schedule | Callable[[float], float] | None", where: str = "schedule"
) -> Schedule:
    """The schedule that a user means.

    schedule (None or str or mapping or callable or Schedule): None is constant. A name is one of `SCHEDULES`;
        a mapping has it under ``"name"``, beside the settings, in JSON's types; a function takes t, from 0 to
        1, and gives the factor.
    where: Name for error messages.
    returns: With its settings checked.
    ConfigurationError: If there is none of that name, a setting is unknown or out of range, or it is none of
        these.

    >>> get_schedule({"name": "step", "drop": 0.5, "every": 0.25})(0.6)
    0.25
    >>> get_schedule(lambda t: 1 - t * t)(0.5)
    0.75
    """
    if isinstance(schedule, Schedule):
        return schedule
    if schedule is None:
        return Schedule("constant")
    if callable(schedule) and not isinstance(schedule, type):
        return Schedule(OWN, function=schedule)
    given = {"name": schedule} if isinstance(schedule, str) else schedule
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise ConfigurationError(
            where,
            "a schedule is a name, a mapping with a name, or a function of t, from 0 to 1",
            f"got {schedule!r}",
            'For example "cosine", or {"name": "cosine", "warm_up": 0.1}.',
        )
    settings = {name: value for name, value in given.items() if name != "name"}
    try:
        return Schedule(given["name"], settings)
    except ConfigurationError as error:
        raise ConfigurationError(where, error.expected, error.came, error.mend) from None
