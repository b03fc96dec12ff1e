"""``deepstep equations``: the registry as a table."""

import click

from deepstep.cli.screen import as_json, console, json_option, print_table
from deepstep.equations import EQUATIONS


@click.command("equations")
@json_option
def command(json_wanted: bool) -> None:
    """List the equations with formula and source.

    The names are those of deepstep.equations.
    """
    if json_wanted:
        records = [
            {"name": e.name, "topic": e.topic, "formula": e.formula, "source": e.source, "summary": e.summary}
            for e in EQUATIONS.values()
        ]
        click.echo(as_json({"equations": records}))
        return
    screen = console()
    for topic in dict.fromkeys(equation.topic for equation in EQUATIONS.values()):
        rows = [(e.name, e.formula, e.source) for e in EQUATIONS.values() if e.topic == topic]
        print_table(screen, (topic, "formula", "source"), rows, left=3, whole_names=True)
