"""The page of a live training, for this machine only: http://127.0.0.1 and a token."""

import secrets
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deepstep.data.text_formats import json_values
from deepstep.errors import ConfigurationError, FileError
from deepstep.explorer.document import Document
from deepstep.explorer.live import LiveTraining
from deepstep.explorer.page import as_json, page, policy

ADDRESS = "127.0.0.1"
MOST_BYTES = 1_000_000  # of a command
REQUEST_TIMEOUT = 10.0  # seconds for a whole request to arrive
MOST_CONNECTIONS = 32  # at a time: a browser opens six at most, and one of them is the stream of events
FULL = b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
GRACE = 1.0  # seconds in which a reloaded page may leave its old stream
HEARTBEAT = 0.25  # seconds between two checks whether the listener is connected

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every response, with the Content-Security-Policy."""


class Refused(Exception):  # noqa: N818  (a response, not a failure of this program)
    """A response with an error status and a message."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class ExplorerServer(ThreadingHTTPServer):
    """Serves one page to one reader."""

    daemon_threads = True
    allow_reuse_address = not hasattr(socket, "SO_EXCLUSIVEADDRUSE")  # Windows would share the port
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, document: Document, live: LiveTraining, *, port: int = 0) -> None:
        self.document, self.live = {**document, "origin": "server"}, live
        self.token = secrets.token_urlsafe(24)
        self.text = page(str(document["title"])).encode("utf-8")
        self._listening, self._counting = Lock(), Lock()
        self._open: dict[Any, float] = {}  # connections, and the deadlines of their requests
        self._stream: socket.socket | None = None
        try:
            super().__init__((ADDRESS, port), Handler)
        except (OSError, OverflowError) as error:
            problem = f"--port {port} of {ADDRESS} cannot be used: {error}"
            raise FileError(problem, "Port 0 takes any that is free.") from error

    @property
    def port(self) -> int:
        """The port of the server."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page, with the token."""
        return f"http://{ADDRESS}:{self.port}/?token={self.token}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Valid Host headers: others come from a foreign page that found the address."""
        return tuple(f"{name}:{self.port}" for name in (ADDRESS, "localhost"))

    @contextmanager
    def running(self) -> Iterator["ExplorerServer"]:
        """Serve in a thread while the block runs."""
        thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.live.close()
            self.shutdown()
            self.server_close()
            thread.join(timeout=REQUEST_TIMEOUT)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a request in a thread, unless there are too many."""
        with self._counting:
            full = len(self._open) >= MOST_CONNECTIONS
            if not full:
                self._open[request] = monotonic() + REQUEST_TIMEOUT
        if not full:
            super().process_request(request, client_address)
            return
        request.setblocking(False)
        with suppress(OSError):
            request.send(FULL)
        self.shutdown_request(request)

    def has_arrived(self, request: Any) -> None:
        """Remove the deadline of a connection whose request has arrived."""
        with self._counting:
            self._open[request] = inf

    def service_actions(self) -> None:
        """End connections whose requests take too long in total; the server's loop calls it."""
        now = monotonic()
        with self._counting:
            for request, until in self._open.items():
                if until < now:
                    self._open[request] = inf
                    with suppress(OSError):  # it was closed
                        request.shutdown(socket.SHUT_RDWR)  # its thread reads the end and closes it

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._counting:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def is_taken(self) -> bool:
        """Whether another page is connected, also after a moment."""
        until = monotonic() + GRACE
        while self._stream is not None:
            if monotonic() >= until:
                return True
            sleep(0.02)
        return False

    @contextmanager
    def the_reader(self, stream: socket.socket) -> Iterator[None]:
        """Register the stream of the only reader."""
        taken = self.is_taken()
        with self._listening:
            if taken or self._stream is not None:
                raise Refused(HTTPStatus.CONFLICT, "This explorer is open in another window.")
            self._stream = stream
        try:
            yield
        finally:
            self._stream = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A closed connection is not an error."""


class Handler(BaseHTTPRequestHandler):
    """Handler of one request."""

    server: ExplorerServer
    timeout = REQUEST_TIMEOUT
    server_version, sys_version = "DeepStep", ""

    def do_GET(self) -> None:
        """Send the page, the lesson, or the events."""
        self.server.has_arrived(self.connection)
        answers = {"/": self._page, "/lesson": self._lesson, "/events": self._events}
        self._answer(answers)

    def do_POST(self) -> None:
        """Execute a command."""
        self._answer({"/command": self._command})

    def _answer(self, answers: dict[str, Any]) -> None:
        try:
            self._check_sender()
            path = urlsplit(self.path).path
            if path not in answers:
                raise Refused(HTTPStatus.NOT_FOUND, f"The path must be one of {', '.join(answers)}.")
            answers[path]()
        except Refused as refused:
            self._send(refused.status, "application/json", as_json({"error": refused.why}).encode())

    def _check_sender(self) -> None:
        """Only this page, opened with the token."""
        if self.headers.get("Host") not in self.server.hosts:
            raise Refused(HTTPStatus.FORBIDDEN, "The Host header must be that of the printed address.")
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self.server.hosts}:
            raise Refused(HTTPStatus.FORBIDDEN, "The Origin header must be that of the printed address.")
        token = parse_qs(urlsplit(self.path).query).get("token", [""])[-1]
        # as bytes, as texts have to be ASCII here; and in a time that tells nothing about the token
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "The token must be that of the printed address.")

    def _page(self) -> None:
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.text)

    def _lesson(self) -> None:
        if self.server.is_taken():
            raise Refused(HTTPStatus.CONFLICT, "This explorer is open in another window.")
        now = {**self.server.document, "now": self.server.live.state()}
        self._send(HTTPStatus.OK, "application/json", as_json(now).encode())

    def _events(self) -> None:
        """Send a stream of events, until the reader disconnects or the server ends."""
        with self.server.the_reader(self.connection):
            # before the reader receives anything, so that it misses no message
            messages = self.server.live.messages(wait=HEARTBEAT)
            self._begin(HTTPStatus.OK, "text/event-stream")
            self.end_headers()
            with suppress(OSError):
                self._write(b": here\n\n")
                for message in messages:
                    if self._is_gone():
                        return
                    if message is not None:
                        self._write(f"data: {as_json(message)}\n\n".encode())
                self._write(b'data: {"kind":"closed"}\n\n')

    def _write(self, text: bytes) -> None:
        self.wfile.write(text)
        self.wfile.flush()

    def _is_gone(self) -> bool:
        """Whether the reader closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _command(self) -> None:
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The Content-Type must be application/json.")
        try:
            self.server.live.command(json_values(self._body()))
        except ValueError as error:  # malformed, or an unknown command
            why = str(error) if isinstance(error, ConfigurationError) else "A command is JSON."
            raise Refused(HTTPStatus.BAD_REQUEST, why) from None
        self._send(HTTPStatus.OK, "application/json", b'{"ok":true}')

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "The Content-Length must be given.")
        if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            why = f"The Content-Length must be at most {MOST_BYTES}."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        body = self.rfile.read(int(length))
        self.server.has_arrived(self.connection)
        return body

    def _begin(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", policy(served=True))

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._begin(status, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, form: str, *values: Any) -> None:
        """Log nothing: the address contains the token."""
