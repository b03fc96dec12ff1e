"""Directives of the course: exercises and known mistakes from the registry of ``deepstep.course``.

``:::{exercise} NAME`` shows the task, the signature, the hints and the folded solution.
``:::{mistakes} N`` shows the mistakes of chapter N that the grader recognizes, with their fixes.
"""

from html import escape
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from deepstep.course import EXERCISES


class Folded(nodes.General, nodes.Element):
    """``details`` with the summary ``title``."""


def open_details(self: Any, node: Folded) -> None:
    """Start of a folded part."""
    self.body.append(f'<details class="folded"><summary>{node["title"]}</summary>\n')


def close_details(self: Any, node: Folded) -> None:
    """End of a folded part."""
    self.body.append("</details>\n")


def open_cell(self: Any, node: nodes.Element) -> None:
    """Start of a folded cell: the visible words are the name of its button, which myst-nb replaces."""
    self.body.append(f'<details class="admonition hide {" ".join(node["classes"])}"><summary>\n')
    for kind, prompt in (("collapsed", node["prompt_show"]), ("expanded", node["prompt_hide"])):
        self.body.append(f'<p class="{kind} admonition-title">{escape(prompt)}</p>\n')
    self.body.append("</summary>\n")


def code(text: str, language: str) -> nodes.literal_block:
    """A block of code."""
    text = text.strip("\n")
    return nodes.literal_block(text, text, language=language)


class ExerciseDirective(SphinxDirective):
    """The exercise with the name in the argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """An admonition: task, signature and hints in Markdown, then the folded solution."""
        name = self.arguments[0]
        if name not in EXERCISES:
            raise self.error(f"deepstep.course.EXERCISES has no {name!r}")
        exercise = EXERCISES[name]
        title = nodes.title("", "", nodes.Text("Exercise: "), nodes.literal(name, name))
        body = self.parse_text_to_nodes(exercise.as_markdown())
        folded = Folded("", code(exercise.solution, "python"), title=f"Solution of {name}")
        target = f"exercise-{nodes.make_id(name)}"
        box = nodes.admonition("", title, *body, folded, classes=["exercise"], ids=[target])
        return [box]


class MistakesDirective(SphinxDirective):
    """The known mistakes of the chapter with the number in the argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A folded list for each exercise: name and hint of each mistake, with the diff that fixes it."""
        chapter = int(self.arguments[0])
        found = [exercise for exercise in EXERCISES.values() if exercise.chapter == chapter]
        if not found:
            raise self.error(f"chapter {chapter} has no exercises")
        return [self.folded(exercise) for exercise in found]

    def folded(self, exercise: Any) -> Folded:
        """The mistakes of one exercise."""
        items = [self.item(exercise, mistake) for mistake in exercise.mistakes]
        title = f"{exercise.name}: {len(items)} mistakes that the check recognizes"
        return Folded("", nodes.bullet_list("", *items, classes=["mistakes"]), title=title)

    def item(self, exercise: Any, mistake: Any) -> nodes.list_item:
        """One mistake."""
        head = nodes.paragraph("", "", nodes.strong("", mistake.name))
        hint = self.parse_text_to_nodes(mistake.hint) if mistake.hint else []
        return nodes.list_item("", head, *hint, code(exercise.diff(mistake), "diff"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register directives and the folded part."""
    app.add_node(Folded, html=(open_details, close_details))
    app.add_node(HideCodeCellNode, override=True, html=(open_cell, close_details))
    app.add_directive("exercise", ExerciseDirective)
    app.add_directive("mistakes", MistakesDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
