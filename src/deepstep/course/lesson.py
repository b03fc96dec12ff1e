"""Lessons that a teacher writes: a Markdown file with scenes becomes the document of a page.

A scene is a section of the file: its text, a block ``scene`` with the network and the place that is open, and
perhaps a block ``question``. docs/teaching.md describes the format. Texts become nested lists
``[tag, attributes, *children]``: none is markup, so that nothing in a file can become HTML.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from deepstep.course.lesson_format import (
    FRONT,
    LOCKS,
    OF_THE_SCENE,
    POSITION_TEXT,
    QUESTION,
    SCENE,
    Block,
    located,
)
from deepstep.course.museum import programs
from deepstep.course.stage import MOST_UPDATES, Stage
from deepstep.data.files import check_file
from deepstep.data.text_formats import read_text
from deepstep.errors import ConfigurationError
from deepstep.explorer.document import Document
from deepstep.explorer.page import page
from deepstep.types import is_whole

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
MOST_PICTURE = 300_000  # bytes
PICTURES = {
    ".png": ("png", rb"\x89PNG"),
    **dict.fromkeys((".jpg", ".jpeg"), ("jpeg", rb"\xff\xd8\xff")),
    ".gif": ("gif", rb"GIF8"),
    ".webp": ("webp", rb"RIFF(?s:.{4})WEBP"),  # sounds and films may be RIFF, too; the 4 bytes are its size
}
"""By the ending of a file: the kind of picture, and a pattern of the bytes that such a file begins with."""

LINK_SCHEMES = ("https:", "http:", "mailto:")
PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")


def parsed(text: str, *, inline: bool = False) -> SyntaxTreeNode:
    """The tree of a text in Markdown; with ``inline`` it has no paragraphs, lists or other blocks."""
    return SyntaxTreeNode(MARKDOWN.parseInline(text) if inline else MARKDOWN.parse(text))


class Texts:
    """Makes the nested lists of the page, here called nodes, from the texts of one lesson.

    A placeholder ``{{…}}`` in a text becomes what ``quoted`` returns for its content. Errors name the file by
    ``path``, and its line by ``line``.
    """

    def __init__(self, path: Path, quoted: Callable[[str], str]) -> None:
        self.path, self.quoted = path, quoted
        self.line, self.line_is_fixed = 1, False

    def nodes(self, trees: Sequence[SyntaxTreeNode], line: int) -> list[Any]:
        """The nodes of trees of the file; ``line`` is that of a tree that does not know its line."""
        self.line, self.line_is_fixed = line, False
        return self._all(trees)

    def nodes_of_value(self, text: str, line: int, *, inline: bool = False) -> list[Any]:
        """The nodes of a text that is a value in a TOML block, which begins at ``line`` of the file."""
        self.line, self.line_is_fixed = line, True  # lines are counted within the value, not in the file
        return self._all(parsed(text, inline=inline).children)

    def _all(self, trees: Sequence[SyntaxTreeNode]) -> list[Any]:
        return [node for tree in trees for node in self._of(tree)]

    def _of(self, tree: SyntaxTreeNode) -> list[Any]:
        kind, content = tree.type, "" if tree.is_nested else tree.content
        if tree.map and not self.line_is_fixed:
            self.line = tree.map[0] + 1
        if kind == "text":
            return [PLACEHOLDER.sub(self._value_of, content)]
        if kind == "softbreak":
            return [" "]
        if kind == "image":
            with located(self._where):
                return [["img", {"src": self._picture(str(tree.attrs["src"])), "alt": content}]]
        if kind in ("fence", "code_block"):
            return [["pre", {}, ["code", {}, content]]]
        if kind == "code_inline":
            return [["code", {}, content]]
        if kind == "inline" or tree.hidden:
            return self._all(tree.children)
        with located(self._where):
            attributes = _attributes(tree)
        return [[_tag(tree.tag), attributes, *self._all(tree.children)]]

    def _where(self, setting: str = "") -> str:
        """The place that errors begin with, whatever their setting is."""
        return f"{self.path}:{self.line}"

    def _value_of(self, match: re.Match[str]) -> str:
        """The text in place of a placeholder."""
        with located(self._where):
            return self.quoted(match[1])

    def _picture(self, source: str) -> str:
        """A picture from the folder of the lesson's file, as a ``data:`` address that contains it."""
        folder, name = self.path.parent.resolve(), unquote(source)
        kind, first_bytes = PICTURES.get(Path(name).suffix.lower(), ("", b""))
        # A name with a colon is an address on the web, or on Windows a drive or a hidden part of a file.
        is_allowed = bool(kind) and ":" not in name and (folder / name).resolve().is_relative_to(folder)
        if not is_allowed:
            requirement = f"a file ({', '.join(PICTURES)}) in the folder of the lesson"
            raise ConfigurationError.must_be("a picture", requirement, f"{source!r:.200}")
        check_file(folder / name, "a picture")
        content = (folder / name).read_bytes()
        if len(content) > MOST_PICTURE:
            size = f"{len(content):,} bytes, more than the {MOST_PICTURE:,} of a picture"
            raise ConfigurationError(f"{source} has {size}")
        if not re.match(first_bytes, content):
            raise ConfigurationError(f"{source} is not a picture of kind {kind}")
        return f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"


def _attributes(tree: SyntaxTreeNode) -> dict[str, Any]:
    """The attributes that a page shows: where a link leads, and the number that a list begins with.

    A link to a file is refused, as the page is a single file that others open elsewhere.
    """
    href = tree.attrs.get("href")
    if href is not None and not str(href).lower().startswith(LINK_SCHEMES):
        requirement = f"an address that begins with {', '.join(LINK_SCHEMES)}"
        raise ConfigurationError.must_be("a link", requirement, f"{href!r:.80}")
    return {name: value for name, value in tree.attrs.items() if name in ("href", "start")}


def _tag(tag: str) -> str:
    """The tag on the page, one level lower for headings: # begins a scene and is its h2, so ## is h3."""
    return f"h{min(6, int(tag[1]) + 1)}" if re.fullmatch(r"h\d", tag) else tag


FORMAT, VERSION = "deepstep-scenes", 1
FENCE = "+++"
MOST_BYTES = 2_000_000  # of a file

POSITION = re.compile(
    r"(?:update (?P<update>[1-9]\d*)(?:, *|$))?(?:(?P<name>[^\s,\[\]]+)(?:\[(?P<row>\d+), *(?P<col>\d+)\])?)?"
)
STEPS = re.compile(r"A0|loss|J|(?:Z|A|dZ|dW|db|dA)[1-9]\d*|[Wb][1-9]\d*′")
"""Quantities that a micro-step of the page computes."""

BLOCKS = ("scene", "question")
OF_ANOTHER = re.compile(r"scene (?P<scene>\d+): *(?P<rest>.*)")


@dataclass
class Section:
    """A scene as it is written: its line, the trees of heading and text, its blocks."""

    line: int
    heading: SyntaxTreeNode
    body: list[SyntaxTreeNode] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)


def build(path: Path) -> Document:
    """The document of a lesson's page.

    path: The Markdown file, as docs/teaching.md describes it.
    returns: JSON types: ``networks`` are documents of `deepstep.explorer.lesson` without ``sources`` and
        ``formulas``, which they share; ``scenes`` have texts, the number of a network, a place, locks and
        perhaps a question.
    FileError: If the file cannot be read.
    ConfigurationError: If the lesson has a mistake; the message names file, line and key.
    """
    front, body = _front_matter(path, read_text(path, most=MOST_BYTES).removeprefix("\ufeff"))
    settings = front.read(FRONT, "the front matter")
    front.check(settings["scene"], SCENE, "[scene]")
    scenes = _Scenes(path, {name: key.default for name, key in SCENE.items()} | settings["scene"])
    records = [scenes.record(section) for section in _sections(path, parsed(body).children)]
    if not records:
        raise ConfigurationError(f"{path}: the lesson has no scene", "Begin one: # Its title")
    networks = scenes.documents(settings["title"])
    shared = {
        part: {name: text for network in networks for name, text in network.pop(part).items()}
        for part in ("sources", "formulas")
    }
    slug = re.sub(r"[^\w.-]+", "-", path.stem, flags=re.ASCII).strip("-._")
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": settings["id"] or f"deepstep-{slug or 'lesson'}",
        **{name: settings[name] for name in ("title", "language", "passing_score")},
        **shared,
        "networks": networks,
        "scenes": records,
        "bugs": programs(),
    }


def html_page(document: Document) -> str:
    """The page of a lesson."""
    return page(document["title"], document)


def _front_matter(path: Path, text: str) -> tuple[Block, str]:
    """The front matter, and the text with empty lines in its place."""
    lines = text.removeprefix("\ufeff").splitlines()
    ends = [index for index, line in enumerate(lines) if line.rstrip() == FENCE]
    if len(ends) < 2 or ends[0]:
        hint = f'Begin with {FENCE}, title = "…", {FENCE}.'
        raise ConfigurationError(f"{path}:1: there is no front matter between two lines {FENCE}", hint)
    block = Block(path, 1, "\n".join(lines[1 : ends[1]]))
    return block, "\n".join([""] * (ends[1] + 1) + lines[ends[1] + 1 :])


def _sections(path: Path, trees: Sequence[SyntaxTreeNode]) -> list[Section]:
    """The scenes: a heading of level 1 begins each."""
    sections: list[Section] = []
    for tree in trees:
        line = (tree.map or [0])[0] + 1
        kind = tree.info.strip() if tree.type == "fence" else ""
        if tree.tag == "h1":
            sections.append(Section(line, tree))
        elif not sections:
            hint = "Begin the first scene: # Its title"
            raise ConfigurationError(f"{path}:{line}: the text is before the first scene", hint)
        elif kind not in BLOCKS:
            if kind.lower().partition(" ")[0] in BLOCKS:
                problem = f"the block ```{kind} is neither ```scene nor ```question"
                raise ConfigurationError(f"{path}:{line}: {problem}")
            sections[-1].body.append(tree)
        elif kind in sections[-1].blocks:
            raise ConfigurationError(f"{path}:{line}: the scene has a second block ```{kind}")
        else:
            sections[-1].blocks[kind] = Block(path, line, tree.content)
    return sections


class _Scenes:
    """The scenes of a file in their order; those with the same network and training share a stage."""

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path, self.settings = path, settings
        self.stages: dict[str, tuple[Stage, Block]] = {}
        self.opened: list[tuple[Stage, int]] = []  # by scene

    def documents(self, title: str) -> list[Document]:
        """The documents of all networks."""
        documents = []
        for stage, block in self.stages.values():
            with located(block.place):
                documents.append(stage.document(title))
        return documents

    def record(self, section: Section) -> dict[str, Any]:
        """The record of a scene."""
        if "scene" not in section.blocks:
            raise ConfigurationError(f"{self.path}:{section.line}: the scene has no block ```scene")
        block, question = section.blocks["scene"], section.blocks.get("question")
        block.read(SCENE, "a scene")
        settings = {**self.settings, **block.values}
        stage, index = self._stage(block, settings)
        number, place = _place(stage, block, "position", settings)
        self.opened.append((stage, number))
        texts = Texts(self.path, self._quoted)
        record: dict[str, Any] = {
            "title": texts.nodes(section.heading.children, section.line),
            "text": texts.nodes(section.body, section.line),
            "network": index,
            "place": urlencode(place),
            "locked": list(LOCKS) if "all" in settings["locked"] else settings["locked"],
        }
        if question:
            record["question"] = _question(question, texts)
            if question.values.get("then"):
                after = {**question.values, "screen": place["s"], "trained": number - 1}
                record["question"]["then"] = urlencode(_place(stage, question, "then", after)[1])
        return record

    def _stage(self, block: Block, settings: Mapping[str, Any]) -> tuple[Stage, int]:
        network = {name: value for name, value in settings.items() if name not in OF_THE_SCENE}
        key = json.dumps({**network, "iterations": None})
        with located(block.place):
            if key not in self.stages:
                self.stages[key] = Stage(network), block
        stage = self.stages[key][0]
        stage.longest = max(stage.longest, settings["iterations"])
        return stage, list(self.stages).index(key)

    def _quoted(self, text: str) -> str:
        """A number of the last scene, or of another one that its text names."""
        other, last = OF_ANOTHER.fullmatch(text.strip()), len(self.opened)
        scene = int(other["scene"]) if other else last
        if not 1 <= scene <= last:
            raise ConfigurationError.must_be("{{scene}}", f"a scene from 1 to {last}, this one", str(scene))
        stage, number = self.opened[scene - 1]
        return stage.quoted(other["rest"] if other else text, number)


def _place(stage: Stage, block: Block, key: str, settings: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The update of a position, and the position as the page's links have it."""
    text = settings[key]
    first = settings["trained"] + 1
    match = POSITION.fullmatch(text)
    name = ((match and match["name"]) or "").replace("'", "′")
    if match is None or (name and not STEPS.fullmatch(name)):
        raise block.refusal(key, POSITION_TEXT, text)
    number = int(match["update"] or first)
    if "trained" in block.values and number != first:
        raise block.refusal(key, f"at update {first}, the one after those trained", text)
    if number > MOST_UPDATES:
        raise block.refusal(key, f"at an update of at most {MOST_UPDATES}", number)
    cell = (int(match["row"]), int(match["col"])) if match["row"] else None
    with located(lambda _: block.place(key)):
        stage.open(number, name, cell)
    screen = settings["screen"] or ("lab" if settings["fault"] or name else "play")
    place = {"s": screen, "k": number, "q": name, "c": ",".join(map(str, cell or ()))}
    return number, {part: value for part, value in place.items() if value}


def _question(block: Block, texts: Texts) -> dict[str, Any]:
    values = block.read(QUESTION, "a question")
    answer, choices = values["answer"], values["choices"]
    answers = sorted({answer} if is_whole(answer, 1) else set(answer))
    if answers[-1] > len(choices):
        raise block.refusal("answer", f"a number from 1 to {len(choices)}", answer)
    return {
        "text": texts.nodes_of_value(values["text"], block.line, inline=True),
        "choices": [texts.nodes_of_value(choice, block.line, inline=True) for choice in choices],
        "answers": [number - 1 for number in answers],
        "several": isinstance(answer, list),
        "explanation": texts.nodes_of_value(values["explanation"], block.line),
        "points": values["points"],
        "predict_first": values["predict_first"],
    }


PAGE = "index.html"
BEFORE_ZIP = (1980, 1, 1, 0, 0, 0)  # the same lesson gives the same bytes
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def manifest(document: Document) -> str:
    """The text of ``imsmanifest.xml``. The mastery score is left out where the lesson has no question."""
    text = (files("deepstep.course") / "imsmanifest.xml").read_text(encoding="utf-8")
    if not any("question" in scene for scene in document["scenes"]):
        text = re.sub(r" *<adlcp:masteryscore>.*\n", "", text)
    values = {
        name: escape(NOT_XML.sub("\ufffd", str(document[name]))) for name in ("id", "title", "passing_score")
    }
    return text.format(**values, page=PAGE)


def package(document: Document) -> bytes:
    """The bytes of the zip file: manifest and page."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, text in (("imsmanifest.xml", manifest(document)), (PAGE, html_page(document))):
            entry = ZipInfo(name, BEFORE_ZIP)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, text.encode("utf-8", "replace"))
    return content.getvalue()
