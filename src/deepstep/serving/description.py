"""The application in words: its OpenAPI document, and a page of it that loads nothing."""

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from deepstep import __version__
from deepstep.data.text_formats import html_table
from deepstep.preparation.categories import TwoValuesColumn
from deepstep.preparation.columns import Column
from deepstep.run import Run

TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date-time"},
}
"""The types of kinds of columns; the others hold texts."""

SHARE, NUMBER = {"type": "number", "minimum": 0, "maximum": 1}, {"type": ["number", "null"]}

MOST_SHOWN = 50
"""Known categories that a description lists."""


def openapi(run: Run) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of a row and of an answer."""
    document: dict[str, Any] = json.loads(Path(__file__).with_name("openapi.json").read_text("utf-8"))
    document["info"] = {"title": f"Predictions of {run.target_name}", "version": __version__}
    document["components"]["schemas"] |= {"Row": _row_schema(run), "Answer": _answer_schema(run)}
    return document


def _row_schema(run: Run) -> dict[str, Any]:
    known = {column.name: column for column in getattr(run.preparation, "columns", ())}
    pixel = {"type": "number"}
    columns = {name: _column_schema(known[name]) if name in known else pixel for name in run.columns}
    return {"type": "object", "properties": columns, "required": list(columns)}


def _column_schema(column: Column) -> dict[str, Any]:
    """The type of a column, its treatment, and the values that the training rows had."""
    kind = TYPES.get(column.kind, {"type": ["string", "null"]})
    values = column.values if isinstance(column, TwoValuesColumn) else getattr(column, "categories", ())
    examples = {"examples": list(values[:MOST_SHOWN])} if values else {}
    return {**kind, "description": column.done, **examples}


def _answer_schema(run: Run) -> dict[str, Any]:
    target = run.targets
    names = target.names if target.several else ()
    entries: dict[str, list[Any]]
    if target.is_classes:
        labels = [{"enum": list(classes)} for classes in target.labels]
        shares = [_object(map(str, classes), SHARE) for classes in target.labels]
        entries = {"prediction": labels, "probabilities": shares}
        entries |= {} if names else {"set": [{"type": "array", "items": labels[0]}]}
    else:
        ends = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
        entries = {"prediction": [NUMBER] * target.n_columns}
        if target.levels:
            entries["quantiles"] = [_object([f"{level:g}" for level in target.levels], NUMBER)]
        else:
            entries["interval"] = [ends] * target.n_columns
    properties = {
        name: {"type": "object", "properties": dict(zip(names, each, strict=True))} if names else each[0]
        for name, each in entries.items()
    }
    return {"type": "object", "properties": properties, "required": ["prediction"]}


def _object(names: Iterable[str], schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict.fromkeys(names, schema)}


def page(document: dict[str, Any]) -> str:
    """The document for people, as HTML without scripts."""
    schemas, answered = document["components"]["schemas"], document["components"]["responses"]
    columns = schemas["Row"]["properties"]
    example = dict.fromkeys([*columns][:3])
    return Template(Path(__file__).with_name("page.html").read_text("utf-8")).substitute(
        title=escape(document["info"]["title"]),
        example=escape(json.dumps([example], ensure_ascii=False)),
        columns=html_table(
            ("column", "type", "use", "known values"),
            [_described(*column) for column in columns.items()],
            caption="Columns of a row",
        ),
        answer=escape(json.dumps(schemas["Answer"], indent=2, ensure_ascii=False)),
        codes=html_table(
            ("status", "meaning"),
            [(code, response["description"]) for code, response in answered.items()],
            caption="Errors",
        ),
    )


def _described(name: str, schema: dict[str, Any]) -> tuple[str, ...]:
    kinds, known = schema["type"], ", ".join(map(str, schema.get("examples", ())))
    return name, kinds if isinstance(kinds, str) else " or ".join(kinds), schema.get("description", ""), known
