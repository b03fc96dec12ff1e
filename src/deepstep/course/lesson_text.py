"""Texts of a lesson: Markdown becomes nested lists ``[tag, attributes, *children]`` for the page.

A child is such a list or a plain text. No text is markup, so that nothing in a lesson's file can become HTML.
"""

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
