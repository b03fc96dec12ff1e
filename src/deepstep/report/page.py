"""The page as a whole."""

from importlib.resources import files
from pathlib import Path

import numpy as np

from deepstep.data.files import atomic_write
from deepstep.report import ensemble, sections
from deepstep.report.answers import answers
from deepstep.report.diagnosis import findings_of
from deepstep.report.html import Html, join, tag
from deepstep.report.rows import AnyRun, Rows, kept_rows
from deepstep.run import Run
from deepstep.types import Array

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""No script and no request; the figures' own styles and the pictures in the page alone."""


def report(
    run: AnyRun,
    *,
    name: str = "run",
    rows: Rows | None = None,
    inputs: Array | None = None,
    command: str | None = None,
) -> str:
    """The report of a run, as a page that needs nothing else.

    run (Run or EnsembleRun):
    name: Its name on the page.
    rows: Rows with their right answers, from `rows_of`; by default those that the run keeps.
    inputs (m, n_inputs): Prepared rows on which the units of a network are looked at, as of `findings_of`.
    command: The command that trains the same run again.
    returns: HTML.
    MissingPackageError: When matplotlib is not installed, and the run is of one network.

    >>> from deepstep.preparation import ImagePreparation, Preparation, RegressionTarget
    >>> from deepstep import Network
    >>> from deepstep.run import few_examples
    >>> import numpy as np
    >>> X, Y = np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]])
    >>> network = Network([1, 1], output="identity", seed=1)
    >>> history = network.train(X.T, Y.T, learning_rate=0.5, iterations=20)
    >>> preparation = Preparation(ImagePreparation(1, 1, 1, 1.0), RegressionTarget((0.0,), (1.0,)))
    >>> page = report(Run(network, preparation, history, {}, few_examples(X, Y)), name="<a line>")
    >>> page[:15], "&lt;a line&gt;" in page, "<script" in page
    ('<!DOCTYPE html>', True, False)
    """
    with np.errstate(over="ignore", invalid="ignore"):  # of a training that diverged
        parts = {
            "Findings": sections.findings(findings_of(run, inputs, rows), run),
            **_parts(run, rows),
            "Environment": sections.environment(run),
            "How to reproduce": sections.reproduction(run, command),
        }
    overview = sections.overview(run) if isinstance(run, Run) else ensemble.overview(run)
    ids = {title: title.lower().replace(" ", "-") for title in parts}
    links = (tag("li", tag("a", title, href=f"#{ids[title]}")) for title in parts)
    body = [
        tag("header", tag("h1", f"Training report: {name}"), overview),
        tag("nav", tag("ul", *links), aria_label="Parts of this page"),
        tag(
            "main",
            *(
                tag("section", tag("h2", title, id=ids[title]), content, aria_labelledby=ids[title])
                for title, content in parts.items()
            ),
        ),
    ]
    return "<!DOCTYPE html>\n" + tag("html", _head(name), tag("body", *body), lang="en") + "\n"


def _parts(run: AnyRun, rows: Rows | None) -> dict[str, Html]:
    """The parts that say what the networks are and do, in their order."""
    shown = kept_rows(run) if rows is None else rows
    answered = [tag("p", shown.told), answers(run, shown)]
    if isinstance(run, Run):
        return {
            "Curves": sections.curves(run),
            "Answers": join(answered),
            "Layers": sections.layers(run),
            "Gradient flow": sections.gradients(run),
            "Configuration": sections.configuration(run),
        }
    return {
        "Presets": ensemble.presets(run),
        "Members": ensemble.members(run),
        "Answers": join(answered),
        "Columns": ensemble.columns(run),
        "Configuration": sections.settings(run),
    }


def write_report(path: Path | str, page: str) -> None:
    """Write the page, whole or not at all.

    path: Where; a file that stands there is replaced.
    page: The result of `report`.
    FileError: When it cannot be written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "report.html"
    >>> write_report(path, "<!DOCTYPE html>")
    >>> path.read_text()
    '<!DOCTYPE html>'
    """
    with atomic_write(path) as file:
        file.write(page.encode())


def _head(name: str) -> Html:
    style = files("deepstep.report").joinpath("style.css").read_text(encoding="utf-8")
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Training report: {name}"),
        tag("style", Html(style)),
    )
