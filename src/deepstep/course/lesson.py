"""Lessons that a teacher writes: a Markdown file with scenes becomes the document of a page.

A scene is a section of the file: its text, a block ``scene`` with the network and the place that is open, and
perhaps a block ``question``. docs/teaching.md describes the format.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

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
from deepstep.course.lesson_text import Texts, parsed
from deepstep.course.museum import programs
from deepstep.course.stage import MOST_UPDATES, Stage
from deepstep.data.text_formats import read_text
from deepstep.errors import ConfigurationError
from deepstep.explorer.document import Document
from deepstep.explorer.page import page
from deepstep.types import is_whole

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
    front, body = _front_matter(path, read_text(path, most=MOST_BYTES))
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
