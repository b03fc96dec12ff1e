"""`Finding`: one problem of a training, and the table of all kinds with their texts."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from deepstep.data.text_formats import html_table

SERIOUS, WARNING, NOTE = SEVERITIES = ("serious", "warning", "note")
"""Serious: the network is of no use as it is. Warning: it learns worse than it could. Note: worth a look."""

KINDS: dict[str, str] = {
    # Causes, in the order in which they are reported: each may have those below it as a consequence.
    "constant target": "serious: {name} has one value in all rows, so there is nothing to learn; look "
    "whether this is the right column, and whether rows were selected by it",
    "symmetric units": "serious: layer {layer}: all {units} units have the same weights, so that all learn "
    "the same; begin with random weights, such as initialization='he'",
    "inputs not scaled": "warning: the inputs go up to {largest:.4g}, and Z1 begins with entries of about "
    "{evidence:.3g}; scale the inputs to mean 0 and standard deviation 1, or pixels to [0, 1]",
    "large initial weights": "serious: the network begins with logits of about {evidence:.2g}; begin with "
    "smaller weights, such as initialization='he' or 'glorot'",
    "exploding gradient": "serious: layer {layer}: its gradient is {evidence:.1g} times that of the "
    "output's layer; begin with smaller weights, limit it with clip_norm, or use normalization='batch'",
    "not finite": "serious: the cost is not finite in epoch {epoch}; lower the learning rate, and scale the "
    "inputs",
    "not finite | of validation": "serious: the validation cost is not finite in epoch {epoch}; look for "
    "validation rows that lie far from the training rows",
    "divergence": "serious: the cost ended at {last:.4g}, above the {first:.4g} where it began; lower the "
    "learning rate",
    "learning rate too high": "warning: the cost rose to {peak:.4g} in epoch {epoch}, from about "
    "{first:.3g} before the first update; lower the learning rate: Network.find_learning_rate, or for tables "
    "deepstep train --learning-rate auto, suggests one",
    "dead units": "warning: layer {layer}: {share:.0f} % of the units are dead{when}; {hint}{way}",
    "vanishing gradient": "warning: layer {layer}: its gradient is {evidence:.1g} times the largest above "
    "it; use relu with initialization='he', normalization='batch', or fewer layers",
    "saturated units": "warning: layer {layer}: {share:.0f} % of the units are saturated{when}; {hint}{way}",
    "learning rate too low": "warning: the cost fell steadily, and by no more than {percent:.2g} % in "
    "{epochs} epochs; raise the learning rate: Network.find_learning_rate, or for tables "
    "deepstep train --learning-rate auto, suggests one",
    "target unrelated to the inputs": "warning: similar rows have different targets, and {which} is no lower "
    "than the {guess:.3g} of a constant prediction; look whether the targets belong to their rows (shuffled "
    "labels), and for inputs that are related to them",
    "target unrelated to the inputs | memorized": "note: similar rows have different targets: the network "
    "may have memorized them; hold rows out (validation_fraction=0.2), and look whether the targets belong "
    "to their rows (shuffled labels)",
    # Symptoms, which causes may have as a consequence.
    "class never predicted": "warning: class {which} is never predicted, though there are rows of it; use "
    "class_weight='balanced' (--class-weight balanced), or collect more rows of it",
    "class never recognized": "warning: {which}{where}, no row of {classes} is predicted as such (recall 0); "
    "use class_weight='balanced' (--class-weight balanced), or collect more rows",
    "worse than the largest class": "serious: an accuracy of {accuracy:.1f} % is below the {majority:.1f} % "
    "of always predicting the largest class; look at the other findings, at the features and at the learning "
    "rate",
    "no better than a guess": "warning: {which}{where}, {scores} is {how} than always predicting {baseline}; "
    "{hint}",
    "large updates": "warning: layer {layer}: an update changes W by about {percent:.0f} % of its size; "
    "lower the learning rate: about {usual:g} % is usual",
    "leakage": "warning: the column {column!r} alone determines {what} {how}{seen}; leave it out (--exclude "
    "{quoted}) unless it is known before the target is{condition}",
    "nothing learned": "warning: the cost fell by no more than {percent:.2g} % in {epochs} epochs; look "
    "whether the inputs are related to the target, and try other learning rates",
    "overfitting": "warning: the validation cost rises since epoch {epoch}, from {best:.4g} to {last:.4g}, "
    "while the cost falls; stop there (patience), regularize (dropout, weight_decay), or use a smaller "
    "network",
    "overfitting | by scores": "warning: {which}on the training set, {learned} is far better than {where}, "
    "{score}; collect more rows, drop columns that identify single rows, and rely on the scores of new rows",
    "small updates": "warning: {layers}: W moved by at most {evidence:.1g} of its size in the whole "
    "training; raise the learning rate or train for longer",
    "train/test shift": "warning: {which}on the test set, {test} is far {side} than out of fold, {score}; "
    "look whether both samples come from the same source, and for rows that are in both",
    "unsteady cost": "warning: the cost jumps by {jump:.2g} from epoch to epoch, {percent:.0f} % of its "
    "whole fall; lower the learning rate, or let it fall with schedule='cosine'",
    "possible label errors": "note: {confident:.0f} % of the most confident predictions are wrong, nearly "
    "as many as of all ({errors:.0f} %): labels may be wrong, first those of the rows {which}; look at these "
    "rows",
    "outlier fold": "note: fold {fold}: the mean validation cost is {cost:.4g}, that of the other folds "
    "{usual:.4g}; look at its rows: they may be few, or differ from the others",
    "not converged": "note: the {name} was still falling at the end: {percent:.0f} % of its fall in the "
    "last tenth; train for longer",
    "not converged | of members": "note: {late} of {members} members ({names}), with {percent:.0f} % of the "
    "weight, were best in their last epoch; {hint}",
    "interrupted": "warning: the training was ended by Ctrl-C, and {members} of its networks are in the run; "
    "train again for all of them",
}
"""Kind, with a suffix where it is found in several ways → usual severity: observation; advice."""

CAUSES = tuple(KINDS)[: tuple(KINDS).index("class never predicted")]  # kinds that may be the cause of others


@dataclass(frozen=True)
class Finding:
    """One problem that was found.

    Attributes
    ----------
    kind : str
        Its name: "dead units", "overfitting", …
    severity : str
        "serious", "warning" or "note".
    says : str
        The observation.
    hint : str
        The advice.
    evidence : float
        The number that decided; NaN where it is not finite.
    layer : int, optional
        1 … L, for a finding about one layer.
    step : int, optional
        The number of updates after which it was first seen.

    Examples
    --------
    >>> print(Finding("dead units", "warning", "layer 2: 43 % are dead", "use leaky_relu", 0.43, layer=2))
    layer 2: 43 % are dead; use leaky_relu.
    """

    kind: str
    severity: str
    says: str
    hint: str
    evidence: float
    layer: int | None = None
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.says}; {self.hint}."

    def _repr_html_(self) -> str:
        return Findings([self])._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """The finding for JSON: its attributes, None for evidence that is not finite, and the sentence.

        Returns
        -------
        dict
        """
        evidence = self.evidence if isfinite(self.evidence) else None
        return {**asdict(self), "evidence": evidence, "sentence": str(self)}


class Findings(list[Finding]):
    """A list of findings that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        rows = [(finding.severity, finding.kind, str(finding)) for finding in self]
        return html_table(("severity", "kind", "finding"), rows, caption=f"{len(self) or 'No'} findings")


def new_finding(
    key: str,
    evidence: float,
    *,
    severity: str = "",
    layer: int | None = None,
    step: int | None = None,
    **values: Any,
) -> Finding:
    """A finding with the texts of `KINDS`, formatted with the values."""
    usual, _, text = KINDS[key].partition(": ")
    says, hint = (part.format(evidence=evidence, layer=layer, **values) for part in text.split("; "))
    return Finding(key.partition(" | ")[0], severity or usual, says, hint, evidence, layer, step)


def in_order(findings: Iterable[Finding]) -> Findings:
    """Causes before their consequences, then the most serious first."""

    def rank(entry: Finding) -> tuple[int, int]:
        # a few dead units are not the cause of the other findings
        few = entry.kind in ("dead units", "saturated units") and entry.severity != SERIOUS
        if entry.kind in CAUSES and not few:
            return 0, CAUSES.index(entry.kind)
        return 1, SEVERITIES.index(entry.severity)

    return Findings(sorted(findings, key=rank))
