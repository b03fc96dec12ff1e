"""The server: for this page, on this machine, with the token; all else is refused and harms nothing."""

import http.client
import json
import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from itertools import islice

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import FileError
from deepstep.explorer.document import document_of
from deepstep.explorer.live import LiveTraining
from deepstep.explorer.page import unpacked
from deepstep.explorer.server import MOST_BYTES, ExplorerServer
from deepstep.explorer.shown import shown

RATE = 0.3


@pytest.fixture
def what(circles):
    network = Network([2, 8, 8, 1], activation="tanh", initialization="glorot", seed=1)
    return shown(network, circles.X, circles.Y, circles.about, {"learning_rate": RATE, "iterations": 3})


@pytest.fixture
def server(what):
    with ExplorerServer(document_of(what), LiveTraining(what)).running() as running:
        yield running


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


def test_the_page_and_its_headers(server):
    answer, text = ask(server, "GET", "/")
    assert answer.status == 200
    assert b'<div id="app" data-source="server">' in text
    assert b"deepstep-lesson" not in text.partition(b"<body>")[2].partition(b"<script>")[0]
    headers = {name.lower(): value for name, value in answer.getheaders()}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert not [name for name in headers if name.startswith("access-control-")]
    assert server.token not in text.decode()


def test_the_lesson_is_that_of_the_page_with_where_training_stands(server):
    answer, text = ask(server, "GET", "/lesson")
    assert answer.getheader("Content-Type") == "application/json"
    found = json.loads(text)
    now = found.pop("now")
    assert found == {**server.document, "origin": "server"}
    assert (now["step"], now["parameters"]) == (0, found["parameters"])


@pytest.mark.parametrize("path", ["/", "/lesson", "/events", "/command"])
@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_a_wrong_token_is_refused(server, path, token):
    method = "POST" if path == "/command" else "GET"
    quoted = token.replace("é", "%C3%A9")
    assert ask(server, method, path, b'{"do":"step"}', token=quoted)[0].status == 403
    assert server.live.updates == 0


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example:1", ""),
        *("evil.127.0.0.1:{port}", "evillocalhost:{port}", "127.0.0.1:{port}.evil.example"),
    ],
)
def test_a_wrong_host_is_refused(server, host):
    headers = {"Host": host.format(port=server.port)}
    assert ask(server, "GET", "/lesson", headers=headers)[0].status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_a_wrong_origin_is_refused(server, origin):
    assert command(server, {"do": "step"}, headers={"Origin": origin}) == 403
    assert server.live.updates == 0


def test_the_page_s_own_origin_passes(server):
    for name in ("127.0.0.1", "localhost"):
        host = f"{name}:{server.port}"
        assert command(server, {"do": "stop"}, headers={"Origin": f"http://{host}", "Host": host}) == 200


def test_an_oversized_command_is_refused_unread(server):
    """By what it says: who sends it all may find the connection closed before the answer is read."""
    for length in (MOST_BYTES + 1, 10**30):
        assert answer_to(server, f"Content-Length: {length}") == b"413"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"do": "exec"}',
        b'{"do": {"a": 1}}',
        b'{"do": "step", "steps": 0}',
        b'{"do": "step", "steps": true}',
        b'{"do": "train", "steps": 1e99}',
        b'{"do": "set"}',
        b'{"do": "set", "pause": -1}',
        b'{"do": "train", "steps": 5, "pause": "slow"}',
        b'{"do": "set", "learning_rate": -1}',
        b'{"do": "set", "learning_rate": NaN}',
        b'{"do": "set", "learning_rate": "0.1"}',
    ],
)
def test_a_malformed_command_is_refused(server, body):
    assert command(server, body) == 400
    assert server.live.updates == 0


def test_what_there_is_not_is_not_found(server):
    assert ask(server, "GET", "/../../etc/passwd")[0].status == 404
    assert ask(server, "GET", "/command")[0].status == 404
    assert ask(server, "POST", "/lesson", b"{}")[0].status == 404
    assert ask(server, "PUT", "/command", b"{}")[0].status == 501


def test_a_command_is_json_and_has_a_length(server):
    assert command(server, {"do": "step"}, headers={"Content-Type": "text/plain"}) == 415
    assert answer_to(server, "Transfer-Encoding: chunked") == b"411"
    assert answer_to(server, "Content-Length: -1") == b"411"


def test_steps_are_those_of_the_network(server, what):
    with stream(server) as messages:
        assert command(server, {"do": "step", "steps": 3}) == 200
        found = [next(messages) for _ in range(4)]
    steps = list(what.network.steps(what.X, what.Y, learning_rate=RATE, iterations=3))
    assert [message["kind"] for message in found] == ["epoch", "epoch", "epoch", "end"]
    assert [message["cost"] for message in found[:3]] == [step.cost for step in steps]
    for message, step in zip(found, steps, strict=False):
        for name, value in step.after.items():
            assert np.array_equal(unpacked(message["parameters"][name]), value)


def test_training_ends_with_its_last_state_and_can_be_stopped(server):
    with stream(server) as messages:
        command(server, {"do": "train", "steps": 150})
        found = []
        for message in messages:
            found.append(message)
            if message["kind"] == "end":
                break
        assert found[-2]["step"] == 150
        assert found[-1]["why"] == ""
        command(server, {"do": "train", "steps": 10**9})
        next(messages)
        command(server, {"do": "stop"})
        assert any(message["kind"] == "end" for message in messages)
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


def test_the_learning_rate_can_be_set_exactly(server, what):
    assert command(server, {"do": "set", "learning_rate": 0.7}) == 200
    with stream(server) as messages:
        command(server, {"do": "step"})
        message = next(messages)
    step = next(what.network.steps(what.X, what.Y, learning_rate=0.7, iterations=1))
    assert message["learning_rate"] == 0.7
    assert np.array_equal(unpacked(message["parameters"]["W1"]), step.after["W1"])


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
    network = Network([2, 4, 1], activation="relu", output="identity", seed=1)
    options = {"learning_rate": 0.1, "iterations": 2, "optimizer": "adam", "batch_size": 64}
    expected = list(islice(network.steps(circles.X, circles.Y, **options), 3))
    server = serve(
        Network([2, 4, 1], activation="relu", output="identity", seed=1), circles.X, circles.Y, **options
    )
    with stream(server) as messages:
        command(server, {"do": "set", "learning_rate": 1e300})
        for _ in range(2):
            command(server, {"do": "train", "steps": 1000})
            end = next(message for message in messages if message["kind"] == "end")
            assert "Training diverged" in end["why"]
        command(server, {"do": "restart"})
        first = next(message for message in messages if message["kind"] == "epoch")
        assert (first["step"], first["learning_rate"]) == (0, 0.1)
        command(server, {"do": "step", "steps": 3})
        found = [next(messages) for _ in range(3)]
    for message, step in zip(found, expected, strict=True):
        assert message["cost"] == step.cost
        for name, value in step.after.items():
            assert np.array_equal(unpacked(message["parameters"][name]), value)


def test_what_is_shown_is_a_copy(server):
    state = server.live.state()
    state["parameters"].clear()
    assert set(server.live.state()["parameters"]) == {"W1", "b1", "W2", "b2", "W3", "b3"}


def test_a_taken_port_is_named(server, what):
    live = LiveTraining(what)
    with pytest.raises(FileError, match="--port"):
        ExplorerServer(server.document, live, port=server.port)
    live.close()


def test_it_listens_to_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 32


def until_the_end(messages):
    """The messages of one command."""
    found = [next(messages)]
    while found[-1]["kind"] != "end":
        found.append(next(messages))
    return found


def test_of_a_training_that_diverges_the_last_finite_state_is_told(circles):
    """Before its end, and without a word of NumPy's on the terminal, which tests take for an error."""
    network = Network([2, 4, 1], activation="relu", output="identity", seed=1)
    live = LiveTraining(shown(network, circles.X, circles.Y, circles.about, {"learning_rate": 50.0}))
    told = live.messages(wait=10)
    live.command({"do": "train", "steps": 10_000})
    *_, before, end = until_the_end(told)
    live.close()
    assert before["kind"] == "epoch"
    assert before["step"] == end["step"] == live.updates > 1
    assert "inf" in end["why"]
    assert all(np.isfinite(unpacked(value)).all() for value in before["parameters"].values())


@pytest.fixture(params=[0.5])
def impatient(what, monkeypatch, request):
    """A server that waits half a second for a request."""
    monkeypatch.setattr("deepstep.explorer.server.REQUEST_TIMEOUT", request.param)
    with ExplorerServer(document_of(what), LiveTraining(what)).running() as running:
        yield running


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


@pytest.mark.parametrize(
    "begin",
    [
        "",
        "GET /lesson?token={token} HTTP/1.1\r\nHost: {host}\r\nX: ",
        "POST /command?token={token} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000\r\n\r\n",
    ],
    ids=["nothing", "a header", "a body"],
)
@pytest.mark.parametrize("drips", [False, True])
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


def command_in_time(server, body, seconds=5):
    """The status of a command, once the threads of connections that were ended have left."""
    until = time.monotonic() + seconds
    status = 503
    while status == 503 and time.monotonic() < until:
        with suppress(ConnectionError):
            status = command(server, body)
        time.sleep(0.02)
    return status


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
            assert command_in_time(impatient, {"do": "step"}) == 200
            assert next(messages)  # the stream is none of those that have to come to an end
    finally:
        for connection in idle:
            connection.close()
