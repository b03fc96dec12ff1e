"""``deepstep demo``: train on a set that is at hand, and show everything."""

from pathlib import Path

import click

from deepstep.cli.screen import json_option
from deepstep.errors import ConfigurationError, unknown_name

POINTS = ("planar", "moons", "circles", "spirals")
DEMOS = ("digits", "cats", *POINTS)


@click.command("demo")
@click.argument("name", default="digits", metavar="[digits|cats|planar|moons|circles|spirals]")
@click.option("--data", type=click.Path(path_type=Path), help="cats: the folder with the two HDF5 files.")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: a new one in runs/].")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Draws the first weights."
)
@click.option("--iterations", type=click.IntRange(min=1), help="Epochs of training.")
@json_option
def command(
    name: str, data: Path | None, out: Path | None, seed: int, iterations: int | None, json_wanted: bool
) -> int:
    """Train on a built-in set and show everything.

    The cost curve, the results beside an answer that needs no network, the mistakes, and a saved run.

    digits: handwritten digits (8×8 pictures, bundled with scikit-learn). planar, moons, circles, spirals:
    points of a plane. cats: the lecture's cat pictures and its two networks; needs --data.
    """
    if name not in DEMOS:
        raise unknown_name("deepstep demo", "data set", name, DEMOS)
    if name == "cats":
        from deepstep.cli.demo_cats import cats

        return cats(data, out, seed, iterations, json_wanted=json_wanted)
    if data is not None:
        raise ConfigurationError("--data", "it belongs to demo cats", f"the data of {name} are built in")
    if name == "digits":
        from deepstep.cli.demo_digits import digits

        return digits(out, seed, iterations, json_wanted=json_wanted)
    from deepstep.cli.demo_points import points

    return points(name, out, seed, iterations, json_wanted=json_wanted)
