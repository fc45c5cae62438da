"""An application as a process that answers: how the web app and the reward server are run."""

import gc
import socket
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI

from app.supervisor import PATIENCE


def answer(app: FastAPI, listeners: Sequence[socket.socket], stopping: Callable[[], None] = lambda: None) -> None:
    """Answers on these sockets until Ctrl-C or SIGTERM.

    Then nobody is let in any more, and requests in flight are finished; those that take too long are cut. `stopping` is
    called in the event loop before they are waited for.
    """
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=PATIENCE
    )
    # what is there now stays, and need not be looked through again and again
    gc.collect()
    gc.freeze()
    _Server(config, stopping).run(list(listeners))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()  # the lifespan of the app hears of it when nobody is left
        await super().shutdown(sockets)
