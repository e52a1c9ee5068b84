"""The emulator on the network: three loopback listeners on free ports."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from connect_emulator.control import CONTROL_PATH, control
from connect_emulator.emulator import Emulator
from connect_emulator.exchange import Request, Response, json_response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICES = ("connect", "qconnect", "cloudtrail")
_CHUNK = 64 * 1024
# Beyond this even an oversized body is not read to its end.
_DRAINED = 64 * 1024 * 1024
# Answered when the emulator itself is at fault, so that a client never sees a stack trace.
_BROKEN = json_response(500, {"message": "The emulator failed; see its log"})

_LOG = logging.getLogger(__name__)

Ports = dict[str, int]


class _QuietHandler(WSGIRequestHandler):
    """Requests are counted and recorded by the emulator; the server does not log them too."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Server:
    """The running listeners; close it, or use it as a context manager.

    Assigning another ``emulator`` starts over without changing the endpoints.
    """

    def __init__(self, emulator: Emulator, ports: Ports | None = None) -> None:
        self.emulator = emulator
        self._servers = {name: self._listen(name, (ports or {}).get(name, 0)) for name in SERVICES}
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            for server in self._servers.values()
        ]
        for thread in self._threads:
            thread.start()

    @property
    def connect_url(self) -> str:
        return self.url("connect")

    @property
    def qconnect_url(self) -> str:
        return self.url("qconnect")

    @property
    def cloudtrail_url(self) -> str:
        return self.url("cloudtrail")

    def url(self, service: str) -> str:
        """The endpoint of a service, for ``endpoint_url``."""
        return f"http://127.0.0.1:{self._servers[service].port}"

    def _listen(self, service: str, port: int) -> BaseWSGIServer:
        app = application(lambda: self.emulator, service)
        return make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler)

    def close(self) -> None:
        """Stop listening; calls that are held up by a latency are let go."""
        self.emulator.closing.set()
        for server in self._servers.values():
            server.shutdown()
        for thread in self._threads:
            thread.join()
        for server in self._servers.values():
            server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def serve(emulator: Emulator, ports: Ports | None = None) -> Server:
    """Serve on loopback: one listener for each service, on free ports unless ``ports`` says."""
    return Server(emulator, ports)


def application(
    emulator: Callable[[], Emulator], service: str
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """The WSGI application of one service; ``emulator`` is asked anew for each request."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = _respond(emulator(), service, environ)
        if response.reset:
            _reset(environ)
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        start_response(f"{response.status} -", list(headers.items()))
        return [response.body]

    return app


def _respond(emulator: Emulator, service: str, environ: WSGIEnvironment) -> Response:
    try:
        request = _request(environ, emulator.settings.max_body_bytes)
        if request.path.startswith(CONTROL_PATH):
            return control(emulator, request)
        return emulator.handle(service, request)
    except ConnectionError:
        raise  # the client has gone; the server knows what to do
    except OSError as error:
        return json_response(400, {"message": f"The request cannot be read: {error}"})
    except Exception:
        _LOG.exception("%s failed", environ.get("RAW_URI"))
        return _BROKEN


def _request(environ: WSGIEnvironment, max_body_bytes: int) -> Request:
    path, _, query = str(environ.get("RAW_URI", "/")).partition("?")
    return Request(
        environ["REQUEST_METHOD"],
        path,
        query,
        _headers(environ),
        _read(environ, max_body_bytes),
        str(environ.get("REMOTE_ADDR", "127.0.0.1")),
    )


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    return {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _read(environ: WSGIEnvironment, max_body_bytes: int) -> bytes:
    """The body, cut somewhere beyond the limit.

    The rest is read away, so that the client sees the answer instead of a broken pipe.
    """
    body = b""
    left = min(_length(environ), _DRAINED)
    while left > 0:
        chunk = environ["wsgi.input"].read(min(_CHUNK, left))
        if not chunk:
            break
        left -= len(chunk)
        if len(body) <= max_body_bytes:
            body += chunk
    return body


def _length(environ: WSGIEnvironment) -> int:
    if environ.get("wsgi.input_terminated"):
        return _DRAINED
    text = str(environ.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _reset(environ: WSGIEnvironment) -> None:
    """Drop the connection without an answer, at once rather than when the handler is done."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError
