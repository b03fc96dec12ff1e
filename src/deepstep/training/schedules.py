"""Schedules by name: functions of the fraction of training done, which can be stored and resumed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from inspect import signature
from types import MappingProxyType
from typing import Any, TypeAlias

from deepstep.equations import EQUATIONS
from deepstep.equations.schedules import warm_up_factor
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.training.plan import check_factor, require
from deepstep.types import is_number

Factor: TypeAlias = Callable[..., float]
"""``factor(t, **settings)`` with t from 0 to 1."""

SCHEDULES: dict[str, Factor] = {
    name.removesuffix("_factor"): entry.function
    for name, entry in EQUATIONS.items()
    if entry.topic == "schedules" and name.endswith("_factor") and name != "warm_up_factor"
}
"""All schedules by name; the keyword arguments of the equation are the settings, with their defaults."""

SETTING = "schedule"
"""The setting that errors of a schedule name, which does not know what it is for."""

OWN = "own"  # the name of a schedule that is a function of the user's

_WARM_UP = {"warm_up": 0.0, "warm_up_from": 0.0}

Range: TypeAlias = tuple[str, Callable[[Any], bool]]
"""The range of a setting, in words and as a test of a finite number."""

_RANGES: dict[str, Range] = {
    **dict.fromkeys(
        ("drop", "first", "last", "warm_up_from"), ("a number from 0 to 1", lambda x: 0 <= x <= 1)
    ),
    "exponential.last": ("a number above 0, at most 1", lambda x: 0 < x <= 1),
    "every": ("a number from 1e-6 to 1", lambda x: 1e-6 <= x <= 1),
    "decay": ("a number of at least 0", lambda x: x >= 0),
    "power": ("a number above 0", lambda x: x > 0),
    "peak": ("a number between 0 and 1", lambda x: 0 < x < 1),
    "warm_up": ("a number from 0 to below 1", lambda x: 0 <= x < 1),
}
"""By setting; where one schedule has a range of its own, with its name."""


def check_range(name: str, value: Any, accepted: Range) -> None:
    """Refuse a setting that is no finite number or out of its range."""
    expected, accepts = accepted
    require(is_number(value) and accepts(value), name, expected, value)


@dataclass(frozen=True)
class Schedule:
    """A function of the fraction t of training done that gives a factor.

    ``Schedule(...)(t)`` is the factor at t, finite and at least 0. A t beyond an end counts as that end: the
    last step may pass a budget of time.

    Attributes
    ----------
    name : str
        A name in `SCHEDULES`, or ``"own"``.
    settings : mapping, optional
        Settings of that schedule: the keyword arguments of ``deepstep.equations.NAME_factor``. Each takes
        ``warm_up`` as well, the fraction of training that goes up in a straight line, from ``warm_up_from``
        (0) to 1, before the schedule begins. Defaults are put in: what is stored does not change with those
        of a later version.
    function : callable, optional
        The user's function, for the name ``"own"``.

    Raises
    ------
    ConfigurationError
        If the name or a setting is unknown or out of range, or, at a call, if the user's function gives
        something else than a factor.

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
        settings = dict(self.settings)
        if (self.name == OWN) != callable(self.function):
            raise ConfigurationError(
                f"The schedule {self.name!r} has the function {self.function!r}, and only {OWN!r} has one",
                "A function of yours cannot be stored: pass it again, as the schedule itself.",
            )
        if self.name == OWN and settings:
            raise ConfigurationError(f"A schedule that is a function has no settings, got {settings}")
        if self.name != OWN:
            settings = _complete(self.name, settings, SETTING)
        object.__setattr__(self, "settings", MappingProxyType(settings))

    def __call__(self, t: float) -> float:
        factor = self._function(min(max(float(t), 0.0), 1.0))
        if self.function is not None:
            check_factor(SETTING, factor, t)
        return float(factor)

    def to_dict(self) -> dict[str, Any]:
        """Name and settings; `get_schedule` takes them back, except a user's function.

        Returns
        -------
        dict
            JSON values.

        Examples
        --------
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
        return partial(warm_up_factor, share=share, first=first, then=factor)

    def __reduce__(self) -> tuple[Any, ...]:
        return Schedule, (self.name, dict(self.settings), self.function)


def _complete(schedule: Any, settings: Mapping[str, Any], setting: str) -> dict[str, Any]:
    """The settings, checked, as plain numbers, with the defaults; ``setting`` is what the schedule is for."""
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        raise unknown_name("schedule", schedule, SCHEDULES, setting=setting)
    parameters = signature(SCHEDULES[schedule]).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    known = [*defaults, *_WARM_UP]
    for name, value in settings.items():
        if name not in known:
            raise unknown_name(f"setting of {schedule!r}", name, known, setting=setting, inside=True)
        accepted = _RANGES.get(f"{schedule}.{name}") or _RANGES[name]
        check_range(f"{setting}[{name!r}]", value, accepted)
    warm_up = _WARM_UP if settings.get("warm_up") else {}
    return {**defaults, **warm_up, **{name: float(value) for name, value in settings.items()}}


def get_schedule(
    schedule: "str | Mapping[str, Any] | Schedule | Callable[[float], float] | None", where: str = SETTING
) -> Schedule:
    """A schedule by name, from a mapping or from a function.

    Parameters
    ----------
    schedule : None or str or mapping or callable or Schedule
        None is constant. A name is one of `SCHEDULES`; a mapping has it under ``"name"``, beside the
        settings, in JSON's types; a function takes t, from 0 to 1, and gives the factor.
    where : str, optional
        The setting that error messages name.

    Returns
    -------
    Schedule
        With its settings checked.

    Raises
    ------
    ConfigurationError
        If it is none of these, there is none of that name, or a setting is unknown or out of range.

    Examples
    --------
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
    entries = {"name": schedule} if isinstance(schedule, str) else schedule
    if not isinstance(entries, Mapping) or not isinstance(entries.get("name"), str):
        hint = 'For example "cosine", or {"name": "cosine", "warm_up": 0.1}.'
        expected = "a name, a mapping with a name, or a function of t, from 0 to 1"
        raise ConfigurationError.must_be(where, expected, repr(schedule), hint)
    name = entries["name"]
    settings = {key: value for key, value in entries.items() if key != "name"}
    if name != OWN:  # checked here, where it is known what the schedule is for
        settings = _complete(name, settings, where)
    return Schedule(name, settings)
