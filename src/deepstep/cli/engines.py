"""``deepstep engines``: what trains on this machine."""

import click

from deepstep.cli.output import say
from deepstep.cli.screen import as_json, console, json_option, print_table
from deepstep.engines import describe_engines


@click.command("engines")
@json_option
def command(json_wanted: bool) -> None:
    """Show the engines: which are here, on which devices, in which precisions.

    What is missing has the command that mends it. PyTorch is loaded to ask it for its devices.
    """
    found = describe_engines()
    if json_wanted:
        click.echo(as_json({"engines": [engine._asdict() for engine in found]}))
        return
    rows = [
        (engine.name, "yes" if engine.available else "no", engine.device, ", ".join(engine.precisions))
        for engine in found
    ]
    print_table(console(), ("engine", "here", "device", "precisions"), rows, left=4, whole_names=True)
    for engine in found:
        if engine.note:
            hint = f" Run: {engine.hint}" if engine.hint else ""
            say(f"{engine.name}: {engine.note}.{hint}", lines=True)
