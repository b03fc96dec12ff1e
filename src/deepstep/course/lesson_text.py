"""Texts of a lesson: Markdown as nested lists ``[tag, attributes, *children]``, which contain no markup."""

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from deepstep.course.lesson_format import located
from deepstep.data.files import check_file
from deepstep.errors import ConfigurationError
from deepstep.training.plan import require

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
MOST_PICTURE = 300_000  # bytes
PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}
ADDRESSES = ("https:", "http:", "mailto:")
QUOTE = re.compile(r"\{\{(.*?)\}\}")


class Texts:
    """Makes nodes of tokens; ``{{…}}`` in a text becomes what ``quoted`` gives for it."""

    def __init__(self, path: Path, quoted: Callable[[str], str]) -> None:
        self.path, self.quoted, self.line = path, quoted, 1

    def nodes(self, tokens: Sequence[Token], line: int) -> list[Any]:
        """The nodes of tokens that begin near a line of the file."""
        root: list[Any] = []
        opened: list[list[Any]] = [root]
        self.line = line
        for token in tokens:
            self.line = token.map[0] + 1 if token.map else self.line
            if token.nesting < 0:
                opened.pop()
            elif token.nesting > 0:
                node = opened[-1] if token.hidden else [_tag(token.tag), self._attributes(token)]
                if not token.hidden:
                    opened[-1].append(node)
                opened.append(node)
            else:
                opened[-1].extend(self._leaf(token))
        return root

    def inline(self, text: str, line: int) -> list[Any]:
        """The nodes of one paragraph that is written in a block."""
        return self.nodes(MARKDOWN.parseInline(text)[0].children or [], line)

    def paragraphs(self, text: str, line: int) -> list[Any]:
        """The nodes of a text that is written in a block."""
        tokens = MARKDOWN.parse(text)
        for token in tokens:
            token.map = None  # a line of the text is none of the file
        return self.nodes(tokens, line)

    def _leaf(self, token: Token) -> list[Any]:
        kind, content = token.type, token.content
        if kind == "inline":
            return self.nodes(token.children or [], self.line)
        if kind == "text":
            return [QUOTE.sub(self._number, content)]
        if kind == "image":
            return [["img", {"src": self._picture(str(token.attrs["src"])), "alt": content}]]
        code: list[Any] = ["code", {}, content]
        if kind in ("fence", "code_block"):
            return [["pre", {}, code]]
        if kind == "code_inline":
            return [code]
        return [" "] if kind == "softbreak" else [[token.tag, {}]]

    def _where(self, setting: str = "") -> str:
        return f"{self.path}:{self.line}"

    def _number(self, found: re.Match[str]) -> str:
        with located(self._where):
            return self.quoted(found[1])

    def _attributes(self, token: Token) -> dict[str, Any]:
        href = token.attrs.get("href")
        if href is not None and not str(href).lower().startswith(ADDRESSES):
            expected = f"an address that begins with {', '.join(ADDRESSES)}"
            raise ConfigurationError(self._where(), expected, f"got {href!r:.80}", setting="a link")
        return {name: value for name, value in token.attrs.items() if name in ("href", "start")}

    def _picture(self, source: str) -> str:
        """A picture beside the file, as an address that contains it."""
        kind, file = PICTURES.get(Path(source).suffix.lower()), self.path.parent / unquote(source)
        accepted, expected = kind and ":" not in source, f"a file ({', '.join(PICTURES)}) beside the lesson"
        require(bool(accepted), self._where(), expected, source, setting="a picture")
        check_file(file, f"a picture for {self._where()}")
        content = file.read_bytes()
        size, most = len(content), f"at most {MOST_PICTURE:,} bytes"
        require(size <= MOST_PICTURE, self._where(), most, size, setting=f"the size of {source}")
        return f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"


def _tag(tag: str) -> str:
    """Headings are below that of the scene, which has level 2."""
    return f"h{min(6, int(tag[1]) + 1)}" if re.fullmatch(r"h\d", tag) else tag
