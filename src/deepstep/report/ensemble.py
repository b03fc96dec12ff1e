"""The parts of a report that only an ensemble has."""

from typing import TYPE_CHECKING

from deepstep.preparation import TablePreparation
from deepstep.report import sections
from deepstep.report.html import Content, Html, details, join, table, tag
from deepstep.report.sections import figure_of
from deepstep.run_folder import DIVERGED
from deepstep.training import History

if TYPE_CHECKING:
    from deepstep.estimators import EnsembleRun

MOST_MEMBERS = 200
"""So many members are listed."""

FEW_MEMBERS = 30
"""More of them open on request."""

WIDEST = 8
"""The bar of a weight of 1, in letters' heights."""


def overview(run: "EnsembleRun") -> Html:
    """The task, the data and the results."""
    ensemble = run.ensemble
    counts = [len(part) for part in (ensemble.members, ensemble.presets, ensemble.preprocessors)]
    what = "{} of {} on {}".format(*map(_counted, counts, ("network", "preset", "fold")))
    seconds = run.config.get("seconds")
    how: list[tuple[str, Content]] = [("ensemble", what)]
    diverged = run.config.get(DIVERGED)
    if diverged is not None:
        costs = diverged.get("costs")
        course = History({"epoch": at, "cost": cost} for at, cost in enumerate(costs or ()))
        course.stopped = "a member diverged, which stands here alone"
        how.append(("ended", sections.ended(course)))
    if seconds is not None:
        how.append(("trained in", f"{figure_of(seconds)} seconds"))
    return sections.learned(run, how)


def presets(run: "EnsembleRun") -> Html:
    """The presets: what each is good for, how its members did, and how much they count."""
    told = (
        "Each preset counts as much as its answers to rows that it had not learned from deserve, beside "
        "those of the others."
    )
    rows: list[list[Content]] = [
        [
            summary.preset.name,
            summary.preset.why,
            len(summary.members),
            figure_of(summary.validation_cost),
            join([f"{summary.weight:.3f}", _bar(summary.weight)]),
        ]
        for summary in run.ensemble.presets
    ]
    header = ["preset", "what it is good for", "members", "mean validation cost", "weight"]
    return join([tag("p", told), table(header, rows, caption="Presets", left=2)])


def members(run: "EnsembleRun") -> Html:
    """The members, numbered as ``--member`` takes them."""
    ensemble = run.ensemble
    opening = tag("code", "deepstep trace RUN --member 0", class_="whole")
    page = tag("code", "deepstep explore RUN --member 0", class_="whole")
    told = tag(
        "p",
        "The number opens a member: ",
        opening,
        " shows every quantity of one of its steps, ",
        page,
        " a page of them.",
    )
    rows: list[list[Content]] = [
        [
            number,
            member.preset.name,
            tag("span", "-".join(map(str, member.network.architecture.layer_dims)), class_="whole"),
            member.fold,
            member.epochs,
            figure_of(member.best_epoch),
            figure_of(member.validation_cost),
            f"{share:.3f}",
        ]
        for number, (member, share) in enumerate(zip(ensemble.members, ensemble.shares, strict=True))
    ]
    header = ["member", "preset", "units", "fold", "epochs", "best epoch", "validation cost", "weight"]
    shown = rows[:MOST_MEMBERS]
    listed = table(header, shown, caption=f"{len(shown)} of {len(rows)} members", left=3)
    few = len(rows) <= FEW_MEMBERS
    return join([told, listed if few else details(f"The {len(shown)} members", listed)])


def columns(run: "EnsembleRun") -> Html:
    """The treatment of each column, and its reason."""
    told = "As all training rows teach it; each fold has the numbers of its own rows."
    inputs = run.preparation.inputs
    described = sections.columns(inputs) if isinstance(inputs, TablePreparation) else None
    return join([tag("p", told), described])


def _bar(share: float) -> Html:
    return tag("span", class_="bar", style=f"width: {WIDEST * share:.2f}rem", aria_hidden="true")


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
