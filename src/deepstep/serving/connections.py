"""Connections that end where no request arrives in time; uvicorn has a limit for idle ones alone."""

from asyncio import BaseTransport, TimerHandle

from uvicorn.protocols.http.h11_impl import H11Protocol


class InTime(H11Protocol):
    """Between requests bytes do not count: only a request whose headers are complete stops the clock.

    The clock runs on after an answer, so that it also ends connections whose client does not take the answer.
    """

    seconds = 30.0
    _clock: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Start the clock."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._await_request()

    def on_response_complete(self) -> None:
        """Restart the clock before the next request, which may be there, is read."""
        self._await_request()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        self._stop()
        self._clock = self.loop.call_later(self.seconds, self._end_without, self.cycle)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()

    def _end_without(self, cycle: object) -> None:
        """End the connection, what is not sent included, unless a request followed that of a cycle."""
        if self.cycle is cycle:
            self.transport.abort()


def in_time(seconds: float) -> type[InTime]:
    """The protocol with another limit."""
    return type("InTime", (InTime,), {"seconds": seconds})
