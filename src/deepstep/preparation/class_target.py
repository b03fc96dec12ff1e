"""Classes → Y rows as floats, and output rows back to labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError
from deepstep.preparation.codes import class_probabilities, encode_classes
from deepstep.preparation.records import damaged, from_record, to_record
from deepstep.preparation.target_values import Label, as_labels, check_outputs
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class ClassTarget:
    """Classes, sorted; two have one output (the probability of the second), more have one output each.

    classes (tuple of str or int or float or bool):
    ordered: Whether their order means something: there are outputs for the questions whether an answer lies
        above each class but the last.

    >>> target = ClassTarget.fit(["no", "yes", "no"])
    >>> target.encode(["yes", "no"]).tolist()
    [[1.0], [0.0]]
    >>> target.decode(np.array([[0.7], [0.2]])).tolist()
    ['yes', 'no']
    """

    kind: ClassVar[str] = "classes"
    classes: tuple[Any, ...]
    ordered: bool = False

    @classmethod
    def fit(
        cls,
        values: "Iterable[Label] | AnyArray | polars.Series",
        *,
        ordered: bool = False,
        order: Sequence[str] | None = None,
    ) -> "ClassTarget":
        """The different values, sorted (numbers before texts where both occur).

        values (iterable): m labels.
        ordered: Whether their order means something.
        order: All classes as texts, in another order than the sorted one.
        returns: With two classes or more.
        DataError: When there are no rows, missing values, fewer than two classes, or other ones than
            ``order`` has.
        ShapeError: When `values` is not (m,).
        """
        different = set(as_labels(values))
        if len(different) < 2:
            raise DataError(
                "target",
                "at least two classes are needed",
                f"got only {different.pop()!r}",
                "Check the column, and that the rows are not filtered to one class.",
            )
        classes = sorted(different, key=lambda value: (isinstance(value, str), value))
        if order is not None:
            by_text = {str(label): label for label in classes}
            if sorted(order) != sorted(by_text):
                raise DataError(
                    "target", f"an order of the classes {', '.join(by_text)}", f"got {', '.join(order)}"
                )
            classes = [by_text[text] for text in order]
        return cls(tuple(classes), ordered)

    @property
    def n_outputs(self) -> int:
        """1 for two classes, else the number of classes; one less where they are ordered."""
        n = len(self.classes)
        return n - 1 if self.ordered or n == 2 else n

    @property
    def code(self) -> str:
        """How the classes are coded, a name in ``deepstep.preparation.codes.CODES``."""
        return "cumulative" if self.ordered else "probabilities" if len(self.classes) == 2 else "classes"

    @property
    def output(self) -> str:
        """The network's output: "sigmoid", "softmax" or "ordinal"."""
        return {"probabilities": "sigmoid", "classes": "softmax", "cumulative": "ordinal"}[self.code]

    @property
    def output_settings(self) -> dict[str, Any]:
        """Settings of the output: none."""
        return {}

    def encode(self, values: "Iterable[Label] | AnyArray | polars.Series") -> NDArray[np.float64]:
        """Y as rows: 0/1 for two classes, one-hot for more, the answers to y > k for ordered ones.

        values (iterable): m labels.
        returns (array of shape (m, n_outputs), float64):
        DataError: When there are no rows, missing values, or a class that training did not have.
        ShapeError: When `values` is not (m,).
        """
        return encode_classes(self.positions(values), len(self.classes), self.code)

    def positions(self, values: "Iterable[Label] | AnyArray | polars.Series") -> NDArray[np.intp]:
        """The position of each value in `classes`.

        values (iterable): m labels.
        returns (array of shape (m,), intp): From 0.
        DataError, ShapeError: As in `encode`.
        """
        table = {label: position for position, label in enumerate(self.classes)}
        labels = as_labels(values)
        if all(isinstance(label, str) for label in self.classes):
            # A file whose rows happen to hold digits alone comes with numbers for the same classes.
            labels = [label if isinstance(label, str) else str(label) for label in labels]
        unseen = next((label for label in labels if label not in table), None)
        if unseen is not None:
            known = ", ".join(map(repr, self.classes[:10])) + (", …" if len(self.classes) > 10 else "")
            raise DataError(
                "target", f"the classes of training are expected ({known})", f"got {unseen!r} as well"
            )
        return np.array([table[label] for label in labels], dtype=np.intp)

    def probabilities(self, outputs: Array) -> Array:
        """A probability for each class.

        outputs (m, n_outputs): The network's output A as rows.
        returns (m, n_classes):
        ShapeError: When there are other outputs.
        """
        check_outputs(outputs, self.n_outputs)
        return class_probabilities(outputs, self.code)

    def decode(self, outputs: Array) -> AnyArray:
        """The most probable class: for two classes the second where its probability is above 0.5.

        outputs (m, n_outputs): The network's output A as rows.
        returns (array of shape (m,) of labels):
        ShapeError: When there are other outputs.
        """
        positions = self.probabilities(outputs).argmax(axis=1)
        kinds = {type(label) for label in self.classes}
        # texts as objects: NumPy's own text type loses zero bytes at the end
        labels = np.array(self.classes, dtype=None if len(kinds) == 1 and str not in kinds else object)
        return labels[positions]

    def to_dict(self) -> dict[str, Any]:
        """The target as JSON has it.

        returns: Plain JSON types; the classes keep theirs.
        """
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "ClassTarget":
        """The target that `to_dict` wrote.

        record: As `to_dict` wrote it.
        returns: The same.
        FileError: When the record was altered.
        """
        target = from_record(record, {cls.kind: cls})
        if len(set(target.classes)) != len(target.classes) or len(target.classes) < 2:
            raise damaged("at least two different classes", f"got {target.classes!r:.60}")
        return target
