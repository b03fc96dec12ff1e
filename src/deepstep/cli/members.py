"""The members of an ensemble, for people and as JSON has them."""

from typing import TYPE_CHECKING, Any

from deepstep.cli.screen import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from deepstep.estimators.ensemble import Ensemble


def as_records(ensemble: "Ensemble") -> list[dict[str, Any]]:
    """A record of each member with its weight, in order."""
    return [
        {
            "preset": member.preset.name,
            "fold": member.fold,
            "share": share,
            "layer_dims": member.network.architecture.layer_dims,
            "epochs": member.epochs,
            "validation_cost": member.validation_cost,
            "best_epoch": member.best_epoch,
        }
        for member, share in zip(ensemble.members, ensemble.shares, strict=True)
    ]


def print_presets(screen: "Console", ensemble: "Ensemble") -> None:
    """A line for each preset: what it is good for, how many members it has, and how much they count."""
    rows = []
    for preset, members, cost, weight in ensemble.presets:
        told = "–" if cost is None else f"{cost:.6f}"
        rows.append((preset.name, preset.why, str(len(members)), told, f"{weight:.3f}"))
    header = ("preset", "what it is", "members", "validation cost", "weight")
    print_table(screen, header, rows, left=2)


def print_members(screen: "Console", ensemble: "Ensemble") -> None:
    """A line for each member, numbered from 0."""
    rows = []
    for number, one in enumerate(as_records(ensemble)):
        cost = "–" if one["validation_cost"] is None else f"{one['validation_cost']:.6f}"
        shape = "-".join(map(str, one["layer_dims"]))
        rows.append((str(number), one["preset"], shape, str(one["fold"]), str(one["epochs"]), cost))
    header = ("member", "preset", "units", "fold", "epochs", "validation cost")
    print_table(screen, header, rows, left=3)
