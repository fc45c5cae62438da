"""An application as a process that answers: how the web app and the reward server are run."""

import gc
import socket
from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI

from app.supervisor import PATIENCE


def answer(app: FastAPI, listeners: Sequence[socket.socket]) -> None:
    """Answers on these sockets until Ctrl-C or SIGTERM.

    Then nobody is let in any more, and requests in flight are finished; those that take too long are cut.
    """
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=PATIENCE
    )
    # what is there now stays, and need not be looked through again and again
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(list(listeners))
