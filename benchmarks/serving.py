"""Requests to ``deepstep serve`` on loopback: lost ones, latency, refusals: ``python benchmarks/serving.py``.

Trains the default ensemble (or takes ``--run``), starts the command, and sends requests of one row over some
connections that stay open. The health path is asked meanwhile. Ends with exit code 1 where a request is lost
or a bad one is not refused.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from time import perf_counter, sleep

import numpy as np

JSON = {"Content-Type": "application/json"}
NUMBERS = np.round(np.linspace(-2, 2, 1_001), 3).tolist()


def new_run(folder: Path) -> Path:
    """The default ensemble of a table of 1,000 rows with numbers, texts and missing values."""
    import polars

    from deepstep import DeepClassifier

    rng = np.random.RandomState(1)
    columns: dict[str, object] = {f"number {at}": rng.normal(size=1_000) for at in range(8)}
    columns["group"] = rng.choice(["a", "b", "c", "d"], 1_000)
    table = polars.DataFrame(columns)
    y = np.where(table["number 0"] + table["number 1"] * (table["group"] == "a") > 0, "yes", "no")
    table = table.with_columns(
        polars.when(rng.rand(1_000) > 0.1).then(polars.col("number 2")).alias("number 2")
    )
    DeepClassifier(random_state=1).fit(table, y).save(folder / "run")
    return folder / "run"


def ask(connection: HTTPConnection, path: str, body: bytes | None = None) -> tuple[int, float]:
    """The status of an answer, and its seconds."""
    begun = perf_counter()
    connection.request("GET" if body is None else "POST", path, body, JSON)
    response = connection.getresponse()
    response.read()
    return response.status, perf_counter() - begun


def many(port: int, bodies: list[bytes]) -> list[tuple[int, float]]:
    """Statuses and seconds of requests one after another; status 0 of one that is lost."""
    answers, connection = [], HTTPConnection("127.0.0.1", port, timeout=60)
    for body in bodies:
        try:
            answers.append(ask(connection, "/predict", body))
        except (OSError, HTTPException):
            answers.append((0, float("nan")))
            connection.close()
    return answers


def health(port: int, ended: Event) -> list[tuple[int, float]]:
    """Statuses and seconds of the health path, ten times a second."""
    answers, connection = [], HTTPConnection("127.0.0.1", port, timeout=60)
    while not ended.is_set():
        answers.append(ask(connection, "/"))
        sleep(0.1)
    return answers


def told(name: str, answers: list[tuple[int, float]], seconds: float) -> int:
    """Print a line; the number of requests that were lost."""
    good = [taken * 1e3 for status, taken in answers if status == 200]
    lost = len(answers) - len(good)
    half, most = np.percentile(good, [50, 99])
    rate = len(good) / seconds
    print(f"{name:<22}{len(answers):>9,}{lost:>6}{half:>10.2f}{most:>10.2f}{max(good):>10.2f}{rate:>10.0f}")
    return lost


def main() -> int:
    """Run it; 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rows", type=int, default=1, help="rows of a request")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = asked.run or new_run(Path(folder))
        begun = perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "deepstep", "serve", str(run), "--port", "0", "--json"],
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout is not None
            port = int(json.loads(server.stdout.readline())["url"].rpartition(":")[2].strip("/"))
            print(f"ready after {perf_counter() - begun:.1f} s")
            return measure(port, asked.requests, asked.connections, asked.rows)
        finally:
            server.terminate()
            server.wait(60)


def measure(port: int, requests: int, connections: int, rows: int) -> int:
    """Send everything; 1 where something was lost."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/openapi.json")
    row = json.loads(connection.getresponse().read())["components"]["schemas"]["Row"]["properties"]
    connection.close()
    rng = np.random.RandomState(2)
    texts = {name: one["examples"] for name, one in row.items() if "examples" in one}
    drawn = [{name: rng.choice(texts.get(name, NUMBERS)) for name in row} for _ in range(requests * rows)]
    bodies = [json.dumps(drawn[at : at + rows]).encode() for at in range(0, len(drawn), rows)]
    (_, first), *_ = many(port, bodies[:1])
    print(f"first prediction {1e3 * first:.0f} ms")
    print(f"{'':<22}{'requests':>9}{'lost':>6}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}{'1/s':>10}")
    ended = Event()
    with ThreadPoolExecutor(connections + 1) as pool:
        beside, begun = pool.submit(health, port, ended), perf_counter()
        parts = [pool.submit(many, port, bodies[at::connections]) for at in range(connections)]
        answers = [answer for part in parts for answer in part.result()]
        seconds = perf_counter() - begun
        ended.set()
        lost = told(f"POST /predict, {connections} at once", answers, seconds)
        lost += told("GET / meanwhile", beside.result(), seconds)
    malformed = [answer[0] for answer in many(port, [b"[{"] * 100)]
    oversized = [answer[0] for _ in range(100) for answer in many(port, [b"[" * 8_000_001])]
    print(f"malformed bodies: {malformed.count(400)} of 100 refused by 400")
    print(f"oversized bodies: {oversized.count(413)} of 100 refused by 413, {oversized.count(0)} cut off")
    return int(lost > 0 or set(malformed) != {400} or 200 in oversized)


if __name__ == "__main__":
    sys.exit(main())
