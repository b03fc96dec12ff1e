"""Questions of the chapters, in the format of the lessons' questions, and the lessons that are made of them.

A block ``{question}`` has the keys of a question of `deepstep.course.lesson_format`, and two more: ``code``,
whose last line computes the answer, and ``enter``: the learner then writes a number in place of choosing one.
"""

import ast
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from deepstep import Network, equations
from deepstep.course.lesson import MARKDOWN
from deepstep.course.lesson_format import QUESTION, Block, Key

FENCE = re.compile(r"^```\{question\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEYS = QUESTION | {
    "code": Key("", "Python code", lambda value: isinstance(value, str)),
    "enter": Key(False, "true or false", lambda value: isinstance(value, bool)),
}


def read(path: Path, line: int, text: str) -> dict[str, Any]:
    """The keys of a block; an error names file, line and key."""
    return Block(path, line, text).read(KEYS, "a question")


def questions(path: Path) -> list[dict[str, Any]]:
    """All questions of a page."""
    text = path.read_text(encoding="utf-8")
    return [read(path, text.count("\n", 0, fence.start()) + 1, fence[1]) for fence in FENCE.finditer(text)]


def computed(question: dict[str, Any]) -> Any:
    """What the last line of a question's code gives."""
    tree = ast.parse(question["code"])
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    namespace = {name: getattr(equations, name) for name in names if hasattr(equations, name)}
    namespace |= {"np": np, "Network": Network}
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        raise ValueError(f"the last line of the code must be an expression: {question['text']}")
    exec(compile(tree, "<question>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<question>", "eval"), namespace)


def tolerance(choices: list[str]) -> float:
    """How far a number may be from the answer: half of the last decimal place of the choices."""
    return 0.51 * 10.0 ** -max(len(choice.partition(".")[2]) for choice in choices)


def is_right(question: dict[str, Any]) -> bool:
    """Whether the stated answer, and no other choice, is what the code computes."""
    value, choices = computed(question), [choice.replace("`", "") for choice in question["choices"]]
    if question["enter"]:
        fits = [abs(float(choice) - float(value)) <= tolerance(choices) for choice in choices]
    else:
        fits = [choice == str(value) for choice in choices]
    return [place for place, fit in enumerate(fits, 1) if fit] == [question["answer"]]


def as_markdown(text: str) -> str:
    """A question for a notebook: the text, the choices, and the answer folded."""
    question = read(Path("notebook"), 1, text)
    choices = "" if question["enter"] else "".join(f"- {choice}\n" for choice in question["choices"])
    answer = MARKDOWN.renderInline(question["choices"][question["answer"] - 1])
    why = MARKDOWN.renderInline(question["explanation"])
    return (
        f"**Question.** {question['text']}\n\n{choices}\n"
        f"<details><summary>Answer</summary>\n\n{answer} {why}\n\n</details>\n"
    )


def lesson(chapter: int, title: str, page: Path) -> str:
    """The lesson of a chapter, whose scenes are its questions, for platforms that count points (SCORM)."""
    head = (
        f'+++\ntitle = "Chapter {chapter}: {title}"\nid = "deepstep-chapter-{chapter}"\n\n[scene]\n'
        "points = [[2, 1, 1], [1, 2, 0], [0, 1, 0], [2, 0, 1]]\n"
        'hidden_layers = [2]\nactivation = "relu"\nlearning_rate = 0.1\n+++\n'
    )
    parts = [head]
    for number, question in enumerate(questions(page), start=1):
        keys = {name: question[name] for name in ("text", "choices", "answer", "explanation")}
        block = "".join(f"{name} = {toml(value)}\n" for name, value in keys.items())
        parts.append(f'\n# Question {number}\n\n```scene\nscreen = "lab"\n```\n\n```question\n{block}```\n')
    return "".join(parts)


def toml(value: Any) -> str:
    """A text, a whole number or a list of texts in TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


class QuestionDirective(SphinxDirective):
    """A question that the page checks; without a script the answer unfolds."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The question, its choices or a field, and the folded answer."""
        path = Path(self.env.doc2path(self.env.docname))
        question = read(path, self.lineno, "\n".join(self.content) + "\n")
        if question["code"] and not is_right(question):
            raise self.error(f"the stated answer is not what the code computes: {computed(question)!r}")
        chapter = int(re.match(r"\d*", path.stem)[0] or 0)
        number = self.env.new_serialno("question") + 1
        return [nodes.raw("", html(question, chapter, number), format="html")]


def html(question: dict[str, Any], chapter: int, number: int) -> str:
    """The question as HTML."""
    name = f"question-{chapter}-{number}"
    right, why = question["choices"][question["answer"] - 1], question["explanation"]
    if question["enter"]:
        fields = (
            f'<label class="entry">Your number: <input type="text" inputmode="decimal" name="{name}" size="8"'
            f' autocomplete="off"></label>'
        )
        margin = tolerance(question["choices"])
        data = f'data-value="{right}" data-tolerance="{margin:.3g}"'
    else:
        fields = "".join(
            f'<label><input type="radio" name="{name}" value="{place}">'
            f" {MARKDOWN.renderInline(choice)}</label>"
            for place, choice in enumerate(question["choices"], start=1)
        )
        data = f'data-answer="{question["answer"]}"'
    return (
        f'<form class="question" id="{name}" data-chapter="{chapter}" data-number="{number}" {data}>'
        f'<fieldset><legend><span class="label">Question</span>'
        f" {MARKDOWN.renderInline(question['text'])}</legend>"
        f'<div class="choices">{fields}</div></fieldset>'
        f'<button type="submit" hidden>Check</button> <output role="status"></output>'
        f"<details><summary>Answer and reason</summary><p><strong>{MARKDOWN.renderInline(right)}</strong></p>"
        f"{MARKDOWN.render(why)}</details></form>"
    )


def progress(chapter: int, total: int) -> str:
    """The share of a chapter's questions that this browser has answered right; a script fills it in."""
    if not total:
        return ""
    label = escape(f"Questions of chapter {chapter} answered right")
    return (
        f'<span class="course-progress" data-chapter="{chapter}" data-total="{total}" hidden>'
        f'<progress max="{total}" value="0" aria-label="{label}"></progress>'
        f" <span>0 of {total} questions</span></span>"
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the script."""
    app.add_directive("question", QuestionDirective)
    app.add_js_file("questions.js", defer="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
