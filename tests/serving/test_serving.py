"""Predictions over HTTP, by a real server on loopback."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, IncompleteRead
from io import StringIO
from threading import Event, Thread

import numpy as np
import polars
import pytest
import uvicorn

from deepstep import DeepClassifier, DeepRegressor, Run
from deepstep.cli.main import main
from deepstep.serving.application import Limits, application
from deepstep.serving.connections import in_time
from export_models import one_network

ROWS = 80
JSON, CSV, TSV = "application/json", "text/csv", "text/tab-separated-values"


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(3)
    return polars.DataFrame(
        {
            "age": [None if at % 9 == 0 else float(age) for at, age in enumerate(rng.normal(40, 9, ROWS))],
            "colour": rng.choice(["red", "blue", "grün"], ROWS),
            "member": (rng.rand(ROWS) > 0.5).tolist(),
            "day": [f"2020-{1 + at % 12:02}-{1 + at % 28:02}" for at in range(ROWS)],
        }
    ).with_columns(polars.col("day").str.to_date())


@pytest.fixture(scope="module")
def runs(table):
    few = {"n_estimators": 2, "network_params": {"epochs": 4}, "random_state": 1}
    y, noise = np.arange(ROWS) % 3, np.random.RandomState(2).rand(ROWS)
    pairs = np.column_stack([y > 0, y > 1]).astype(int)
    quantiles = {"loss": "quantile", "quantiles": (0.1, 0.9)}
    numbers = np.column_stack([y * 10.0, y + 0.5])
    return {
        "classes": Run.of(DeepClassifier(**few).fit(table, np.array(["a", "b", "c"])[y])),
        "numbers": Run.of(DeepRegressor(**few).fit(table, y * 10.0)),
        "several numbers": Run.of(DeepRegressor(**few).fit(table, numbers), {"target": ["w", "h"]}),
        "several classes": Run.of(one_network(table, pairs, max_iter=4)),
        "quantiles": Run.of(one_network(table, y, classes=False, max_iter=4, **quantiles)),
        "numbers of arrays": Run.of(DeepRegressor(**few).fit(np.column_stack([y, -y]).astype(float), noise)),
        "arrays": Run.of(one_network(np.column_stack([y, -y]).astype(float), y, max_iter=4)),
    }


@contextmanager
def served(run, limits=None, **hosts):
    """The port of a server that runs in a thread."""
    app, http = application(run, limits, **hosts), in_time((limits or Limits()).seconds)
    config = uvicorn.Config(app, http=http, log_level="critical", ws="none", lifespan="on")
    server, listener = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listener.close()


def ask(port, path="/predict", body=None, kind=JSON, accept=JSON, **headers):
    """The status and the text of an answer."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        body = json.dumps(body) if isinstance(body, list | dict) else body
        given = {"Content-Type": kind, "Accept": accept, **headers}
        connection.request("GET" if body is None else "POST", path, body, given)
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.mark.parametrize(
    "name", ["classes", "numbers", "several numbers", "several classes", "quantiles", "arrays"]
)
def test_json_and_csv_answer_as_the_run_predicts(runs, table, name):
    run = runs[name]
    frame = polars.DataFrame({"x0": [0.0, 2.0], "x1": [0.0, -2.0]}) if name == "arrays" else table.head(20)
    expected = run.predict(frame)
    text = frame.with_columns(polars.selectors.date().cast(polars.String))
    with served(run) as port:
        status, answer = ask(port, body=text.to_dicts())
        assert status == 200, answer
        found = json.loads(answer)["predictions"]
        by_columns = {"columns": ["unused", *text.columns], "rows": [[[1], *row] for row in text.rows()]}
        assert json.loads(ask(port, body=by_columns)[1])["predictions"] == found
        status, answer = ask(port, body=frame.write_csv().encode(), kind=f"{CSV}; charset=utf-8", accept=CSV)
        assert status == 200, answer
        assert ask(port, body=frame.write_csv(separator="\t"), kind=TSV, accept=CSV) == (status, answer)
    values = [one["prediction"] for one in found]
    rows = expected.values.tolist()
    assert [[*value.values()] if isinstance(value, dict) else value for value in values] == rows
    parts = (expected.quantiles, expected.probabilities, expected.values.reshape(len(rows), -1))
    last = next(part for part in parts if part is not None)[:, -1]
    assert np.allclose(polars.read_csv(StringIO(answer)).to_numpy()[:, -1].astype(float), last)
    if name == "classes":
        assert found[0]["probabilities"] == dict(zip("abc", expected.probabilities[0], strict=True))
    if name == "several classes":
        assert found[3]["probabilities"]["target 1"]["1"] == expected.probabilities[3, 1]
    if name == "quantiles":
        assert found[0]["quantiles"] == dict(zip(("0.1", "0.9"), expected.quantiles[0], strict=True))


def test_explain_adds_the_columns_that_move_a_prediction(runs, table):
    rows = table.with_columns(polars.col("day").cast(polars.String)).to_dicts()[:2]
    explanation = runs["classes"].explain(table[:2])
    with served(runs["classes"]) as port:
        answers = json.loads(ask(port, "/predict?explain=2", rows)[1])["predictions"]
        for answer, strongest in zip(answers, explanation.strongest(2), strict=True):
            assert answer["contributions"] == pytest.approx(dict(strongest), rel=1e-4, abs=1e-6)
        header = ask(port, "/predict?explain=1&coverage=0.75", rows, accept=CSV)[1].splitlines()[0]
        assert header.endswith("in_set_a,in_set_b,in_set_c,strongest_1,contribution_1")
        assert ask(port, "/predict?explain=-1", rows)[0] == ask(port, "/predict?explain=x", rows)[0] == 400
        assert ask(port, "/predict?explain=1", rows * 51)[0] == 413


def test_coverage_adds_sets_and_intervals(runs, table):
    rows = table.with_columns(polars.col("day").cast(polars.String)).to_dicts()
    sets = runs["classes"].estimator.predict_set(table, coverage=0.75)
    with served(runs["classes"]) as port:
        found = json.loads(ask(port, "/predict?coverage=0.75", rows)[1])["predictions"]
        assert [one["set"] for one in found] == [[*np.array([*"abc"])[row]] for row in sets]
        assert ask(port, "/predict?coverage=75", rows)[0] == ask(port, "/predict?n=1", rows)[0] == 400
    numbers = [{"x0": 0.0, "x1": 0.0}]
    with served(runs["numbers of arrays"]) as port:  # no warning of names, which the tests make an error
        status, answer = ask(port, "/predict?coverage=0.75", numbers)
        assert status == 200, answer
    ends = runs["several numbers"].estimator.predict_interval(table, coverage=0.75)
    with served(runs["several numbers"]) as port:
        found = json.loads(ask(port, "/predict?coverage=0.75", rows)[1])["predictions"]
        assert [[*one["interval"].values()] for one in found] == ends.tolist()
        assert "lower_w,upper_w" in ask(port, "/predict?coverage=0.75", rows, accept=CSV)[1]
        unknowable = json.loads(ask(port, "/predict?coverage=0.9999", rows)[1])["predictions"]
        assert unknowable[0]["interval"]["w"] == [None, None]
    with served(runs["quantiles"]) as port:
        status, answer = ask(port, "/predict?coverage=0.75", rows)
        assert (status, "needs no intervals" in answer) == (400, True)


HEADER = b"age,colour,member,day\n"

REFUSED = {
    "syntax": (b"[{]", JSON, "The body cannot be read as JSON ("),
    "path": (b'"/etc/passwd"', JSON, "a list of objects"),
    "empty list": (b"[]", JSON, "The body has no rows."),
    "no objects": (b"[[1]]", JSON, "Row 1 of the body is not an object."),
    "short header": (b'{"columns": ["age"], "rows": [[1, 2]]}', JSON, "is not a list of 1 values."),
    "missing columns": (b'[{"age": 1}]', JSON, "'colour', 'member', 'day'"),
    "list in a cell": (b'[{"age": [1], "colour": 1, "member": 1, "day": 1}]', JSON, "a list"),
    "text for a number": (b'[{"age": "old", "colour": 1, "member": 1, "day": null}]', JSON, "'old'"),
    "long line": (b"age,colour\n1,2,3\n", CSV, "ine 2"),
    "wide line": (b"," * 5_000, CSV, "A line of the body has 5,000 separators."),
    "binary": (b"\xff\x00" * 99, CSV, "he body"),
    "encoding": (HEADER + b"1,\x81\x8f,1,\n", TSV, "the body is no UTF-8 text: byte 25 is 0x81."),
    "number for a date": (b'[{"age": 1, "colour": "", "member": 1, "day": 16e11}]', JSON, "or ISO texts"),
    "empty": (b"", CSV, "The body has no rows."),
    "many lines": (b"1\n" * 1_500, CSV, "The body has 1,500 lines, more than the 1,010 of a request."),
    "many rows of text": (HEADER + b"1,red,1,\n" * 101, CSV, "101 rows, more than the 100 of a request."),
    "column again": (b'{"columns": ["age", "age"], "rows": [[1, 2]]}', JSON, "'age' more than once"),
    "many rows": (json.dumps([{}] * 101).encode(), JSON, "101 rows, more than the 100 of a request."),
    "many bytes": (b"x" * 200_001, JSON, "at most 200,000 bytes"),
    "kind": (b"age", "text/plain", "Content-Type must be"),
}


def test_what_does_not_fit_is_refused_in_a_sentence(runs):
    """Empty lines and line breaks in quotes are no rows; a body without a length is limited, too."""
    with served(runs["classes"], Limits(bytes=200_000, rows=100)) as port:
        for name, (body, kind, sentence) in REFUSED.items():
            status = 413 if name.startswith("many") else 415 if name == "kind" else 400
            got, answer = ask(port, body=body, kind=kind)
            assert (got, sentence in json.loads(answer)["error"]) == (status, True), (name, answer)
            assert "--" not in answer
        chunks = [b"x" * 150_000] * 2
        assert ask(port, body=iter(chunks))[0] == 413
        status, answer = ask(port, body=HEADER + b'1,"red\n\n\n",1,\n\n' * 100, kind=CSV)
        assert (status, len(json.loads(answer)["predictions"])) == (200, 100), answer


def test_other_paths_methods_and_codings(runs):
    with served(runs["arrays"]) as port:
        for path, given, status, sentence in (
            ("/nothing", {}, 404, "Not Found"),
            ("/../etc/passwd", {}, 404, "Not Found"),
            ("/predict", {}, 405, "Method Not Allowed"),
            ("/predict", {"body": b"[]", "Content-Encoding": "gzip"}, 415, "Content-Encoding must be id"),
            ("/", {"Host": "[::2]"}, 400, "Host must be a name of this server, got '[::2]'."),
        ):
            got, answer = ask(port, path, **given)
            assert (got, sentence in json.loads(answer)["error"]) == (status, True), answer


HOSTS = [
    ({}, "localhost:80 [::1]:8000 LocalHost", "a.example notlocalhost:80 evil.localhost evil.127.0.0.1"),
    ({}, "127.0.0.1", "localhost.evil.example [::2]"),
    ({"hosts": ("a.example",)}, "a.example A.Example:8000", "a.a.example xa.example"),
    ({"hosts": ("*.example",)}, "a.example a.b.example:1", "example aexample a.example.org"),
    ({"hosts": ("*",)}, "a a.example [::2]:80", ""),
]
"""Names of the server, and headers that pass or are refused."""


@pytest.mark.parametrize(("valid", "passing", "refused"), HOSTS)
def test_hosts_by_name_below_a_name_and_all(runs, valid, passing, refused):
    with served(runs["arrays"], **valid) as port:
        assert {ask(port, "/", Host=host)[0] for host in passing.split()} == {200}
        assert {ask(port, "/", Host=host)[0] for host in refused.split()} <= {400}


def test_the_page_and_the_document_describe_columns_and_answers_and_load_nothing(runs):
    with served(runs["classes"]) as port:
        document, page = json.loads(ask(port, "/openapi.json")[1]), ask(port, "/docs")[1]
    schemas = document["components"]["schemas"]
    row, answer = schemas["Row"], schemas["Answer"]["properties"]
    assert [*row["properties"]] == row["required"] == ["age", "colour", "member", "day"]
    assert row["properties"]["age"]["type"] == ["number", "null"]
    assert row["properties"]["colour"]["examples"] == ["blue", "grün", "red"]
    assert answer["prediction"] == {"enum": ["a", "b", "c"]}
    assert [*answer["probabilities"]["properties"]] == ["a", "b", "c"]
    assert {"set", "contributions"} < {*answer}
    references = re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', json.dumps(document))
    assert references
    assert all(name in document["components"][part] for part, name in references)
    assert "blue, grün, red" in page
    assert not re.search(r"<script|<link|<img|src=|url\(|@import|https?:|//", page)


@pytest.mark.slow
def test_health_answers_during_predictions_which_end_in_time_and_wait_in_a_short_queue(
    runs, table, monkeypatch
):
    started, goes_on = Event(), Event()

    def slow(frame):
        started.set()
        goes_on.wait(20)
        raise RuntimeError("a secret of the server")

    rows = table.drop("day").with_columns(day=None).to_dicts()
    answers = []
    with served(runs["numbers"], Limits(seconds=1.5, threads=1, waiting=0)) as port:
        monkeypatch.setattr(runs["numbers"], "predict", slow)
        asking = Thread(target=lambda: answers.append(ask(port, body=rows)))
        asking.start()
        assert started.wait(20)
        assert ask(port, "/")[0] == 200
        assert ask(port, body=rows)[0] == 503
        asking.join()
        assert answers[0] == (504, '{"error": "The prediction is not ready within 1.5 seconds."}')
        assert ask(port, body=rows)[0] == 503  # the thread is still at work
        goes_on.set()
        while (answer := ask(port, body=rows))[0] == 503:
            time.sleep(0.05)
        assert answer == (500, '{"error": "The server failed; its log has the reason."}')


HALF = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 9000\r\n\r\n"
HEADS = {
    "half of a body": HALF,
    "nothing": b"",
    "half a line": b"GET / HT",
    "half of the headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "a body that nobody reads": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n",
    "the next request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /",
}


def drip(connection):
    """The text that is received, and the seconds until the end, while a byte is sent now and then."""
    received, begun, dripped = b"", time.monotonic(), 0
    connection.settimeout(0.1)
    with suppress(ConnectionError):
        while dripped < 60:
            try:
                piece = connection.recv(4096)
            except TimeoutError:
                connection.sendall(b"x")
                dripped += 1
            else:
                received += piece
                if not piece:
                    break
    return received, time.monotonic() - begun


@pytest.mark.slow
def test_a_connection_without_a_request_ends_in_time_however_its_bytes_come(runs):
    """The body of a prediction alone is waited for by the application, which answers."""
    with served(runs["arrays"], Limits(seconds=1.0)) as port, ExitStack() as opened:
        connections = [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in HEADS
        ]
        for connection, head in zip(connections, HEADS.values(), strict=True):
            connection.sendall(head)
        with ThreadPoolExecutor(len(HEADS)) as pool:
            ends = dict(zip(HEADS, pool.map(drip, connections), strict=True))
        for name, (received, seconds) in ends.items():
            assert 0.5 < seconds < 4, name  # uvicorn closes idle connections after 5 seconds
            assert received.startswith(b"HTTP/1.1 408") == (name == "half of a body"), (name, received)
        assert ask(port, "/")[0] == 200


@pytest.mark.slow
def test_an_answer_that_nobody_takes_does_not_keep_its_connection(runs, monkeypatch):
    monkeypatch.setattr("deepstep.serving.application.csv_of", lambda *_: "x" * 30_000_000)
    row = {"age": 1, "colour": "red", "member": True, "day": None}
    with (
        served(runs["classes"], Limits(seconds=0.6)) as port,
        closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection,
    ):
        connection.request("POST", "/predict", json.dumps([row]), {"Content-Type": JSON, "Accept": CSV})
        time.sleep(1.5)
        with pytest.raises((IncompleteRead, ConnectionResetError)):
            connection.getresponse().read()


@pytest.mark.slow
def test_a_connection_serves_many_requests_for_longer_than_the_time_of_one(runs):
    with (
        served(runs["arrays"], Limits(seconds=0.4)) as port,
        closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection,
    ):
        connection.connect()
        opened = connection.sock.getsockname()
        for _ in range(6):
            connection.request("GET", "/")
            assert connection.getresponse().read()
            time.sleep(0.1)
        assert connection.sock.getsockname() == opened


@pytest.mark.slow
def test_the_command_prints_its_address_and_ends_in_order(runs, tmp_path):
    """SIGTERM has the handler of Ctrl-C."""
    runs["arrays"].save(tmp_path / "run")
    command = [sys.executable, "-m", "deepstep", "serve", tmp_path / "run", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/", url)[1])
            assert ask(port, "/")[0] == 200
            process.send_signal(signal.SIGTERM)
            out, told = process.communicate(timeout=60)
            assert (out, told.splitlines()[-1]) == ("", "Ended.")
            assert process.returncode == 0
        finally:
            process.kill()


def test_the_command_names_what_is_missing(runs, tmp_path, monkeypatch, capsys):
    runs["classes"].save(tmp_path / "run")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit, match="2"):
        main(["serve", str(tmp_path / "run"), "--port", str(taken.getsockname()[1])])
    assert "of 127.0.0.1 cannot be used" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SystemExit, match="2"):
        main(["serve", str(tmp_path / "run")])
    assert "pip install uvicorn starlette, or install DeepStep with its extra 's" in capsys.readouterr().err
