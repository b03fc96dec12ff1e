"""The keys of a lesson's file, and its blocks of TOML, whose errors name file, line and key."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from deepstep.course.stage import MOST_UPDATES
from deepstep.data.builtin import SMALL_DATASETS
from deepstep.data.text_formats import toml_values
from deepstep.errors import ConfigurationError, DeepStepError, FileError, unknown_name
from deepstep.types import is_number, is_whole

LOCKS = (
    *("data", "network", "weights", "training", "optimizer", "learning_rate", "l2", "batch_size", "dropout"),
    *("transport", "screens", "find", "check", "share"),
)
"""Controls of the page that a scene can lock."""

REQUIRED = object()
FILLED = r"(?s).*\S.*"
POSITION_TEXT = 'an update and a quantity of a step, such as "update 3, dZ2"'


class Key(NamedTuple):
    """A key of a block: its default, the requirement in words, and a check of its value."""

    default: Any
    requirement: str
    fits: Callable[[Any], bool]


def _text(default: Any, requirement: str = "a text", pattern: str = FILLED) -> Key:
    return Key(
        default, requirement, lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value))
    )


def _among(default: Any, names: Collection[str]) -> Key:
    return Key(
        default,
        f"one of {', '.join(map(repr, names))}",
        lambda value: isinstance(value, str) and value in names,
    )


def _whole(default: Any, least: int, most: int) -> Key:
    requirement = f"a whole number from {least} to {most}"
    return Key(default, requirement, lambda value: is_whole(value, least) and value <= most)


def _number(default: Any, least: float, most: float) -> Key:
    requirement = f"a number from {least} to {most}"
    return Key(default, requirement, lambda value: is_number(value) and least <= value <= most)


def _list(default: Any, entry: Key, least: int, most: int, *, alone: bool = False) -> Key:
    """A list of so many entries; with ``alone`` one entry fits too."""

    def fits(value: Any) -> bool:
        if not isinstance(value, list):
            return alone and entry.fits(value)
        return least <= len(value) <= most and all(map(entry.fits, value))

    requirement = f"a list of {least} to {most}, each {entry.requirement}"
    return Key(default, f"{entry.requirement}, or {requirement}" if alone else requirement, fits)


def _points(value: Any) -> bool:
    number = Key(None, "", is_number)
    if not _list(None, _list(None, number, 2, 65), 2, 500).fits(value) or len(set(map(len, value))) > 1:
        return False
    return all(is_whole(row[-1], 0) for row in value) and len({row[-1] for row in value}) > 1


SCENE = {
    "data": _among("circles", SMALL_DATASETS),
    "points": Key(
        [], "2 to 500 rows of numbers, the last one a class (0, 1, …), of 2 classes or more", _points
    ),
    "examples": _whole(60, 2, 500),
    "noise": _number(0, 0, 10),
    "seed": _whole(1, 0, 2**31 - 1),
    "hidden_layers": _list([4], _whole(4, 1, 64), 0, 12),
    "activation": _list("tanh", _text("tanh", "a name"), 1, 12, alone=True),
    "initialization": _text("he", "a name"),
    "learning_rate": _number(0.1, 0, 1_000_000),
    "optimizer": _text("gd", "a name"),
    "batch_size": _whole(None, 1, 500),
    "l2": _number(None, 0, 1_000_000),
    "dropout": _number(None, 0, 0.95),
    "fault": _text(None, "a name"),
    "iterations": _whole(1, 1, MOST_UPDATES),
    "trained": _whole(0, 0, MOST_UPDATES - 1),
    "position": _text("", POSITION_TEXT, "(?s).*"),
    "screen": _among(None, ("play", "lab")),
    "locked": _list([], _among("", (*LOCKS, "all")), 0, 20),
}
OF_THE_SCENE = ("trained", "position", "screen", "locked")
"""Keys that do not belong to the network and its training."""

QUESTION = {
    "text": _text(REQUIRED),
    "choices": _list(REQUIRED, _text("", "a text"), 2, 9),
    "answer": _list(REQUIRED, _whole(1, 1, 9), 1, 9, alone=True),
    "explanation": _text("", pattern="(?s).*"),
    "points": _number(1, 0, 1000),
    "predict_first": Key(False, "true or false", lambda value: isinstance(value, bool)),
    "then": _text("", POSITION_TEXT, "(?s).*"),
}
FRONT = {
    "title": _text(REQUIRED),
    "language": _text("en", "a language code, such as en", r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*"),
    "id": _text("", "a letter, then letters, digits, '.', '_' and '-'", r"[A-Za-z][A-Za-z0-9_.-]{0,99}"),
    "passing_score": _number(60, 0, 100),
    "scene": Key({}, "a table with keys of a scene", lambda value: isinstance(value, dict)),
}


@contextmanager
def located(place: Callable[[str], str]) -> Iterator[None]:
    """Let errors of the block begin with the place in the file, which depends on their setting."""
    try:
        yield
    except DeepStepError as error:
        kind = FileError if isinstance(error, FileError) else ConfigurationError
        raise kind(f"{place(error.setting)}: {error.problem}", error.hint) from error


@dataclass
class Block:
    """The TOML of a file: the line of its fence, its text, its values."""

    path: Path
    line: int
    text: str
    values: dict[str, Any] = field(default_factory=dict)

    def place(self, key: str = "") -> str:
        """File and line of a key; that of the fence where the key is not written."""
        begins = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        lines = enumerate(self.text.splitlines() if key else (), self.line + 1)
        return f"{self.path}:{next((number for number, line in lines if begins.match(line)), self.line)}"

    def refusal(self, key: str, requirement: str, value: Any) -> ConfigurationError:
        """The error for the value of a key."""
        error = ConfigurationError.must_be(key, requirement, f"{value!r:.80}")
        return ConfigurationError(f"{self.place(key)}: {error.problem}")

    def read(self, keys: Mapping[str, Key], what: str) -> dict[str, Any]:
        """The values of all keys, with their defaults."""
        try:
            self.values = toml_values(self.text)
        except ValueError as error:
            position = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
            line = self.line + int((position and position[1]) or 0)
            reason = str(error).replace(position[0] if position else "", "")
            raise ConfigurationError(f"{self.path}:{line}: {what} is not TOML ({reason})") from error
        self.check(self.values, keys, what)
        values = {name: key.default for name, key in keys.items()} | self.values
        for name, value in values.items():
            if value is REQUIRED:
                raise ConfigurationError(f"{self.place()}: {what} has no key {name!r}")
        return values

    def check(self, values: Mapping[str, Any], keys: Mapping[str, Key], what: str) -> None:
        """Refuse an unknown key, and a value that does not fit."""
        for name, value in values.items():
            if name not in keys:
                error = unknown_name(f"key of {what}", name, keys)
                raise ConfigurationError(f"{self.place(name)}: {error.problem}", error.hint)
            if not keys[name].fits(value):
                raise self.refusal(name, keys[name].requirement, value)
