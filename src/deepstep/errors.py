"""Errors: where it happened, what was expected, what was got, and a hint.

Every error that DeepStep raises on purpose is a `DeepStepError` and follows one of two templates::

    where: what was expected; what was got. Hint.
    where: setting must be …, got …. Hint.

The second one is for errors that name a setting. Estimators and the command line show settings under the
names of their own parameters and options (`spelled`).

The command line turns them into exit code 2 (1 for `DivergenceError`).
"""

import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepstep.ensembles.predictor import Predictor
    from deepstep.network import Parameters
    from deepstep.training import History
    from deepstep.types import Array


class DeepStepError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    where : str
        The layer, function, option or file in question.
    expected : str
        What was expected there.
    got : str
        What came instead.
    hint : str, optional
        How to mend it, one sentence.
    setting : str, optional
        The setting that the error is about, such as ``"l2"`` or ``"optimizer_params['beta']"``; ``expected``
        then continues "must be", or is "have …".
    listed : sequence of (str, str), optional
        Settings that ``got`` ends with, and the text of each; empty texts for their names alone.

    Examples
    --------
    >>> print(ShapeError("Network.train", "X has 3 rows", "got X (10, 3)", "Pass X.T."))
    Network.train: X has 3 rows; got X (10, 3). Pass X.T.
    >>> print(ConfigurationError("Network.train", "a number of at least 0", "got -1", setting="l2"))
    Network.train: l2 must be a number of at least 0, got -1.
    """

    def __init__(
        self,
        where: str,
        expected: str,
        got: str,
        hint: str = "",
        *,
        setting: str = "",
        listed: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.where, self.expected, self.hint = where, expected, hint
        self.setting, self._got, self._listed = setting, got, tuple(listed)
        self._named = setting, self._listed
        super().__init__(where, expected, got, hint)

    @property
    def got(self) -> str:
        """The value that came, with the settings that it lists."""
        any_text = any(text for _, text in self._listed)
        listed = (f"{name}{'' if text[:1] in ('', ',') else ' '}{text}" for name, text in self._listed)
        return f"{self._got} {('; ' if any_text else ', ').join(listed)}".strip()

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        if not self.setting:
            return f"{self.where}: {self.expected}; {self.got}.{hint}"
        place = "" if self.setting.startswith(self.where) else f"{self.where}: "
        verb = "must" if self.expected.startswith("have ") else "must be"
        return f"{place}{self.setting} {verb} {self.expected}, {self.got}.{hint}"

    def _spell(self, words: Callable[[str], str]) -> None:
        """Name settings by the words of whoever shows the error, the outermost one; see `spelled`."""
        setting, listed = self._named
        base, entry = _ENTRY.fullmatch(setting).groups()  # type: ignore[union-attr]  # it fits every text
        word = words(setting) or (words(base) and f"{words(base)}{f' {entry}' if entry else ''}")
        if word:
            self.where = self.setting = word
        self._listed = tuple((words(name) or name, text) for name, text in listed)
        self.args = (self.where, self.expected, self._got, self.hint)


_ENTRY = re.compile(r"(.*?)(?:\['(.*)'\])?", re.DOTALL)
"""A setting, and perhaps an entry of it: ``optimizer_params['beta']``."""


@contextmanager
def spelled(words: Callable[[str], str]) -> Iterator[None]:
    """Let errors of the block name settings by the words of whoever shows them; empty where there are none.

    >>> with spelled({"l2": "alpha"}.get):
    ...     raise ConfigurationError("Network.train", "a number of at least 0", "got -1", setting="l2")
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

    def __init__(self, where: str, expected: str, got: str, hint: str = "", *, setting: str = "") -> None:
        DeepStepError.__init__(self, where, expected, got, hint, setting=setting)


class MissingPackageError(DeepStepError, ImportError):
    """An optional package is needed for this and is not installed."""


class DivergenceError(DeepStepError, ArithmeticError, ValueError):
    """Training left the finite numbers; a ValueError, too, as that of scikit-learn's network is.

    Parameters
    ----------
    where, expected, got, hint : str
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
        where: str,
        expected: str,
        got: str,
        hint: str = "",
        *,
        layer: int | None = None,
        step: int | None = None,
    ) -> None:
        super().__init__(where, expected, got, hint)
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
        >>> error = DivergenceError("train", "finite numbers", "got inf", "Lower the learning rate.")
        >>> error.also("See the report.")
        >>> print(error)
        train: finite numbers; got inf. Lower the learning rate. See the report.
        """
        self.hint = f"{self.hint} {hint}".strip()
        self.args = (self.where, self.expected, self.got, self.hint)


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

    ENDED = "one of them has ended"
    """How ``came`` begins where it is that."""


MOST_NAMES = 12
"""So many known names are all shown; of more, those that are near."""


def unknown_name(
    where: str, kind: str, name: object, known: Iterable[str], *, setting: str = "", inside: bool = False
) -> ConfigurationError:
    """The error for a name that is not in a table, with the nearest known name: one that begins so.

    ``setting`` is the one whose value the name is; with ``inside`` the name is that of an entry of it.
    """
    names = list(known)
    by_lower_case = {known_name.lower(): known_name for known_name in names}
    typed = str(name).lower()
    begin = (
        sorted((known for known in by_lower_case if known.startswith(typed)), key=len) if typed[1:] else []
    )
    matches = dict.fromkeys([*begin, *get_close_matches(typed, by_lower_case, n=3)])
    near = [by_lower_case[match] for match in matches][:3]
    shown = names if len(names) <= MOST_NAMES else near or names[:3]
    count = "" if len(shown) == len(names) else f"{len(names)}, among them "
    listed = f"{count}{', '.join(map(repr, shown))}"
    expected = f"one of {listed}"
    if inside:
        expected = f"have names among {listed}" if names else "have no names"
    if not setting:
        expected = f"{kind} is one of {listed}" if names else f"there is no {kind}"
    hint = f"Did you mean {near[0]!r}?" if near else ""
    return ConfigurationError(where, expected, f"got {name!r}", hint, setting=setting)


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


def missing_package(where: str, package: str, *others: str) -> MissingPackageError:
    """The error for a package that is not installed; ``others`` are needed beside it.

    The hint names the packages themselves and no extra of DeepStep: it holds for a checkout, too.

    >>> print(missing_package("read_hdf5", "h5py"))
    read_hdf5: the package 'h5py' is needed; it is not installed. Run: pip install h5py
    """
    hint = f"Run: pip install {' '.join((package, *others))}"
    return MissingPackageError(where, f"the package {package!r} is needed", "it is not installed", hint)
