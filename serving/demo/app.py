"""The web application of the demo page."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import jinja2
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.client import Connection
from serving.client.predictor import ModelAddress
from serving.demo.decoding import Event, decode
from serving.demo.line import LONGEST_LINE, MOST_BYTES, Line, LineError

_FOLDER = Path(__file__).parent
_HEADERS = {
    # The page runs its own scripts and no others, and talks to its own server alone.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # ask whether it has changed: the package may have been updated
}


def create_app(connection: Connection, model: ModelAddress) -> Starlette:
    """The application: the page at `/`, and `POST /translate` behind it.

    `/translate` takes what `Line.parse` reads, and answers with the events of `decode`, one JSON object a line, as
    they happen; 400 or 413 with `{"message": ...}` where the request cannot be used. A client that hangs up cancels
    the calls of the model server.

    Args:
      connection: where the model server is; it need not run yet.
      model: which model is asked.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    templates = Jinja2Templates(env=environment)

    async def page(request: Request) -> Response:
        context = {"model": model.name, "address": connection.address, "longest_line": LONGEST_LINE}
        return templates.TemplateResponse(request, "page.html", context)

    async def translate(request: Request) -> Response:
        try:
            line = Line.parse(await _read(request))
        except LineError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        except _TooLargeError:
            return JSONResponse({"message": f"The request has more than {MOST_BYTES:,} bytes."}, status_code=413)
        return StreamingResponse(_json_lines(decode(connection, model, line)), media_type="application/x-ndjson")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/translate", translate, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_FOLDER / "static")),
        ],
        middleware=[Middleware(_WithHeaders)],
    )


class _TooLargeError(Exception):
    pass


async def _read(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _TooLargeError
    return body


async def _json_lines(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    async for event in events:
        yield json.dumps(event, ensure_ascii=False).encode() + b"\n"


class _WithHeaders:
    """Adds the headers that every response has."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)
