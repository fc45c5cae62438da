"""What the processes write while they run: lines for people on a terminal, JSON for machines anywhere else."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from app.settings import Settings

OURS = ("touchstone", "app")  # loggers; others speak up from a warning on
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Lines(logging.Formatter):
    """A record as one line of JSON; what the record carries as `fields` stands in place of its message."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] | None = getattr(record, "fields", None)
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        } | (fields or {"request_id": request_id.get(), "message": record.getMessage()})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _encode(entry)


def configure(settings: Settings) -> None:
    """Sets up the logging of this process, to standard error."""
    text = settings.log_format == "text" or (not settings.log_format and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s") if text else Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel((settings.log_level or ("warning" if text else "info")).upper())
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    # the line of the request has told of it, with its traceback
    return record.msg != "Exception in ASGI application\n"
