"""Write docs/equations.md from the registry: ``python docs/generate.py``. A test compares the two."""

from itertools import groupby
from pathlib import Path

from deepstep.equations import EQUATIONS, Equation

PAGE = Path(__file__).with_name("equations.md")

HEAD = """\
# The equations

The registry of `deepstep.equations` as a table, written by `python docs/generate.py`. The same functions
train and feed the trace, and are held against torch and finite differences. A column of a matrix is an
example; dZ and dA are derivatives of m·J, dW and db of J. Sections are those of the lecture (course 1 week 4)
unless said otherwise.
"""


def equations_page() -> str:
    """The whole page: a table for each file of equations, in the order of the lecture."""
    topics = groupby(EQUATIONS.values(), key=lambda entry: entry.topic)
    return "\n".join([HEAD, *(_table(topic, list(entries)) for topic, entries in topics)])


def _table(topic: str, entries: list[Equation]) -> str:
    rows = (
        f"| `{entry.name}` | `{_cell(entry.formula)}` | {_cell(entry.source)} | {_cell(entry.summary)} |"
        for entry in entries
    )
    return "\n".join(
        [
            f"## [{topic}](../src/deepstep/equations/{topic}.py)\n",
            "| name | formula | source | what it does |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(equations_page(), encoding="utf-8")
