"""Errors begin with the problem, and a hint says what to do.

Every error that DeepStep raises on purpose is a `DeepStepError`; it has one of two forms::

    DataError(f"{k} of {m} rows have no target", "Fill them in, or leave the rows out.")
        50 of 800 rows have no target. Fill them in, or leave the rows out.

    ConfigurationError.must_be("dropout", "a number from 0 to below 1", repr(dropout))
        dropout must be a number from 0 to below 1, got 1.5.

The second one is for what a caller passes: settings and arguments. Estimators and the command line show
settings under the names of their own parameters and options (`spelled`).

The command line turns errors into exit code 2 (1 for `DivergenceError`).
"""

import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from deepstep.ensembles.predictor import Predictor
    from deepstep.network import Parameters
    from deepstep.training import History
    from deepstep.types import Array


class DeepStepError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    problem : str
        A clause that begins with what is wrong, without a full stop.
    hint : str, optional
        What to do, in sentences.

    Attributes
    ----------
    setting : str
        The setting or argument that the error is about, such as ``"l2"`` or ``"optimizer_params['beta']"``;
        empty where it is about none.

    Examples
    --------
    >>> print(DataError("50 of 800 rows have no target", "Leave them out."))
    50 of 800 rows have no target. Leave them out.
    >>> print(ShapeError.must_be("X", "have 3 rows", "shape (10, 3)", "Pass X.T."))
    X must have 3 rows, got shape (10, 3). Pass X.T.
    """

    def __init__(self, problem: str, hint: str = "") -> None:
        self.hint = hint
        self.setting = ""
        self._problem = problem
        self._requirement = ""
        self._value = ""
        self._listed: tuple[tuple[str, str], ...] = ()
        self._named: tuple[str, tuple[tuple[str, str], ...]] = ("", ())  # as the error was raised
        super().__init__(str(self))

    @classmethod
    def must_be(
        cls,
        setting: str,
        requirement: str,
        value: str,
        hint: str = "",
        *,
        listed: Sequence[tuple[str, str]] = (),
    ) -> Self:
        """The error about a setting or an argument that cannot be used.

        Parameters
        ----------
        setting : str
            Its name.
        requirement : str
            What it must be; a text that begins with "have" or "hold" stands without "be".
        value : str
            What was passed, as the message shows it.
        hint : str, optional
            What to do, in sentences.
        listed : sequence of (str, str), optional
            Settings that ``value`` ends with, and the text of each; empty texts for their names alone.

        Returns
        -------
        DeepStepError
            An error of this class.

        Examples
        --------
        >>> print(ConfigurationError.must_be("l2", "a number of at least 0", "-1"))
        l2 must be a number of at least 0, got -1.
        """
        error = cls("", hint)
        error.setting, error._requirement, error._value = setting, requirement, value
        error._listed = tuple(listed)
        error._named = setting, error._listed
        error.args = (str(error),)
        return error

    @property
    def problem(self) -> str:
        """What is wrong, without a full stop."""
        if not self.setting:
            return self._problem
        verb = "must" if self._requirement.startswith(("have ", "hold ")) else "must be"
        any_text = any(text for _, text in self._listed)
        listed = (f"{name}{'' if text[:1] in ('', ',') else ' '}{text}" for name, text in self._listed)
        value = f"{self._value} {('; ' if any_text else ', ').join(listed)}".strip()
        return f"{self.setting} {verb} {self._requirement}, got {value}"

    def __str__(self) -> str:
        return f"{self.problem}. {self.hint}".strip()

    def _spell(self, words: Callable[[str], str]) -> None:
        """Name settings by the words of whoever shows the error, the outermost one; see `spelled`."""
        setting, listed = self._named
        base, entry = _ENTRY.fullmatch(setting).groups()  # type: ignore[union-attr]  # it fits every text
        word = words(setting) or (words(base) and f"{words(base)}{f' {entry}' if entry else ''}")
        if word:
            self.setting = word
        self._listed = tuple((words(name) or name, text) for name, text in listed)
        self.args = (str(self),)


_ENTRY = re.compile(r"(.*?)(?:\['(.*)'\])?", re.DOTALL)
"""A setting, and perhaps an entry of it: ``optimizer_params['beta']``."""


@contextmanager
def spelled(words: Callable[[str], str]) -> Iterator[None]:
    """Let errors of the block name settings by the words of whoever shows them; empty where there are none.

    >>> with spelled({"l2": "alpha"}.get):
    ...     raise ConfigurationError.must_be("l2", "a number of at least 0", "-1")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: alpha must be a number of at least 0, got -1.
    """
    try:
        yield
    except DeepStepError as error:
        error._spell(words)
        raise


class ShapeError(DeepStepError, ValueError):
    """An array has a shape that does not fit."""


class DataError(DeepStepError, ValueError):
    """Values cannot be used: empty, not finite, one class only, of the wrong kind."""


class CellError(DataError, TypeError):
    """A cell of a table holds what is no value: a list, a dictionary, bytes, a complex number."""


class ConfigurationError(DeepStepError, ValueError):
    """A setting is unknown or out of range."""


class FileError(DeepStepError, OSError):
    """A file is missing, damaged, altered, of another kind, or cannot be written."""


class MissingPackageError(DeepStepError, ImportError):
    """An optional package is needed for this and is not installed."""


class DivergenceError(DeepStepError, ArithmeticError, ValueError):
    """Training left the finite numbers; a ValueError, too, as that of scikit-learn's network is.

    Parameters
    ----------
    problem, hint : str
        As of every `DeepStepError`.
    layer : int, optional
        1 … L, where the first quantity that was not finite is one of a layer.
    step : int, optional
        The number of the update that left them.

    Attributes
    ----------
    history : History or None
        The records of the epochs before.
    parameters : Parameters or None
        The last finite ones.
    statistics : mapping
        Of the normalized layers, of the same moment.
    predictor : Predictor or None
        Of the network that diverged alone, with these parameters, where an estimator trained it.

    Examples
    --------
    >>> from deepstep import Network
    >>> try:
    ...     Network([1, 1], output="identity", seed=1).train([[3.0, -3.0]], [[1, 2]], learning_rate=1e9)
    ... except DivergenceError as error:
    ...     reached = error
    >>> reached.layer, reached.step, len(reached.history), "W1" in reached.parameters
    (1, 17, 16, True)
    """

    def __init__(
        self,
        problem: str,
        hint: str = "",
        *,
        layer: int | None = None,
        step: int | None = None,
    ) -> None:
        super().__init__(problem, hint)
        self.layer, self.step = layer, step
        self.history: History | None = None
        self.parameters: Parameters | None = None
        self.statistics: Mapping[str, Array] = {}
        self.predictor: Predictor | None = None

    def also(self, hint: str) -> None:
        """Say one more thing about how to mend it.

        Parameters
        ----------
        hint : str
            Sentences.

        Examples
        --------
        >>> error = DivergenceError("The cost is inf after update 3", "Lower the learning rate.")
        >>> error.also("See the report.")
        >>> print(error)
        The cost is inf after update 3. Lower the learning rate. See the report.
        """
        self.hint = f"{self.hint} {hint}".strip()
        self.args = (str(self),)


class DataWarning(UserWarning):
    """A table, or a column of it, may be meant otherwise than it is read.

    finding: The `deepstep.inspection.Finding` that it tells of, where there is one.
    """

    def __init__(self, message: str = "", finding: Any = None) -> None:
        super().__init__(message)
        self.finding = finding


class SpeedWarning(UserWarning):
    """A training took longer than the processor needs for it."""


def warn_the_caller(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn whoever called fit: the first frame outside this package and scikit-learn, which wraps fit."""
    ours = ("deepstep", "sklearn")
    frame: FrameType | None = sys._getframe()
    level = 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ours:
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


class WorkerError(DeepStepError, RuntimeError):
    """A worker of a training has ended, hangs, or is at another place than the others."""


MOST_NAMES = 12
"""So many known names are all shown; of more, those that are near."""


def unknown_name(
    kind: str, name: object, known: Iterable[str], *, setting: str = "", inside: bool = False
) -> ConfigurationError:
    """The error for a name that is not in a table, with the nearest known name: one that begins so.

    ``setting`` is the one whose value the name is; with ``inside`` the name is that of an entry of it.

    >>> print(unknown_name("activation", "rleu", ["relu", "tanh"]))
    Unknown activation 'rleu', known are 'relu', 'tanh'. Did you mean 'relu'?
    >>> print(unknown_name("activation", "rleu", ["relu", "tanh"], setting="activation"))
    activation must be one of 'relu', 'tanh', got 'rleu'. Did you mean 'relu'?
    """
    names = list(known)
    by_lower_case = {known_name.lower(): known_name for known_name in names}
    typed = str(name).lower()
    beginnings = (
        sorted((known for known in by_lower_case if known.startswith(typed)), key=len) if typed[1:] else []
    )
    matches = dict.fromkeys([*beginnings, *get_close_matches(typed, by_lower_case, n=3)])
    near = [by_lower_case[match] for match in matches][:3]
    shown = names if len(names) <= MOST_NAMES else near or names[:3]
    count = "" if len(shown) == len(names) else f"{len(names)}, among them "
    listed = f"{count}{', '.join(map(repr, shown))}"
    hint = f"Did you mean {near[0]!r}?" if near else ""
    if not setting:
        known_names = f"known are {listed}" if names else "there is none"
        return ConfigurationError(f"Unknown {kind} {name!r}, {known_names}", hint)
    requirement = f"one of {listed}"
    if inside:
        begin = "have known names, such as" if count else "have names among"
        requirement = f"{begin} {', '.join(map(repr, shown))}" if names else "have no names"
    return ConfigurationError.must_be(setting, requirement, repr(name), hint)


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Let an error of a user's own function say where that function came in; DeepStep's own errors say it.

    >>> try:
    ...     with naming("the metric 'share'"):
    ...         1 / 0
    ... except ZeroDivisionError as error:
    ...     print(error.__notes__)
    ["Raised in the metric 'share'."]
    """
    try:
        yield
    except DeepStepError:
        raise
    except Exception as error:
        error.add_note(f"Raised in {what}.")
        raise


def missing_package(what: str, package: str, *others: str, extra: str = "") -> MissingPackageError:
    """The error for a package that is not installed; ``others`` are needed beside it.

    The command of the hint installs the packages themselves: it holds for a checkout, too. ``extra`` is that
    of DeepStep which has them.

    >>> print(missing_package("deepstep", "scipy"))
    deepstep needs the package 'scipy', which is not installed. Run: pip install scipy
    >>> print(missing_package("read_cats", "h5py", extra="images").hint)
    Run: pip install h5py, or install DeepStep with its extra 'images'.
    """
    hint = f"Run: pip install {' '.join((package, *others))}"
    hint += f", or install DeepStep with its extra {extra!r}." if extra else ""
    return MissingPackageError(f"{what} needs the package {package!r}, which is not installed", hint)
