"""The members of a committee, for people and as JSON has them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.cli.screen import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from deepstep.estimators.committee import Committee


def as_records(committee: "Committee") -> list[dict[str, Any]]:
    """What each member is and counts, in order."""
    return [
        {
            "recipe": member.recipe.name,
            "fold": member.fold,
            "share": share,
            "layer_dims": member.network.architecture.layer_dims,
            "epochs": member.epochs,
            "validation_cost": member.validation_cost,
        }
        for member, share in zip(committee.members, committee.shares, strict=True)
    ]


def print_recipes(screen: "Console", committee: "Committee") -> None:
    """A line for each recipe: what it is good for, how many members it has, and how much they count."""
    rows = []
    for name, weight in committee.weights.items():
        members = [member for member in committee.members if member.recipe.name == name]
        costs = [member.validation_cost for member in members if member.validation_cost is not None]
        cost = f"{np.mean(costs):.6f}" if costs else "–"
        rows.append((name, members[0].recipe.why, str(len(members)), cost, f"{weight:.3f}"))
    header = ("recipe", "what it is", "members", "validation cost", "weight")
    print_table(screen, header, rows, left=2)


def print_members(screen: "Console", committee: "Committee") -> None:
    """A line for each member, numbered from 0."""
    rows = []
    for number, one in enumerate(as_records(committee)):
        cost = "–" if one["validation_cost"] is None else f"{one['validation_cost']:.6f}"
        shape = "-".join(map(str, one["layer_dims"]))
        rows.append((str(number), one["recipe"], shape, str(one["fold"]), str(one["epochs"]), cost))
    header = ("member", "recipe", "units", "fold", "epochs", "validation cost")
    print_table(screen, header, rows, left=3)
