"""Logs: JSON lines, one event a line; on stdout of what serves, on stderr of commands that print an answer."""

import logging
import sys
from typing import TextIO

import structlog


def configure(level: str, stream: TextIO | None = None) -> None:
    """Write lines of at least `level` to `stream`, stdout without one; libraries' own only from warning up, in the same form."""
    least = getattr(logging, level.upper(), logging.INFO)
    stream = stream or sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_without_meta, renderer]))
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)


def _without_meta(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, name, event)
