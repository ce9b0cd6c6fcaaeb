"""The server that Git hosts deliver to: ``POST /webhooks/HOST`` and ``GET /health``, and nothing else."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from spalje.ci.webhook import LIMIT, NOT_FOUND, TOO_LARGE, Answer, Webhooks
from spalje.errors import BadInput

if TYPE_CHECKING:
    import socket

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

#: Seconds that a host may take to send a delivery.
PATIENCE_S = 30.0
#: So many deliveries are taken at the same time; the others are told to come again.
AT_ONCE = 64
#: Seconds that what is being answered may take when the server is asked to stop.
LAST_S = 10

TOO_SLOW = Answer(408, f"A delivery is waited for {PATIENCE_S:g} s.")
CUT_OFF = Answer(400, "The delivery was cut off.")


def application(webhooks: Webhooks, say: Callable[[str], None]) -> "Starlette":
    """The application, for any ASGI server.

    Args:
        webhooks: takes the deliveries.
        say: told of every request, in one line without secrets.

    Raises:
        BadInput: the server's packages are not installed.
    """
    try:
        from starlette.applications import Starlette  # noqa: PLC0415  belongs to the extra 'studio'
        from starlette.concurrency import run_in_threadpool  # noqa: PLC0415
        from starlette.responses import JSONResponse  # noqa: PLC0415
        from starlette.routing import Route  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error

    def answered(answer: Answer) -> "Response":
        return JSONResponse({"said": answer.text, "jobs": list(answer.jobs)}, answer.status)

    async def health(_: "Request") -> "Response":
        return answered(Answer(200, "Well."))

    async def deliver(request: "Request") -> "Response":
        began = time.monotonic()
        host = str(request.path_params["host"])
        answer = await _answer(webhooks, host, request, run_in_threadpool)
        name = host if webhooks.knows(host) else "(unknown)"
        took = 1000 * (time.monotonic() - began)
        say(f"{name} {answer.status} {took:.0f} ms {_shown(answer.text)}")
        return answered(answer)

    async def broken(_: "Request", error: Exception) -> "Response":
        say(f"unforeseen: {type(error).__name__}")
        return answered(Answer(500, "Something unforeseen went wrong. Send it again later."))

    return Starlette(
        routes=[
            Route("/webhooks/{host}", deliver, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
        ],
        exception_handlers={Exception: broken},
    )


async def _answer(
    webhooks: Webhooks, host: str, request: "Request", in_thread: Callable[..., Awaitable[Answer]]
) -> Answer:
    """Read no more of a delivery than it may have, whatever it says of its length, and take it."""
    from starlette.requests import ClientDisconnect  # noqa: PLC0415  belongs to the extra 'studio'

    if not webhooks.knows(host):
        return NOT_FOUND
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for part in request.stream():
                body += part
                if len(body) > LIMIT:
                    return TOO_LARGE
    except TimeoutError:
        return TOO_SLOW
    except ClientDisconnect:
        return CUT_OFF
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        return await in_thread(webhooks.receive, host, headers, bytes(body))
    except Exception as error:  # noqa: BLE001  a host is shown nothing of us
        sys.stderr.write(f"spalje: a delivery of '{host}' was not taken: {type(error).__name__}\n")
        return Answer(500, "Something unforeseen went wrong. Send it again later.")


def _shown(text: str) -> str:
    """A text that others may have had a hand in, as it may stand in a log: one line, not long, no control signs."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:300]


def serve(webhooks: Webhooks, listener: "socket.socket", say: Callable[[str], None]) -> None:
    """Serve until somebody stops the process; what is being answered then is answered.

    Args:
        webhooks: takes the deliveries.
        listener: where it listens.
        say: told of every request, in one line without secrets.

    Raises:
        BadInput: the server's packages are not installed.
    """
    app = application(webhooks, say)
    try:
        import uvicorn  # noqa: PLC0415  belongs to the extra 'studio'
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error

    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=LAST_S,
        lifespan="off",
        ws="none",
    )
    webhooks.see_to_all()
    uvicorn.Server(config).run(sockets=[listener])


def _not_installed(error: ModuleNotFoundError) -> BadInput:
    return BadInput(
        f"The server for webhooks needs {error.name}, which is not installed.",
        do='Install it with: pip install "spalje[studio]"',
    )
