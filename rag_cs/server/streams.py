"""An answer on its way, piece by piece: what goes wrong with it is its last piece."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from rag_cs.errors import RagError
from rag_cs.server.metrics import Metrics
from rag_cs.server.problems import UNEXPECTED, problem, reason_of, status_of

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stream ends before its time."""

    problem: dict[str, Any]


async def with_failure(request: Request, events: AsyncGenerator[T]) -> AsyncGenerator[T | Failure]:
    """The events and, when they fail, why: the head of the response is gone by then."""
    metrics: Metrics = request.app.state.metrics
    async with aclosing(events):
        with metrics.streams.track_inprogress():
            try:
                async for event in events:
                    yield event
            except RagError as error:
                metrics.refusals.labels(reason_of(error)).inc()
                yield Failure(problem(request, status_of(error), str(error)))
            except Exception:
                log.exception("a stream failed")
                yield Failure(problem(request, 500, UNEXPECTED))
