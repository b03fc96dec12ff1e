"""The keys of a lesson's file, and its blocks of TOML, whose errors name file, line and key."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from deepstep.course.stage import MOST_UPDATES
from deepstep.data.builtin import DATASETS
from deepstep.data.text_formats import toml_values
from deepstep.errors import ConfigurationError, DeepStepError, unknown_name
from deepstep.types import is_number, is_whole

LOCKS = (
    *("data", "network", "weights", "training", "optimizer", "learning_rate", "l2", "batch_size", "dropout"),
    *("transport", "screens", "find", "check", "share"),
)
"""Controls of the page that a scene can lock."""

REQUIRED = object()
FITS = Callable[[Any], bool]


class Key(NamedTuple):
    """A key of a block: its default, a check of its value, and the requirement in words."""

    default: Any
    fits: FITS
    requirement: str


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _like(pattern: str) -> FITS:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _among(names: Sequence[str]) -> FITS:
    return lambda value: isinstance(value, str) and value in names


def _whole(least: int, most: int) -> FITS:
    return lambda value: is_whole(value, least) and value <= most


def _number(least: float, most: float) -> FITS:
    return lambda value: is_number(value) and least <= value <= most


def _list(fits: FITS, least: int, most: int) -> FITS:
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(fits, value))


def _is(kind: type) -> FITS:
    return lambda value: isinstance(value, kind)


def _either(*checks: FITS) -> FITS:
    return lambda value: any(check(value) for check in checks)


def _points(value: Any) -> bool:
    if not _list(_list(is_number, 2, 65), 2, 500)(value) or len(set(map(len, value))) > 1:
        return False
    return all(is_whole(row[-1], 0) for row in value) and len({row[-1] for row in value}) > 1


POSITION_TEXT = 'an update and a quantity of a step, such as "update 3, dZ2"'

SCENE = {
    "data": Key("circles", _among(DATASETS), f"one of {', '.join(map(repr, DATASETS))}"),
    "points": Key(
        [], _points, "2 to 500 rows of numbers, the last one a class (0, 1, …), of 2 classes or more"
    ),
    "examples": Key(60, _whole(2, 500), "a whole number from 2 to 500"),
    "noise": Key(0, _number(0, 10), "a number from 0 to 10"),
    "seed": Key(1, _whole(0, 2**31 - 1), "a whole number of at least 0"),
    "hidden_layers": Key([4], _list(_whole(1, 64), 0, 12), "a list of at most 12 sizes from 1 to 64"),
    "activation": Key("tanh", _either(_text, _list(_text, 1, 12)), "a name, or one for each hidden layer"),
    "initialization": Key("he", _text, "the name of an initialization"),
    "learning_rate": Key(0.1, _number(0, 1e6), "a number from 0 to 1e6"),
    "optimizer": Key("gd", _text, "the name of an optimizer"),
    "batch_size": Key(None, _whole(1, 500), "a whole number from 1 to 500"),
    "l2": Key(None, _number(0, 1e6), "a number from 0 to 1e6"),
    "dropout": Key(None, _number(0, 0.95), "a number from 0 to 0.95"),
    "fault": Key(None, _text, "the name of a fault"),
    "iterations": Key(1, _whole(1, MOST_UPDATES), f"a whole number from 1 to {MOST_UPDATES}"),
    "trained": Key(0, _whole(0, MOST_UPDATES - 1), f"a whole number from 0 to {MOST_UPDATES - 1}"),
    "position": Key("", _is(str), POSITION_TEXT),
    "screen": Key(None, _among(("play", "lab")), "'play' or 'lab'"),
    "locked": Key([], _list(_among((*LOCKS, "all")), 0, 20), f"a list of {', '.join(LOCKS)} or all"),
}
OF_THE_SCENE = ("trained", "position", "screen", "locked")
"""Keys that do not belong to the network and its training."""

QUESTION = {
    "text": Key(REQUIRED, _text, "a text"),
    "choices": Key(REQUIRED, _list(_text, 2, 9), "a list of 2 to 9 texts"),
    "answer": Key(
        REQUIRED,
        _either(_whole(1, 9), _list(_whole(1, 9), 1, 9)),
        "the number of the right choice, from 1, or a list of such numbers",
    ),
    "explanation": Key("", _is(str), "a text"),
    "points": Key(1, _number(0, 1000), "a number from 0 to 1000"),
    "predict_first": Key(False, _is(bool), "true or false"),
    "then": Key("", _is(str), POSITION_TEXT),
}
FRONT = {
    "title": Key(REQUIRED, _text, "a text"),
    "language": Key("en", _like(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*"), "a language code, such as en"),
    "id": Key("", _like(r"[A-Za-z][A-Za-z0-9_.-]{0,99}"), "a letter, then letters, digits, '.', '_' and '-'"),
    "passing_score": Key(60, _number(0, 100), "a number from 0 to 100, in percent"),
    "scene": Key({}, _is(dict), "a table with keys of a scene"),
}


@contextmanager
def located(place: Callable[[str], str]) -> Iterator[None]:
    """Let errors of the block name the place in the file, which depends on their setting."""
    try:
        yield
    except DeepStepError as error:
        where, setting = place(error.setting), error.setting
        raise ConfigurationError(where, error.expected, error.got, error.hint, setting=setting) from error


def defaults(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {name: key.default for name, key in keys.items()}


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
        return f"{self.path}:{next((at for at, line in lines if begins.match(line)), self.line)}"

    def refuse(self, key: str, requirement: str, got: str, hint: str = "") -> NoReturn:
        raise ConfigurationError(self.place(key), requirement, got, hint, setting=key)

    def read(self, keys: Mapping[str, Key], what: str) -> dict[str, Any]:
        """The values of all keys, with their defaults."""
        try:
            self.values = toml_values(self.text)
        except ValueError as error:
            at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
            line = self.line + int((at and at[1]) or 0)
            why = str(error).replace(at[0] if at else "", "")
            raise ConfigurationError(f"{self.path}:{line}", f"{what} is TOML", why) from error
        self.check(self.values, keys, what)
        for name, key in keys.items():
            if key.default is REQUIRED and name not in self.values:
                raise ConfigurationError(self.place(), f"{what} has the key {name!r}", "it is missing")
        return {**defaults(keys), **self.values}

    def check(self, values: Mapping[str, Any], keys: Mapping[str, Key], what: str) -> None:
        """Refuse an unknown key, and a value that does not fit."""
        for name, value in values.items():
            if name not in keys:
                raise unknown_name(self.place(name), f"a key of {what}", name, keys)
            if not keys[name].fits(value):
                self.refuse(name, keys[name].requirement, f"got {value!r:.80}")
