"""The report as one page of HTML."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.files import atomic_write
from deepstep.held_out import HeldOut
from deepstep.report import sections
from deepstep.report.diagnosis import findings_of
from deepstep.report.html import no_figures, page, tag
from deepstep.report.predictions import explanations, importance_of, predictions, raw_rows
from deepstep.run import Run
from deepstep.types import Array


def report(
    run: Run,
    *,
    name: str = "run",
    rows: HeldOut | None = None,
    inputs: Array | None = None,
    raw: Any = None,
    command: str | None = None,
) -> str:
    """The report of a run, as a self-contained page.

    Parameters
    ----------
    run : Run
        The run.
    name : str, optional
        Its name on the page.
    rows : HeldOut, optional
        Rows with the predictions for them; by default those that the run keeps.
    inputs : array of shape (m, n_inputs), optional
        Prepared rows on which the units of a network are examined, as in `findings_of`.
    raw : polars.DataFrame, optional
        The table that ``rows`` are from, whose predictions are explained; by default the cells of ``rows``,
        where they are kept whole.
    command : str, optional
        The command that trains the same run.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed, for a run of pictures. Of others the figures are left out.

    Examples
    --------
    >>> from deepstep.preparation import ImagePreparation
    >>> from deepstep.targets import Targets
    >>> from deepstep import Network
    >>> import numpy as np
    >>> X, Y = np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]])
    >>> network = Network([1, 1], output="identity", seed=1)
    >>> history = network.train(X.T, Y.T, learning_rate=0.5, iterations=20)
    >>> preparation, targets = ImagePreparation(1, 1, 1, 1.0), Targets.of_numbers()
    >>> page = report(Run.of_network(network, preparation, targets, history, {}, X, Y), name="<a line>")
    >>> page[:15], "&lt;a line&gt;" in page, "<script" in page
    ('<!DOCTYPE html>', True, False)
    """
    rows = rows or run.held_out or HeldOut.kept_by(run)
    with np.errstate(over="ignore", invalid="ignore"):  # of a training that diverged
        several, table = run.ensemble.only is None, raw_rows(run, rows, raw)
        importance = importance_of(run, table)
        made = {
            "Findings": sections.findings(findings_of(run, inputs, rows), run),
            "Presets": sections.presets(run) if several else None,
            "Members": sections.members(run) if several else None,
            "Curves": sections.curves(run),
            "Predictions": predictions(run, rows, table, importance),
            "Explanations": explanations(run, rows, table, importance),
            "Layers": None if several else sections.layers(run),
            "Gradient flow": None if several else sections.gradients(run),
            "Columns": sections.columns(run),
            "Configuration": sections.settings(run),
            "Environment": sections.environment(run),
            "How to reproduce": sections.reproduction(run, command),
        }
    parts = {title: part for title, part in made.items() if part is not None}
    ids = {title: title.lower().replace(" ", "-") for title in parts}
    links = (tag("li", tag("a", title, href=f"#{ids[title]}")) for title in parts)
    contents = (
        tag("section", tag("h2", title, id=ids[title]), content, aria_labelledby=ids[title])
        for title, content in parts.items()
    )
    body = [
        tag("header", tag("h1", f"Training report: {name}"), sections.overview(run)),
        tag("nav", tag("ul", *links), aria_label="Parts of this page"),
        tag("main", *([tag("p", no_figures())] if no_figures() else []), *contents),
    ]
    style = files("deepstep.report").joinpath("style.css").read_text(encoding="utf-8")
    return page(f"Training report: {name}", style, *body)


def write_report(path: Path | str, page: str) -> None:
    """Write the page atomically.

    Parameters
    ----------
    path : Path or str
        The file; an existing one is replaced.
    page : str
        The result of `report`.

    Raises
    ------
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "report.html"
    >>> write_report(path, "<!DOCTYPE html>")
    >>> path.read_text()
    '<!DOCTYPE html>'
    """
    with atomic_write(path) as file:
        file.write(page.encode())
