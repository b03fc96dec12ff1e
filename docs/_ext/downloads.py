"""Files that the build makes beside the pages: notebooks, the explorer, lessons, the bug museum."""

import re
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from drawings import as_picture
from questions import as_markdown
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from deepstep.course import EXERCISES
from deepstep.course.exercise import HOLE
from deepstep.course.lesson import build, html_page, package

HAS_NOTEBOOK = re.compile(r"\A---\n.*?file_format: mystnb.*?\n---\n", re.DOTALL)
OPEN = "exercise"
"""The tag of cells that the learner fills."""

DIRECTIVE = re.compile(r"^(:{3,}|`{3,})\{(\w+)\} *([^\n]*)\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)


LICENCE = """
+++

Text and drawings: © The DeepStep authors, [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).
Code: BSD-3-Clause.
"""
"""The last cell of the notebook of a chapter."""


def plain(match: re.Match[str]) -> str:
    """A directive as Markdown that every notebook shows; cells stay as they are."""
    _, kind, argument, body = match.groups()
    if kind == "code-cell":
        return match[0]
    if kind == "question":
        return as_markdown(body)
    body = "".join(line for line in body.splitlines(keepends=True) if not re.match(r":\w+:", line))
    if kind == "drawing":
        return as_picture(argument)
    if kind == "exercise":
        return f"### Exercise: {argument}\n\n{EXERCISES[argument].as_markdown()}\n{exercise_cell(argument)}"
    if kind == "mistakes":
        return "".join(
            f"- `{exercise.name}`: {mistake.name}. {mistake.hint}\n"
            for exercise in EXERCISES.values()
            if exercise.chapter == int(argument)
            for mistake in exercise.mistakes
        )
    title = argument or kind.capitalize()
    return f"> **{title}**\n>\n" + "".join(f"> {line}" for line in body.splitlines(keepends=True))


def exercise_cell(name: str) -> str:
    """The cell in which the learner writes a function, with its head and its check."""
    exercise = EXERCISES[name]
    helpers = (
        [f"from deepstep.course.exercises import {', '.join(exercise.helpers)}"] if exercise.helpers else []
    )
    lines = [
        "import numpy as np",
        "from deepstep.course import check",
        *helpers,
        "",
        "",
        f"def my_{exercise.signature}:",
        f"    {HOLE}  # write the function here",
        "",
        "",
        f"check(my_{name})",
    ]
    return "\n".join(["```{code-cell}", f":tags: [{OPEN}]", "", *lines, "```", ""])


def notebook(text: str, executed: Path | None = None) -> str:
    """The JSON of a notebook from a page in MyST, with the outputs of the executed page.

    Cells that the page folds are folded; cells of exercises have no output.
    """
    import jupytext

    made = jupytext.reads(DIRECTIVE.sub(plain, text), fmt="md:myst")
    cells = [cell for cell in made.cells if cell.cell_type == "code"]
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if "hide-input" in tags or "hide-cell" in tags:
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": "hide-cell" in tags}
    if executed is not None and executed.exists():
        shown = jupytext.read(executed)
        of_page = [cell for cell in cells if OPEN not in cell.metadata.get("tags", [])]
        outputs = [cell for cell in shown.cells if cell.cell_type == "code"]
        for cell, other in zip(of_page, outputs, strict=True):
            cell.outputs, cell.execution_count = other.outputs, other.execution_count
    return jupytext.writes(made, fmt="ipynb")


def is_notebook(app: Sphinx, docname: str) -> bool:
    """Whether a page has cells."""
    path = Path(app.env.doc2path(docname))
    return path.suffix == ".md" and HAS_NOTEBOOK.match(path.read_text(encoding="utf-8")) is not None


def link(app: Sphinx, doctree: nodes.document) -> None:
    """A link to the notebook below the title of a page with cells."""
    docname = app.env.docname
    section = next(iter(doctree.findall(nodes.section)), None)
    if section is not None and is_notebook(app, docname):
        name = docname.rpartition("/")[2] + ".ipynb"
        refer = nodes.reference("", "Download this page as a notebook", refuri=name)
        section.insert(1, nodes.paragraph("", "", refer, classes=["notebook-link"]))


class Lessons(SphinxDirective):
    """Links to the built lessons: title and scenes of each source in the folder of the page."""

    def run(self) -> list[nodes.Node]:
        """A list; a note where the folder has no lesson."""
        rows = nodes.bullet_list()
        for path in lessons(Path(self.env.srcdir)):
            self.env.note_dependency(str(path))
            source = path.read_text(encoding="utf-8")
            title = re.search(r"^title *[=:] *(.+)$", source, re.MULTILINE)
            text = title[1].strip("\"'") if title else path.stem
            refer = nodes.reference("", text, refuri=f"{path.stem}.html")
            scenes = ": " + " · ".join(re.findall(r"^# (.+)$", source, re.MULTILINE)) + " · "
            scorm = nodes.reference("", f"SCORM package: {text}", refuri=f"{path.stem}.zip")
            rows += nodes.list_item("", nodes.paragraph("", "", refer, nodes.Text(scenes), scorm))
        return (
            [rows] if rows.children else [nodes.note("", nodes.paragraph("", "This build has no lessons."))]
        )


def lessons(source: Path) -> list[Path]:
    """The sources of lessons."""
    return sorted(path for path in (source / "lessons").glob("*.md") if path.stem != "index")


def command(*arguments: str) -> None:
    """Run ``deepstep``; an error ends the build."""
    subprocess.run([sys.executable, "-m", "deepstep", *arguments], check=True, stdout=subprocess.DEVNULL)


def write_lesson(source: Path, folder: Path) -> None:
    """Write a lesson as a page and as a SCORM package."""
    document = build(source)
    (folder / f"{source.stem}.html").write_text(html_page(document), encoding="utf-8")
    (folder / f"{source.stem}.zip").write_bytes(package(document))


def has(*words: str) -> bool:
    """Whether this version has the command."""
    found = subprocess.run(
        [sys.executable, "-m", "deepstep", *words, "--help"], capture_output=True, check=False
    )
    return found.returncode == 0


def make(app: Sphinx, error: Exception | None) -> None:
    """Write all files after the pages."""
    if error is not None or app.builder.format != "html":
        return
    out, source = Path(app.outdir), Path(app.srcdir)
    for docname in app.env.found_docs:
        if is_notebook(app, docname):
            text = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
            text += LICENCE if docname.startswith("course/") else ""
            executed = out.parent / "jupyter_execute" / f"{docname}.ipynb"
            (out / f"{docname}.ipynb").write_text(notebook(text, executed), encoding="utf-8")
    (out / ".nojekyll").touch()
    (out / "_static" / "webpack-macros.html").unlink(missing_ok=True)  # a template of the theme, not a page
    if not app.config.site_files:
        return
    (out / "live").mkdir(exist_ok=True)
    (out / "lessons").mkdir(exist_ok=True)
    command("explore", "circles", "--export", str(out / "live" / "explorer.html"), "--overwrite")
    for lesson in lessons(source):
        write_lesson(lesson, out / "lessons")
    if has("course", "museum"):
        command("course", "museum", "-o", str(out / "live" / "bug_museum.html"), "--overwrite")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build; ``-D site_files=0`` leaves out what commands make."""
    app.add_config_value("site_files", True, "env", {bool})
    app.add_directive("lessons", Lessons)
    app.connect("doctree-read", link)
    app.connect("build-finished", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
