"""One column of a table → its features: what every kind of column has, and the kinds by name.

Missing values never stop a transformation. A number, a date or a truth value that is missing is the training
mean; where the training rows had missing ones, a further 0/1 feature says where.
"""

from typing import TypeAlias

from deepstep.preparation.category_columns import CategoryColumn, TextColumn, TwoValuesColumn
from deepstep.preparation.column import Column
from deepstep.preparation.date_columns import DateColumn
from deepstep.preparation.left_out_columns import ConstantColumn, EmptyColumn, IdentifierColumn
from deepstep.preparation.number_columns import BooleanColumn, DurationColumn, NumberColumn

AnyColumn: TypeAlias = (
    NumberColumn
    | DateColumn
    | DurationColumn
    | BooleanColumn
    | TwoValuesColumn
    | CategoryColumn
    | TextColumn
    | ConstantColumn
    | IdentifierColumn
    | EmptyColumn
)
COLUMN_KINDS: dict[str, type[Column]] = {
    column.kind: column
    for column in (
        NumberColumn,
        DateColumn,
        DurationColumn,
        BooleanColumn,
        TwoValuesColumn,
        CategoryColumn,
        TextColumn,
        ConstantColumn,
        IdentifierColumn,
        EmptyColumn,
    )
}
"""The kinds of columns, by the names that they have in files."""
