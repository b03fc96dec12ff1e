"""A report as tests read it: proven to be complete, accessible, and without anything from elsewhere."""

import re
from html.parser import HTMLParser

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that every element is closed in its order, and keeps tags, texts and comments."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.tables = [], [], [], []
        self.inner, self.comments = [], []  # the text of each element before another one begins
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inner.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] == self.tags[-1][0]:
            self.inner[-1] += data
        if {"th", "td"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def handle_comment(self, data):
        self.comments.append(data)

    @property
    def examples(self):
        """For each table of rows of a file: number of a row → its cells by the names of their columns."""
        found = []
        for header, *rows in self.tables:
            if rows and rows[0][0].startswith("row "):
                cells = [dict(zip(header, row, strict=True)) for row in rows]
                found.append({int(one["row"].removeprefix("row ")): one for one in cells})
        return found

    @property
    def text(self):
        return " ".join(self.words)

    def named(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def check(path):
    """The page, proven to be complete, accessible, and without anything from elsewhere."""
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.named("html") == [{"lang": "en"}]
    (policy,) = [meta["content"] for meta in page.named("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'")
    assert "script" not in {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]+"|http-equiv', "", text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {*re.findall(r'(?:url\(#|href="#)([^)"]+)', text)} <= set(ids)
    assert all(image["alt"] for image in page.named("img"))
    assert all(svg["aria-label"] and svg["role"] == "img" for svg in page.named("svg"))
    assert (page.comments, page.named("metadata")) == ([], [])
    assert len(page.named("h1")) == 1
    return page
