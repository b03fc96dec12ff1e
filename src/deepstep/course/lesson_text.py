"""Texts of a lesson: Markdown as nested lists ``[tag, attributes, *children]``, which contain no markup."""

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from deepstep.course.lesson_format import located
from deepstep.data.files import check_file
from deepstep.errors import ConfigurationError
from deepstep.training.plan import require

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
MOST_PICTURE = 300_000  # bytes
PICTURES = {
    ".png": ("png", b"\x89PNG"),
    ".jpg": ("jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("jpeg", b"\xff\xd8\xff"),
    ".gif": ("gif", b"GIF8"),
    ".webp": ("webp", b"RIFF"),
}
"""Kinds of pictures by their ending, with the bytes that they begin with."""

ADDRESSES = ("https:", "http:", "mailto:")
QUOTE = re.compile(r"\{\{(.*?)\}\}")


def parsed(text: str, *, inline: bool = False) -> SyntaxTreeNode:
    """The tree of a text in Markdown."""
    return SyntaxTreeNode(MARKDOWN.parseInline(text) if inline else MARKDOWN.parse(text))


class Texts:
    """Makes nodes of trees; ``{{…}}`` in a text becomes what ``quoted`` gives for it."""

    def __init__(self, path: Path, quoted: Callable[[str], str]) -> None:
        self.path, self.quoted, self.line, self.within = path, quoted, 1, False

    def nodes(self, trees: Sequence[SyntaxTreeNode], line: int) -> list[Any]:
        """The nodes of trees that begin near a line of the file."""
        self.line, self.within = line, False
        return self._all(trees)

    def written(self, text: str, line: int, *, inline: bool = False) -> list[Any]:
        """The nodes of a text that is written in a block: its lines are none of the file."""
        self.line, self.within = line, True
        return self._all(parsed(text, inline=inline).children)

    def _all(self, trees: Sequence[SyntaxTreeNode]) -> list[Any]:
        return [node for tree in trees for node in self._of(tree)]

    def _of(self, tree: SyntaxTreeNode) -> list[Any]:
        kind, content = tree.type, "" if tree.is_nested else tree.content
        if tree.map and not self.within:
            self.line = tree.map[0] + 1
        if kind == "text":
            return [QUOTE.sub(self._number, content)]
        if kind == "softbreak":
            return [" "]
        if kind == "image":
            return [["img", {"src": self._picture(str(tree.attrs["src"])), "alt": content}]]
        if kind in ("fence", "code_block"):
            return [["pre", {}, ["code", {}, content]]]
        if kind == "code_inline":
            return [["code", {}, content]]
        if kind == "inline" or tree.hidden:
            return self._all(tree.children)
        return [[_tag(tree.tag), self._attributes(tree), *self._all(tree.children)]]

    def _where(self, setting: str = "") -> str:
        return f"{self.path}:{self.line}"

    def _number(self, found: re.Match[str]) -> str:
        with located(self._where):
            return self.quoted(found[1])

    def _attributes(self, tree: SyntaxTreeNode) -> dict[str, Any]:
        href = tree.attrs.get("href")
        if href is not None and not str(href).lower().startswith(ADDRESSES):
            expected = f"an address that begins with {', '.join(ADDRESSES)}"
            raise ConfigurationError(self._where(), expected, f"got {href!r:.80}", setting="a link")
        return {name: value for name, value in tree.attrs.items() if name in ("href", "start")}

    def _picture(self, source: str) -> str:
        """A picture in the folder of the file, as an address that contains it."""
        folder, name = self.path.parent.resolve(), unquote(source)
        kind, magic = PICTURES.get(Path(name).suffix.lower(), ("", b""))
        inside = bool(kind) and ":" not in name and (folder / name).resolve().is_relative_to(folder)
        expected = f"a file ({', '.join(PICTURES)}) in the folder of the lesson"
        require(inside, self._where(), expected, source, setting="a picture")
        check_file(folder / name, f"a picture for {self._where()}")
        content = (folder / name).read_bytes()
        size, most = len(content), f"at most {MOST_PICTURE:,} bytes"
        require(size <= MOST_PICTURE, self._where(), most, size, setting=f"the size of {source}")
        require(
            content.startswith(magic), self._where(), f"a picture of kind {kind}", source, setting="a picture"
        )
        return f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"


def _tag(tag: str) -> str:
    """Headings are below that of the scene, which has level 2."""
    return f"h{min(6, int(tag[1]) + 1)}" if re.fullmatch(r"h\d", tag) else tag
