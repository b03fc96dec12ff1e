"""The head of each chapter, the index of the course, and the lessons that the questions of a chapter make.

``chapters.toml`` has the aim of each chapter, its minutes, needs and lesson, and its place in the explorer.
"""

import re
import tomllib
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from downloads import write_lesson
from drawings import DRAWINGS
from questions import lesson, progress, questions
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from deepstep.course import CHAPTERS

SOURCE = Path(__file__).with_name("chapters.toml")


LICENCE = """\
<p class="licence">Text and drawings of this chapter: © The DeepStep authors,
<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>. Code: BSD-3-Clause.</p>"""
"""The foot of each chapter."""


def chapters() -> dict[int, dict[str, Any]]:
    """What is known of each chapter, by number."""
    return {int(number): keys for number, keys in tomllib.loads(SOURCE.read_text(encoding="utf-8")).items()}


def page_of(number: int, folder: Path) -> Path:
    """The page of a chapter."""
    return folder / f"{number:02}_{CHAPTERS[number].slug}.md"


def explorer_file(number: int) -> str:
    """The file with the explorer of a chapter."""
    return f"chapter-{number:02}.html"


def explorer_place(number: int) -> str:
    """The hash that opens a chapter's explorer at the chapter's quantity."""
    keys = {"s": "lab", **chapters()[number]["explorer"]}
    return "&".join(f"{name}={quote(str(value))}" for name, value in keys.items())


def explorer_quantity(number: int) -> str:
    """The quantity at which a chapter's explorer opens, as HTML."""
    known = chapters()[number]["explorer"]
    update = f" of update {known['k']}" if "k" in known else ""
    return f"<code>{escape(known['q'])}</code>{update}"


def explorer_address(number: int) -> str:
    """The address of a chapter's explorer at its quantity, for the HTML of the chapter."""
    return escape(f"../live/{explorer_file(number)}#{explorer_place(number)}")


def facts(number: int, total: int) -> str:
    """Minutes, needs and progress of a chapter, as HTML."""
    known = chapters()[number]
    return (
        f"<p><strong>Time</strong> about {known['minutes']} minutes · "
        f"<strong>Needs</strong> {escape(known['needs'])} {progress(number, total)}</p>"
    )


def lesson_title(folder: Path, name: str) -> str:
    """The title of a lesson's file."""
    match = re.search(
        r'^title *= *"(.+)"$', (folder / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    return match[1] if match else name


def head(number: int, source: Path) -> str:
    """The head of a chapter as HTML."""
    known, total = chapters()[number], len(questions(page_of(number, source / "course")))
    links = [f'<a href="{explorer_address(number)}">Explorer at {explorer_quantity(number)}</a>']
    if "lesson" in known:
        title = lesson_title(source / "lessons", known["lesson"])
        links.append(f'<a href="../lessons/{known["lesson"]}.html">Lesson: {escape(title)}</a>')
    if total:
        name = f"../lessons/chapter-{number:02}"
        links.append(f'<a href="{name}.html">Questions beside the explorer</a>')
        links.append(f'<a href="{name}.zip">SCORM package</a>')
    return (
        f'<div class="chapter-head"><p><strong>Aim</strong> {escape(known["aim"])}</p>'
        f"{facts(number, total)}<p>{' · '.join(links)}</p></div>"
    )


def add_head(app: Sphinx, doctree: nodes.document) -> None:
    """Insert the head below the title of a chapter."""
    match = re.fullmatch(r"course/(\d+)_\w+", app.env.docname)
    section = next(iter(doctree.findall(nodes.section)), None)
    if match and section is not None:
        app.env.note_dependency(str(SOURCE))
        section.insert(1, nodes.raw("", head(int(match[1]), Path(app.srcdir)), format="html"))
        section.append(nodes.raw("", LICENCE, format="html"))


class ChaptersDirective(SphinxDirective):
    """All chapters with their pictures: aim, minutes, needs and progress."""

    def run(self) -> list[nodes.Node]:
        """A list in HTML."""
        folder = Path(self.env.srcdir) / "course"
        self.env.note_dependency(str(SOURCE))
        rows = []
        for number, chapter in CHAPTERS.items():
            page = page_of(number, folder)
            self.env.note_dependency(str(page))
            svg = DRAWINGS["story"](str(number)).svg(f"index-{number}")
            rows.append(
                f'<li><figure class="drawing">{svg}</figure><div>'
                f'<p class="title"><a href="{page.stem}.html">{number}. {escape(chapter.title)}</a></p>'
                f"<p>{escape(chapters()[number]['aim'])}</p>{facts(number, len(questions(page)))}</div></li>"
            )
        return [nodes.raw("", f'<ol class="chapters">{"".join(rows)}</ol>', format="html")]


def chapter_link(number: int, up: str) -> str:
    """The link to a chapter in Markdown, from a page so many folders below the first one."""
    return f"[{number}. {CHAPTERS[number].title}]({up}{page_of(number, Path('course'))})"


def chapter_table(up: str) -> str:
    """Aim, minutes and needs of all chapters as a table in Markdown."""
    rows = [
        f"| {chapter_link(number, up)} | {known['aim']} | {known['minutes']} | {known['needs']} |"
        for number, known in chapters().items()
    ]
    total = f"| all | | {sum(known['minutes'] for known in chapters().values())} | |"
    return "\n".join(["| chapter | aim | minutes | needs |", "|---|---|---|---|", *rows, total])


def week(number: int, up: str, source: Path) -> str:
    """What is known of a chapter as a list in Markdown, for the plan of a course."""
    known, names = chapters()[number], ", ".join(f"`{name}`" for name in CHAPTERS[number].exercises)
    lines = [
        f"- **Chapter:** {chapter_link(number, up)}",
        f"- **Time:** about {known['minutes']} minutes. **Needs:** {known['needs']}",
        f"- **Aim:** {known['aim']}",
        f"- **Exercises:** {names}",
    ]
    if "lesson" in known:
        title = lesson_title(source / "lessons", known["lesson"])
        link = f'<a href="{up}lessons/{known["lesson"]}.html">{escape(title)}</a>'
        lines.append(f"- **Lesson:** {link}")
    return "\n".join(lines)


class MarkdownDirective(SphinxDirective):
    """Markdown that is made of what is known of the chapters."""

    def text(self, up: str) -> str:
        """The table of all chapters."""
        return chapter_table(up)

    def run(self) -> list[nodes.Node]:
        """The nodes of the text."""
        self.env.note_dependency(str(SOURCE))
        return self.parse_text_to_nodes(self.text("../" * self.env.docname.count("/")))


class WeekDirective(MarkdownDirective):
    """What is known of the chapter with the number in the argument."""

    required_arguments = 1

    def text(self, up: str) -> str:
        """The list of the chapter."""
        return week(int(self.arguments[0]), up, Path(self.env.srcdir))


def write_lessons(app: Sphinx, error: Exception | None) -> None:
    """Write the questions of each chapter as a lesson and as a SCORM package."""
    if error is not None or app.builder.format != "html" or not app.config.site_files:
        return
    sources, out = Path(app.doctreedir) / "chapters", Path(app.outdir) / "lessons"
    for folder in (sources, out):
        folder.mkdir(parents=True, exist_ok=True)
    for number, chapter in CHAPTERS.items():
        page = page_of(number, Path(app.srcdir) / "course")
        if questions(page):
            path = sources / f"chapter-{number:02}.md"
            path.write_text(lesson(number, chapter.title, page), encoding="utf-8")
            write_lesson(path, out)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the steps of the build."""
    app.add_directive("chapters", ChaptersDirective)
    app.add_directive("chapter-table", MarkdownDirective)
    app.add_directive("week", WeekDirective)
    app.add_js_file("symbols.js", defer="defer")
    app.connect("doctree-read", add_head)
    app.connect("build-finished", write_lessons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
