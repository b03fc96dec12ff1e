"""The ASGI application: it keeps no request, and opens no file after the model is loaded.

It describes itself: an OpenAPI document, and a page of it that loads nothing.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from string import Template
from threading import BoundedSemaphore
from typing import Any, NamedTuple, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deepstep import __version__
from deepstep.data.text_formats import html_table
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DeepStepError
from deepstep.preparation import TablePreparation
from deepstep.preparation.categories import TwoValuesColumn
from deepstep.preparation.columns import Column
from deepstep.run import Run
from deepstep.serving.answers import (
    TooManyRowsError,
    answers_for,
    csv_of,
    records,
    table_of_csv,
    table_of_json,
)

TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date-time"},
}
"""The types of kinds of columns; the others hold texts."""

SHARE, NUMBER = {"type": "number", "minimum": 0, "maximum": 1}, {"type": ["number", "null"]}

MOST_SHOWN = 50
"""Known categories that a description lists."""

MOST_EXPLAINED = 100
"""Rows of a request whose predictions are explained; a row takes as long as some hundred predictions."""


def openapi(run: Run) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of a row and of an answer."""
    document: dict[str, Any] = json.loads(Path(__file__).with_name("openapi.json").read_text("utf-8"))
    document["info"] = {"title": f"Predictions of {run.target_name}", "version": __version__}
    document["components"]["schemas"] |= {"Row": _row_schema(run), "Answer": _answer_schema(run)}
    return document


def _row_schema(run: Run) -> dict[str, Any]:
    known = {column.name: column for column in getattr(run.predictor.preparation, "columns", ())}
    pixel = {"type": "number"}
    columns = {name: _column_schema(known[name]) if name in known else pixel for name in run.predictor.needed}
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
    properties: dict[str, Any] = {
        name: {"type": "object", "properties": dict(zip(names, each, strict=True))} if names else each[0]
        for name, each in entries.items()
    }
    properties["contributions"] = {"type": "object", "additionalProperties": NUMBER}
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


T = TypeVar("T")

JSON, CSV, TSV = "application/json", "text/csv", "text/tab-separated-values"

LOOPBACK = "127.0.0.1", "localhost", "[::1]"
"""Valid Host headers by default: others come from a foreign page that found the address."""

POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

Reader = Callable[[bytes, Run, int], "polars.DataFrame"]
READERS: dict[str, Reader] = {JSON: table_of_json, CSV: table_of_csv, TSV: table_of_csv}


class Limits(NamedTuple):
    """Limits of one request (bytes and rows of its body, seconds), and of all: threads, and how many wait."""

    bytes: int = 8_000_000
    rows: int = 10_000
    seconds: float = 30.0
    threads: int = 2
    waiting: int = 64


def application(run: Run, limits: Limits | None = None, hosts: Sequence[str] = LOOPBACK) -> Starlette:
    """The application that predicts by a run."""
    service = _Service(run, limits or Limits())
    document = openapi(run)
    networks = len(run.ensemble.members)
    health: dict[str, Any] = {
        "status": "ok",
        "target": run.target_name,
        "networks": networks,
        "deepstep": __version__,
    }
    if run.predictor.threshold is not None:
        health["threshold"] = run.predictor.threshold
    return Starlette(
        routes=[
            Route("/", _always(json.dumps(health, ensure_ascii=False))),
            Route("/predict", service.predict, methods=["POST"]),
            Route("/openapi.json", _always(json.dumps(document, ensure_ascii=False))),
            Route("/docs", _always(page(document), "text/html", POLICY)),
        ],
        middleware=[Middleware(_of_hosts, valid=[host.lower() for host in hosts])],
        exception_handlers=dict.fromkeys(
            (HTTPException, DeepStepError, ClientDisconnect, Exception), _failed
        ),
        lifespan=service.lifespan,
    )


def _always(text: str, kind: str = JSON, headers: Any = None) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return Response(text, headers=headers, media_type=kind)

    return answer


def _of_hosts(app: ASGIApp, valid: Sequence[str]) -> ASGIApp:
    """Refuses other Host headers; an entry ``*.name`` stands for all names below it, ``*`` for all hosts."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        responder = app
        if scope["type"] == "http":
            header = Request(scope).headers.get("host", "")
            host = re.sub(r":\d*$", "", header.lower())
            if not any(host == name or (name[:1] == "*" and host.endswith(name[1:])) for name in valid):
                responder = _json({"error": f"Host must be a name of this server, got {header[:60]!r}."}, 400)
        await responder(scope, receive, send)

    return answer


class _Service:
    """Predicts in a pool of threads, while the event loop answers everything else."""

    def __init__(self, run: Run, limits: Limits) -> None:
        self._run, self._limits = run, limits
        encodes = isinstance(run.ensemble.preprocessors[0].preparation, TablePreparation)
        value = None if encodes else 0  # a network alone has no place for missing values
        row = json.dumps([dict.fromkeys(run.predictor.needed, value)]).encode()
        # the estimator and the kernels are loaded now, and not by the first request
        self._estimator = run.estimator
        answers_for(run, table_of_json(row, run, 1), None, 0)
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="deepstep serve")
        self._places = BoundedSemaphore(limits.threads + limits.waiting)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """End the threads at the end."""
        yield
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def predict(self, request: Request) -> Response:
        """Predictions for the rows of the body."""
        coverage, explain = _options(request)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in READERS:
            raise HTTPException(415, f"Content-Type must be one of {', '.join(READERS)}, got {kind[:60]!r}.")
        if (coding := request.headers.get("content-encoding", "identity").strip().lower()) != "identity":
            raise HTTPException(415, f"Content-Encoding must be identity, got {coding[:60]!r}.")
        wanted = CSV if CSV in request.headers.get("accept", "") else JSON
        body = await self._in_time(self._body(request), 408, "The body did not arrive")
        if not self._places.acquire(blocking=False):
            raise HTTPException(503, "Too many requests wait. Try again later.", {"Retry-After": "1"})
        future = self._pool.submit(self._answer, READERS[kind], body, wanted, coverage, explain)
        future.add_done_callback(lambda _: self._places.release())
        content = await self._in_time(asyncio.wrap_future(future), 504, "The prediction is not ready")
        return Response(content, media_type=wanted)

    async def _in_time(self, work: Awaitable[T], status: int, sentence: str) -> T:
        try:
            return await asyncio.wait_for(work, self._limits.seconds)
        except TimeoutError:
            raise HTTPException(status, f"{sentence} within {self._limits.seconds:g} seconds.") from None

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        most = self._limits.bytes
        declared = request.headers.get("content-length", "")
        too_large = HTTPException(413, f"The body must have at most {most:,} bytes.")
        if declared.isdigit() and int(declared) > most:
            raise too_large
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_large
        return bytes(body)

    def _answer(self, read: Reader, body: bytes, wanted: str, coverage: float | None, explain: int) -> str:
        """In a thread of the pool: from the body to the text of the answer."""
        frame = read(body, self._run, self._limits.rows)
        if explain and frame.height > MOST_EXPLAINED:
            problem = f"The body has {frame.height:,} rows, more than the {MOST_EXPLAINED} that explain takes"
            raise TooManyRowsError(problem)
        answers = answers_for(self._run, frame, coverage, explain)
        if wanted == CSV:
            return csv_of(self._run, answers)
        return json.dumps({"predictions": records(self._run, answers)}, ensure_ascii=False, allow_nan=False)


def _options(request: Request) -> tuple[float | None, int]:
    """The coverage of sets or intervals, and how many columns explain a prediction."""
    for name in request.query_params:
        if name not in ("coverage", "explain"):
            raise HTTPException(400, f"The query has the options coverage and explain, got {name[:60]!r}.")
    explain = request.query_params.get("explain", "0")
    if not (explain.isascii() and explain.isdigit() and len(explain) < 6):
        raise ConfigurationError.must_be("explain", "a whole number of columns", f"{explain!r:.60}")
    text = request.query_params.get("coverage")
    try:
        value = None if text is None else float(text)
    except ValueError:
        value = 0.0  # refused below
    if value is not None and not 0 < value < 1:
        raise ConfigurationError.must_be("coverage", "a number between 0 and 1", f"{text!r:.60}")
    return value, int(explain)


def _json(value: Any, status: int = 200, headers: Any = None) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, headers, JSON)


async def _failed(request: Request, error: Exception) -> Response:
    """The answer to an error, without hints for the command line; the log has the reason of our own."""
    if isinstance(error, HTTPException):
        return _json({"error": error.detail}, error.status_code, error.headers)
    if isinstance(error, DeepStepError):
        text = f"{error.problem}." if "--" in error.hint else str(error)
        return _json({"error": " ".join(text.split())}, 413 if isinstance(error, TooManyRowsError) else 400)
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody receives it
    return _json({"error": "The server failed; its log has the reason."}, 500)
