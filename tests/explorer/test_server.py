"""The server: for this page, on this machine, with the token; all else is refused and harms nothing."""

import http.client
import json
import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from copy import copy
from itertools import islice

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import FileError
from deepstep.explorer.page import unpacked
from deepstep.explorer.server import MOST_BYTES, ExplorerServer

RATE = 0.3


@pytest.fixture
def server(serve, network, circles):
    return serve(network, circles.X, circles.Y, learning_rate=RATE, iterations=3)


def ask(server, method, path, body=None, *, token=None, headers=()):
    query = "" if token == "" else f"?token={token or server.token}"
    sent = {"Content-Type": "application/json", **dict(headers)}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request(method, f"{path}{query}", body=body, headers=sent)
        answer = connection.getresponse()
        return answer, answer.read()


def answer_to(server, header):
    """The status of a command of which the head alone was sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        head = f"POST /command?token={server.token} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\n{header}\r\n\r\n".encode())
        return connection.recv(100).split()[1]


def command(server, record, **more):
    body = record if isinstance(record, bytes) else json.dumps(record).encode()
    return ask(server, "POST", "/command", body, **more)[0].status


@contextmanager
def stream(server):
    """The events, as an iterator of messages."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", f"/events?token={server.token}")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("Content-Type") == "text/event-stream"

    def messages():
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    try:
        yield messages()
    finally:
        answer.close()
        connection.close()


def test_the_page_and_its_headers_for_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 32
    answer, text = ask(server, "GET", "/")
    assert answer.status == 200
    assert b'<div id="app" data-source="server">' in text
    assert b"deepstep-lesson" not in text.partition(b"<body>")[2].partition(b"<script>")[0]
    assert server.token not in text.decode()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert not [name for name in headers if name.startswith("access-control-")]
    with pytest.raises(FileError, match="--port"):
        ExplorerServer(server.document, server.live, port=server.port)


def test_the_lesson_is_that_of_the_page_with_where_training_stands(server):
    answer, text = ask(server, "GET", "/lesson")
    assert answer.getheader("Content-Type") == "application/json"
    found = json.loads(text)
    now = found.pop("now")
    assert found == {**server.document, "origin": "server"}
    assert (now["step"], now["parameters"]) == (0, found["parameters"])
    server.live.state()["parameters"].clear()  # a copy
    assert set(server.live.state()["parameters"]) == {"W1", "b1", "W2", "b2", "W3", "b3"}


def test_who_has_not_the_token_or_comes_from_elsewhere_is_refused(server):
    hosts = (
        *("evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example:1", ""),
        *("evil.127.0.0.1:{port}", "evillocalhost:{port}", "127.0.0.1:{port}.evil.example"),
    )
    origins = "http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"
    senders = [
        *({"token": token} for token in ("", "wrong", "%C3%A9")),
        *({"headers": {"Host": host.format(port=server.port)}} for host in hosts),
        *({"headers": {"Origin": origin}} for origin in origins),
    ]
    for sender in senders:
        for path in ("/", "/lesson", "/events", "/command"):
            method = "POST" if path == "/command" else "GET"
            answer, _ = ask(server, method, path, b'{"do":"step"}', **sender)
            assert answer.status == 403, (path, sender)
    assert server.live.updates == 0
    for name in ("127.0.0.1", "localhost"):
        host = f"{name}:{server.port}"
        assert command(server, {"do": "stop"}, headers={"Origin": f"http://{host}", "Host": host}) == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"{}", b'{"do": "exec"}', b'{"do": {"a": 1}}'),
        *(b'{"do": "step", "steps": 0}', b'{"do": "step", "steps": true}', b'{"do": "train", "steps": 1e99}'),
        *(b'{"do": "set"}', b'{"do": "set", "pause": -1}', b'{"do": "train", "steps": 5, "pause": "slow"}'),
        *(b'{"do": "set", "learning_rate": %s}' % value for value in (b"-1", b"NaN", b'"0.1"')),
    ],
)
def test_a_malformed_command_is_refused(server, body):
    assert command(server, body) == 400
    assert server.live.updates == 0


def test_what_is_no_request_of_the_page_is_refused(server):
    """A large command unread, by what it says: who sends it all may find the connection closed before."""
    assert ask(server, "GET", "/../../etc/passwd")[0].status == 404
    assert ask(server, "GET", "/command")[0].status == 404
    assert ask(server, "POST", "/lesson", b"{}")[0].status == 404
    assert ask(server, "PUT", "/command", b"{}")[0].status == 501
    assert command(server, {"do": "step"}, headers={"Content-Type": "text/plain"}) == 415
    assert answer_to(server, "Transfer-Encoding: chunked") == b"411"
    assert answer_to(server, "Content-Length: -1") == b"411"
    for length in (MOST_BYTES + 1, 10**30):
        assert answer_to(server, f"Content-Length: {length}") == b"413"
    assert server.live.updates == 0


def same_steps(messages, steps):
    for message, step in zip(messages, steps, strict=True):
        assert (message["kind"], message["cost"]) == ("epoch", step.cost)
        for name, value in step.after.items():
            assert np.array_equal(unpacked(message["parameters"][name]), value)


@pytest.mark.parametrize("rate", [RATE, 0.7])
def test_steps_are_those_of_the_network_at_the_rate_that_is_set(server, network, circles, rate):
    if rate != RATE:
        assert command(server, {"do": "set", "learning_rate": rate}) == 200
    with stream(server) as messages:
        assert command(server, {"do": "step", "steps": 3}) == 200
        *found, end = [next(messages) for _ in range(4)]
    same_steps(found, network.steps(circles.X, circles.Y, learning_rate=rate, iterations=3))
    assert [message["learning_rate"] for message in found] == [rate] * 3
    assert end["kind"] == "end"


def until_the_end(messages):
    """The messages of one command."""
    found = [next(messages)]
    while found[-1]["kind"] != "end":
        found.append(next(messages))
    return found


def test_training_ends_with_its_last_state_and_can_be_stopped(server):
    with stream(server) as messages:
        command(server, {"do": "train", "steps": 150})
        *_, last, end = until_the_end(messages)
        assert (last["step"], end["why"]) == (150, "")
        command(server, {"do": "train", "steps": 10**9})
        next(messages)
        command(server, {"do": "stop"})
        until_the_end(messages)
    done = server.live.updates
    time.sleep(0.1)
    assert server.live.updates == done


def test_the_pause_between_updates_is_that_of_the_slider_and_a_command_ends_it(server):
    with stream(server) as messages:
        began = time.monotonic()
        command(server, {"do": "train", "steps": 10**6, "pause": 0.1})
        found = [next(messages)["step"] for _ in range(4)]
        assert found == [1, 2, 3, 4]  # every update is told, because no two share an interval
        assert time.monotonic() - began >= 0.3
        command(server, {"do": "set", "pause": 0})
        assert next(message["step"] for message in messages if message["step"] > 100)
        command(server, {"do": "set", "pause": 60})
        time.sleep(0.3)
        began = time.monotonic()
        command(server, {"do": "stop"})
        assert next(message for message in messages if message["kind"] == "end")
        assert time.monotonic() - began < 5


@pytest.mark.slow
def test_a_second_client_is_refused_and_the_training_goes_on(server):
    with stream(server) as messages:
        command(server, {"do": "train", "steps": 10**9})
        next(messages)
        assert ask(server, "GET", "/events")[0].status == 409
        assert ask(server, "GET", "/lesson")[0].status == 409
        before = next(message["step"] for message in messages)
        assert any(message["step"] > before for message in messages)
    assert ask(server, "GET", "/lesson")[0].status == 200  # the first one left
    with stream(server) as messages:
        assert next(messages)["step"] > before
        command(server, {"do": "stop"})


def test_a_training_that_diverged_says_why_and_begins_again_from_its_initial_values(serve, circles):
    """The last finite state is told, and no word of NumPy's, which tests take for an error."""
    options = {"learning_rate": 0.1, "iterations": 2, "optimizer": "momentum", "batch_size": 64}
    network = Network([2, 4, 1], activation="relu", output="identity", seed=1)
    expected = list(islice(copy(network).steps(circles.X, circles.Y, **options), 3))
    server = serve(network, circles.X, circles.Y, **options)
    with stream(server) as messages:
        command(server, {"do": "set", "learning_rate": 50.0})
        command(server, {"do": "train", "steps": 10_000})
        *_, before, end = until_the_end(messages)
        assert before["kind"] == "epoch"
        assert before["step"] == end["step"] == server.live.updates > 1
        assert all(np.isfinite(unpacked(value)).all() for value in before["parameters"].values())
        command(server, {"do": "train", "steps": 1000})
        for told in (end, until_the_end(messages)[-1]):
            assert "Training diverged" in told["why"]
            assert "inf" in told["why"]
        command(server, {"do": "restart"})
        first = next(message for message in messages if message["kind"] == "epoch")
        assert (first["step"], first["learning_rate"]) == (0, 0.1)
        command(server, {"do": "step", "steps": 3})
        same_steps([next(messages) for _ in range(3)], expected)


@pytest.fixture
def impatient(serve, network, points, monkeypatch, request):
    """A server that waits half a second for a request, or as long as a test says."""
    monkeypatch.setattr("deepstep.explorer.server.REQUEST_TIMEOUT", getattr(request, "param", 0.5))
    return serve(network, *points, learning_rate=RATE, iterations=3)


def is_closed(connection, seconds):
    """Whether the other end closes a connection within so many seconds."""
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


COMMAND = "POST /command?token={token} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("begin", "drips"),
    [
        ("", False),
        ("", True),
        ("GET /lesson?token={token} HTTP/1.1\r\nHost: {host}\r\nX: ", True),
        (f"{COMMAND}Content-Length: 1000\r\n\r\n", False),
        (f"{COMMAND}Content-Length: 1000\r\n\r\n", True),
    ],
    ids=["nothing", "a begin", "a header", "no body", "a body"],
)
def test_a_request_that_does_not_come_to_its_end_is_ended(impatient, begin, drips):
    """Nothing comes, or a byte now and then, each in time."""
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=5) as connection:
        text = begin.format(token=impatient.token, host=f"127.0.0.1:{impatient.port}")
        connection.sendall(text.encode())
        ended, until = False, time.monotonic() + 4
        while not ended and time.monotonic() < until:
            if drips:
                try:
                    connection.sendall(b"x")
                except ConnectionError:
                    break
            ended = is_closed(connection, 0.1)
        assert time.monotonic() < until
    assert impatient.live.updates == 0
    assert ask(impatient, "GET", "/")[0].status == 200


@pytest.mark.slow
@pytest.mark.parametrize("impatient", [4.0], indirect=True)
def test_connections_beyond_the_most_are_turned_away(impatient):
    """Of a hundred idle ones each takes no thread; when their time is up, the page can be had again."""
    before, idle = threading.active_count(), []
    try:
        with stream(impatient) as messages:
            address = ("127.0.0.1", impatient.port)
            idle += [socket.create_connection(address, timeout=5) for _ in range(100)]
            turned_away = [is_closed(connection, 2) for connection in idle[-20:]]
            assert threading.active_count() - before < 50
            assert turned_away == [True] * 20
            assert not is_closed(idle[0], 0.1)
            until = time.monotonic() + 8
            assert all(is_closed(connection, until - time.monotonic()) for connection in idle)
            status, until = 503, time.monotonic() + 5  # until the threads of those connections have left
            while status == 503 and time.monotonic() < until:
                with suppress(ConnectionError):
                    status = command(impatient, {"do": "step"})
                time.sleep(0.02)
            assert status == 200
            assert next(messages)  # the stream is none of those that have to come to an end
    finally:
        for connection in idle:
            connection.close()
