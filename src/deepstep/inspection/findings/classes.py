"""What the answers say: classes that are never answered, and no better than always the largest one."""

from collections.abc import Iterator, Mapping
from typing import Any

from deepstep.inspection.findings.finding import SERIOUS, WARNING, Finding

WEIGH = "use class_weight='balanced' (--class-weight balanced), or gather more rows of it"


def class_findings(scores: Mapping[str, Any]) -> Iterator[Finding]:
    """Findings of the figures of some rows: ``accuracy``, ``majority_accuracy``, ``recall`` by class.

    Rows that were learned from speak most clearly: what is never answered there is no matter of luck.
    """
    yield from never_answered(scores)
    accuracy, majority = scores.get("accuracy"), scores.get("majority_accuracy")
    if isinstance(accuracy, float) and isinstance(majority, float) and accuracy < majority:
        says = (
            f"{100 * accuracy:.1f} % right answers are fewer than the {100 * majority:.1f} % of always the "
            "largest class"
        )
        mend = "look at the other findings, at the features and at the learning rate"
        yield Finding("worse than the largest class", SERIOUS, says, mend, accuracy - majority)


def never_answered(scores: Mapping[str, Any]) -> Iterator[Finding]:
    """The classes of whose rows no answer is right."""
    recall = scores.get("recall")
    never = [str(name) for name, share in recall.items() if share == 0] if isinstance(recall, Mapping) else []
    if isinstance(recall, Mapping) and never:
        which = ", ".join(map(repr, never[:3])) + (", …" if len(never) > 3 else "")
        says = f"class {which} is never answered, though there are rows of it"
        severity = SERIOUS if len(never) >= len(recall) - 1 else WARNING
        yield Finding("class never answered", severity, says, WEIGH, float(len(never)))
