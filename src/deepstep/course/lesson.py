"""Lessons that a teacher writes: a Markdown file with scenes becomes the document of a page.

A scene is a section of the file: its text, a block ``scene`` with the network and the place that is open, and
perhaps a block ``question``. docs/teaching.md describes the format.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlencode

from markdown_it import MarkdownIt
from markdown_it.token import Token

from deepstep.course.stage import MOST_UPDATES, Stage, key_of
from deepstep.data.builtin import DATASETS
from deepstep.data.files import check_file
from deepstep.data.text_formats import read_text, toml_values
from deepstep.errors import ConfigurationError, DeepStepError, unknown_name
from deepstep.explorer.document import Document
from deepstep.explorer.page import page
from deepstep.types import is_number, is_whole

FORMAT, VERSION = "deepstep-scenes", 1
FENCE = "+++"
MOST_BYTES = 2_000_000  # of a file
MOST_PICTURE = 300_000  # bytes
PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}
ADDRESSES = ("https:", "http:", "mailto:")

LOCKS = (
    *("data", "network", "weights", "training", "optimizer", "learning_rate", "l2", "batch_size", "dropout"),
    *("transport", "screens", "find", "check", "share"),
)
"""Controls of the page that a scene can lock."""

POSITION = re.compile(
    r"(?:update (?P<update>[1-9]\d*)(?:, *|$))?(?:(?P<name>[^\s,\[\]]+)(?:\[(?P<row>\d+), *(?P<col>\d+)\])?)?"
)
STEPS = re.compile(r"A0|loss|J|(?:Z|A|dZ|dW|db|dA)[1-9]\d*|[Wb][1-9]\d*′")
"""Quantities that a micro-step of the page computes."""

QUOTE = re.compile(r"\{\{(.*?)\}\}")


@dataclass(frozen=True)
class Key:
    """A key of a block: its default, a check of its value, and the requirement in words; None is required."""

    default: Any
    fits: Callable[[Any], bool]
    requirement: str


REQUIRED = object()


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _among(names: Sequence[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in names


def _whole(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: is_whole(value, least) and value <= most


def _number(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: is_number(value) and least <= value <= most


def _list(fits: Callable[[Any], bool], least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(fits, value))


def _like(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _answer(value: Any) -> bool:
    return is_whole(value, 1) or _list(_whole(1, 9), 1, 9)(value)


def _points(value: Any) -> bool:
    if not _list(_list(is_number, 2, 65), 2, 500)(value) or len(set(map(len, value))) > 1:
        return False
    return all(is_whole(row[-1], 0) for row in value) and len({row[-1] for row in value}) > 1


FRONT = {
    "title": Key(REQUIRED, _text, "a text"),
    "language": Key("en", _like(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*"), "a language code, such as en"),
    "id": Key("", _like(r"[A-Za-z][A-Za-z0-9_.-]{0,99}"), "a letter, then letters, digits, '.', '_' and '-'"),
    "passing_score": Key(60, _number(0, 100), "a number from 0 to 100, in percent"),
    "scene": Key({}, lambda v: isinstance(v, dict), "a table with keys of a scene"),
}  # fmt: skip
SCENE = {
    "data": Key("circles", _among(DATASETS), f"one of {', '.join(map(repr, DATASETS))}"),
    "points": Key([], _points, "2 to 500 rows of numbers with a class (0, 1, …) at the end, of 2 classes or more"),
    "examples": Key(60, _whole(2, 500), "a whole number from 2 to 500"),
    "noise": Key(0, _number(0, 10), "a number from 0 to 10"),
    "seed": Key(1, _whole(0, 2**31 - 1), "a whole number of at least 0"),
    "hidden_layers": Key([4], _list(_whole(1, 64), 0, 12), "a list of at most 12 sizes from 1 to 64"),
    "activation": Key("tanh", lambda v: _text(v) or _list(_text, 1, 12)(v), "a name, or one for each hidden layer"),
    "initialization": Key("he", _text, "the name of an initialization"),
    "learning_rate": Key(0.1, _number(0, 1e6), "a number from 0 to 1e6"),
    "optimizer": Key("gd", _text, "the name of an optimizer"),
    "batch_size": Key(None, _whole(1, 500), "a whole number from 1 to 500"),
    "l2": Key(None, _number(0, 1e6), "a number of at least 0"),
    "dropout": Key(None, _number(0, 0.95), "a number from 0 to 0.95"),
    "fault": Key(None, _text, "the name of a fault"),
    "iterations": Key(None, _whole(1, MOST_UPDATES), f"a whole number from 1 to {MOST_UPDATES}"),
    "trained": Key(0, _whole(0, MOST_UPDATES - 1), f"a whole number from 0 to {MOST_UPDATES - 1}"),
    "position": Key("", lambda v: isinstance(v, str), 'an update and a quantity, such as "update 3, dZ2"'),
    "screen": Key(None, _among(("play", "lab")), "'play' or 'lab'"),
    "locked": Key([], _list(_among((*LOCKS, "all")), 0, len(LOCKS)), f"a list of {', '.join(LOCKS)} or all"),
}  # fmt: skip
OF_THE_SCENE = ("trained", "position", "screen", "locked")
"""Keys that do not belong to the network and its training."""

QUESTION = {
    "text": Key(REQUIRED, _text, "a text"),
    "choices": Key(REQUIRED, _list(_text, 2, 9), "a list of 2 to 9 texts"),
    "answer": Key(REQUIRED, _answer, "the number of the right choice, from 1, or a list of such numbers"),
    "explanation": Key("", lambda v: isinstance(v, str), "a text"),
    "points": Key(1, _number(0, 1000), "a number from 0 to 1000"),
    "predict_first": Key(False, lambda v: isinstance(v, bool), "true or false"),
    "then": Key("", lambda v: isinstance(v, str), 'an update and a quantity, such as "update 3, dZ2"'),
}  # fmt: skip


@dataclass
class Block:
    """The TOML of a file: its first line, its text, its values."""

    path: Path
    line: int
    text: str
    values: dict[str, Any] = field(default_factory=dict)

    def place(self, key: str = "") -> str:
        """File and line of a key."""
        lines = self.text.splitlines()
        names = rf"\s*[\"']?{re.escape(key)}[\"']?\s*=" if key else r"(?!)"
        at = next((at for at, line in enumerate(lines) if re.match(names, line)), -1)
        return f"{self.path}:{self.line + at + 1 if at >= 0 else self.line}"

    def refuse(self, key: str, requirement: str, got: str, hint: str = "") -> NoReturn:
        raise ConfigurationError(self.place(key), requirement, got, hint, setting=key)

    def read(self, keys: Mapping[str, Key], what: str) -> dict[str, Any]:
        """The values of all keys, checked; the first line of the block is that of its fence."""
        try:
            self.values = toml_values(self.text)
        except ValueError as error:
            at = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
            line = self.line + (int(at[1]) if at else 0)
            why = str(error).replace(at[0] if at else " (at end of document)", "")
            raise ConfigurationError(f"{self.path}:{line}", f"{what} is TOML", why) from error
        self.check(self.values, keys, what)
        for name, key in keys.items():
            if key.default is REQUIRED and name not in self.values:
                raise ConfigurationError(self.place(), f"{what} has the key {name!r}", "it is missing")
        return {**_defaults(keys), **self.values}

    def check(self, values: Mapping[str, Any], keys: Mapping[str, Key], what: str) -> None:
        """Refuse an unknown key, and a value that does not fit."""
        for name, value in values.items():
            if name not in keys:
                raise unknown_name(self.place(name), f"a key of {what}", name, keys)
            if not keys[name].fits(value):
                self.refuse(name, keys[name].requirement, f"got {value!r:.80}")


@dataclass
class Section:
    """A scene as it is written: its heading, the tokens of its text, its blocks."""

    path: Path
    line: int
    heading: Token
    body: list[Token] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)


@contextmanager
def _at(place: Callable[[str], str]) -> Iterator[None]:
    """Let errors of the block name the place in the file, by their setting."""
    try:
        yield
    except DeepStepError as error:
        where, setting = place(error.setting), error.setting
        raise ConfigurationError(where, error.expected, error.got, error.hint, setting=setting) from error


def build(path: Path) -> Document:
    """The document of a lesson's page.

    path: The Markdown file, as docs/teaching.md describes it.
    returns: JSON types.
    FileError: If the file cannot be read.
    ConfigurationError: If the lesson has a mistake; the message names file, line and key.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    front, body = _front_matter(path, read_text(path, most=MOST_BYTES))
    given = front.read(FRONT, "the front matter")
    defaults = {**_defaults(SCENE), **given["scene"]}
    front.check(given["scene"], SCENE, "[scene]")
    stages: dict[str, tuple[Stage, Block]] = {}
    scenes = [
        _scene(section, markdown, defaults, stages) for section in _sections(path, markdown.parse(body))
    ]
    if not scenes:
        raise ConfigurationError(str(path), "a lesson has scenes", "there is none", "Begin one: # Its title")
    networks = []
    for stage, block in stages.values():
        with _at(block.place):
            networks.append(stage.document(given["title"]))
    shared: dict[str, Any] = {"sources": {}, "formulas": {}}
    for document in networks:
        for name, known in shared.items():
            known.update(document.pop(name))
    slug = re.sub(r"[^\w.-]+", "-", path.stem, flags=re.ASCII).strip("-._")
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": given["id"] or f"deepstep-{slug or 'lesson'}",
        **{name: given[name] for name in ("title", "language", "passing_score")},
        **shared,
        "networks": networks,
        "scenes": scenes,
    }


def _defaults(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {name: key.default for name, key in keys.items()}


def _front_matter(path: Path, text: str) -> tuple[Block, str]:
    """The front matter, and the text with empty lines in its place."""
    lines = text.removeprefix("\ufeff").splitlines()
    ends = [at for at, line in enumerate(lines) if line.rstrip() == FENCE]
    if len(ends) < 2 or ends[0]:
        hint = f'Begin with {FENCE}, title = "…", {FENCE}.'
        raise ConfigurationError(
            f"{path}:1", f"front matter between two lines {FENCE}", "there is none", hint
        )
    block = Block(path, 1, "\n".join(lines[1 : ends[1]]))
    return block, "\n".join([""] * (ends[1] + 1) + lines[ends[1] + 1 :])


def _sections(path: Path, tokens: Sequence[Token]) -> list[Section]:
    """The scenes: a heading of level 1 begins each."""
    found: list[Section] = []
    at = 0
    while at < len(tokens):
        token, line = tokens[at], (tokens[at].map or [0])[0] + 1
        kind = token.info.strip() if token.type == "fence" and not token.level else ""
        if token.type == "heading_open" and token.tag == "h1":
            found.append(Section(path, line, tokens[at + 1]))
            at += 2
        elif not found:
            hint = "Begin the first scene: # Its title"
            raise ConfigurationError(
                f"{path}:{line}", "text belongs to a scene", "it is before the first", hint
            )
        elif kind in ("scene", "question"):
            if kind in found[-1].blocks:
                raise ConfigurationError(
                    f"{path}:{line}", f"a scene has one block {kind!r}", "got a second one"
                )
            found[-1].blocks[kind] = Block(path, line, token.content)
        else:
            found[-1].body.append(token)
        at += 1
    return found


def _scene(
    section: Section,
    markdown: MarkdownIt,
    defaults: Mapping[str, Any],
    stages: dict[str, tuple[Stage, Block]],
) -> dict[str, Any]:
    """The record of a scene; its network is among the stages afterwards."""
    if "scene" not in section.blocks:
        where = f"{section.path}:{section.line}"
        raise ConfigurationError(where, "a scene has a block ```scene", "there is none")
    block = section.blocks["scene"]
    block.read(SCENE, "a scene")
    settings = {**defaults, **block.values}
    network = {name: value for name, value in settings.items() if name not in OF_THE_SCENE}
    key = key_of(network)
    with _at(block.place):
        if key not in stages:
            stages[key] = Stage(network), block
    stage = stages[key][0]
    stage.longest = max(stage.longest, settings["iterations"] or 1)
    at = POSITION.fullmatch(settings["position"])
    screen = settings["screen"] or ("lab" if settings["fault"] or (at and at["name"]) else "play")
    number, place = _place(stage, block, "position", settings["position"], settings["trained"] + 1, screen)
    shown = _Text(section.path, lambda text: stage.quoted(text, number))
    record: dict[str, Any] = {
        "title": shown.tree(section.heading.children or [], section.line),
        "text": shown.tree(section.body, section.line),
        "network": list(stages).index(key),
        "place": place,
        "locked": list(LOCKS) if "all" in settings["locked"] else settings["locked"],
    }
    if "question" in section.blocks:
        asked = section.blocks["question"]
        record["question"] = _question(asked, shown, markdown)
        if asked.values.get("then"):
            record["question"]["then"] = _place(stage, asked, "then", asked.values["then"], number, screen)[1]
    return record


def _place(stage: Stage, block: Block, key: str, text: str, number: int, screen: str) -> tuple[int, str]:
    """The update of a position, and the position as the page's links have it."""
    found = POSITION.fullmatch(text)
    name = ((found and found["name"]) or "").replace("'", "′")
    if found is None or (name and not STEPS.fullmatch(name)):
        block.refuse(key, 'an update and a quantity of a step, such as "update 3, dZ2"', f"got {text!r:.80}")
    if found["update"] and "trained" in block.values and int(found["update"]) != number:
        block.refuse(key, f"at update {number}, the one after {number - 1} trained", f"got {text!r:.80}")
    number = int(found["update"] or number)
    if number > MOST_UPDATES:
        block.refuse(key, f"an update of at most {MOST_UPDATES}", f"got {number}")
    cell = (int(found["row"]), int(found["col"])) if found["row"] else None
    with _at(lambda _: block.place(key)):
        stage.open(number, name, cell)
    parts = {
        "s": screen,
        "k": number,
        "q": name or None,
        "c": found["row"] and f"{found['row']},{found['col']}",
    }
    return number, urlencode({name: value for name, value in parts.items() if value is not None})


def _question(block: Block, shown: "_Text", markdown: MarkdownIt) -> dict[str, Any]:
    given = block.read(QUESTION, "a question")
    answers = sorted({*([given["answer"]] if is_whole(given["answer"], 1) else given["answer"])})
    if answers[-1] > len(given["choices"]):
        block.refuse("answer", f"a number from 1 to {len(given['choices'])}", f"got {given['answer']!r}")

    def inline(text: str) -> list[Any]:
        return shown.tree(markdown.parseInline(text), block.line)

    return {
        "text": inline(given["text"]),
        "choices": [inline(choice) for choice in given["choices"]],
        "answers": [answer - 1 for answer in answers],
        "several": isinstance(given["answer"], list),
        "explanation": shown.tree(markdown.parse(given["explanation"]), block.line),
        "points": given["points"],
        "predict_first": given["predict_first"],
    }


class _Text:
    """Tokens of Markdown as nested lists ``[tag, attributes, *children]``, which cannot contain markup."""

    def __init__(self, path: Path, quoted: Callable[[str], str]) -> None:
        self.path, self.quoted, self.line = path, quoted, 1

    def tree(self, tokens: Sequence[Token], line: int) -> list[Any]:
        """The nodes of tokens that begin near a line; ``{{…}}`` in texts becomes a number."""
        root: list[Any] = []
        open_: list[list[Any]] = [root]
        self.line = line
        for token in tokens:
            self.line = token.map[0] + 1 if token.map else self.line
            if token.nesting < 0:
                open_.pop()
            elif token.nesting > 0:
                node = open_[-1] if token.hidden else [_tag(token.tag), self.attributes(token)]
                if not token.hidden:
                    open_[-1].append(node)
                open_.append(node)
            else:
                open_[-1].extend(self.leaf(token))
        return root

    def leaf(self, token: Token) -> list[Any]:
        if token.type == "inline":
            return self.tree(token.children or [], self.line)
        if token.type == "text":
            return [QUOTE.sub(self.number, token.content)]
        if token.type == "image":
            return [["img", {"src": self.picture(str(token.attrs["src"])), "alt": token.content}]]
        if token.type in ("fence", "code_block"):
            return [["pre", {}, ["code", {}, token.content]]]
        if token.type == "code_inline":
            return [["code", {}, token.content]]
        return [" "] if token.type == "softbreak" else [[token.tag, {}]]

    def number(self, found: re.Match[str]) -> str:
        with _at(lambda _: f"{self.path}:{self.line}"):
            return self.quoted(found[1])

    def attributes(self, token: Token) -> dict[str, Any]:
        href = token.attrs.get("href")
        if href is not None and not str(href).lower().startswith(ADDRESSES):
            expected = "an address that begins with https:, http: or mailto:"
            raise ConfigurationError(
                f"{self.path}:{self.line}", expected, f"got {href!r:.80}", setting="a link"
            )
        return {name: value for name, value in token.attrs.items() if name in ("href", "start")}

    def picture(self, source: str) -> str:
        """A picture beside the file as an address that holds it."""
        where, kind = f"{self.path}:{self.line}", PICTURES.get(Path(source).suffix.lower())
        file = self.path.parent / unquote(source)
        if kind is None or ":" in source:
            expected = f"a file ({', '.join(PICTURES)}) beside the lesson"
            raise ConfigurationError(where, expected, f"got {source!r:.80}", setting="a picture")
        check_file(file, f"a picture, which {where} shows")
        if (size := file.stat().st_size) > MOST_PICTURE:
            raise ConfigurationError(
                where, f"of at most {MOST_PICTURE} bytes", f"got {size}", setting=f"the picture {source}"
            )
        return f"data:image/{kind};base64,{b64encode(file.read_bytes()).decode('ascii')}"


def _tag(tag: str) -> str:
    """Headings below that of the scene, which is of level 2."""
    return f"h{min(6, int(tag[1]) + 1)}" if tag[0] == "h" and tag[1:].isdigit() else tag


def html_page(document: Document) -> str:
    """The page of a lesson."""
    return page(document["title"], document)
