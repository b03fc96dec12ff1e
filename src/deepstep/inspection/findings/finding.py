"""`Finding`: one thing about a training that a person should know, with its evidence."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

SERIOUS, WARNING, NOTE = SEVERITIES = ("serious", "warning", "note")
"""Serious: the network is of no use as it is. Warning: it learns worse than it could. Note: worth a look."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    kind : str
        What it is: "dead units", "overfitting", …
    severity : {"serious", "warning", "note"}
    says : str
        What was seen.
    mend : str
        What can be done.
    evidence : float
        The number that decided; NaN where it is not finite.
    layer : int or None
        1 … L, where it is about one.
    step : int or None
        The number of updates after which it was seen first.

    Examples
    --------
    >>> print(Finding("dead units", "warning", "layer 2: 43 % are dead", "use leaky_relu", 0.43, layer=2))
    layer 2: 43 % are dead; use leaky_relu.
    """

    kind: str
    severity: str
    says: str
    mend: str
    evidence: float
    layer: int | None = None
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.says}; {self.mend}."

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it.

        Returns
        -------
        dict
            The attributes, and the ``sentence``; None where the evidence is not finite.
        """
        finite = self.evidence == self.evidence and abs(self.evidence) != float("inf")
        return {**asdict(self), "evidence": self.evidence if finite else None, "sentence": str(self)}


def sorted_by_severity(found: Iterable[Finding]) -> list[Finding]:
    """Findings in the order in which they are told.

    Parameters
    ----------
    found : iterable of Finding

    Returns
    -------
    list of Finding
        The most serious first.

    Examples
    --------
    >>> two = [Finding("a", "note", "", "", 1.0), Finding("b", "serious", "", "", 1.0)]
    >>> [finding.kind for finding in sorted_by_severity(two)]
    ['b', 'a']
    """
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
