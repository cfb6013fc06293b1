"""What the routes ask for, as type aliases, so that their signatures read as sentences."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Depends, Request

from rag_cs.bootstrap import Store, System
from rag_cs.errors import Busy
from rag_cs.server.access import Caller, Gate, Need
from rag_cs.server.jobs import Jobs
from rag_cs.server.limits import Places
from rag_cs.server.metrics import Metrics
from rag_cs.server.models import Models
from rag_cs.stores.audit import Change

# Those that only reach for something are coroutines: FastAPI runs others on a thread, each at the
# price of a switch there and back.


async def _system(request: Request) -> System:
    system: System = request.app.state.system
    return system


async def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


async def _models(request: Request) -> Models:
    models: Models = request.app.state.models
    return models


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


async def _ready_system(system: TheSystem, models: TheModels) -> System:
    if not models.ready:
        raise Busy(models.reason or "The models are still loading. Try again in a few seconds.")
    return system


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller  # `doorkeeper` put it there
    return caller


async def _change(request: Request) -> Change:
    change: Change = request.state.change  # `audit` put it there
    return change


class _Allowed:
    """The name of the path's store, for a request that may do what is needed there."""

    def __init__(self, need: Need) -> None:
        self._need = need

    def __call__(self, request: Request, store: str, gate: TheGate) -> str:
        return gate.allow(request, store, self._need)


class _Place:
    """One of so many at once, held until the response is sent whole."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, request: Request) -> AsyncGenerator[None]:
        places: Places = request.app.state.places[self._name]
        with places.place():
            yield


def _ask_store(name: Askable, system: ReadySystem) -> Store:
    return system.store(name)


def _read_store(name: Readable, system: ReadySystem) -> Store:
    return system.store(name)


def _write_store(name: Writable, system: ReadySystem) -> Store:
    return system.store(name)


TheSystem = Annotated[System, Depends(_system)]
TheJobs = Annotated[Jobs, Depends(_jobs)]
TheModels = Annotated[Models, Depends(_models)]
TheMetrics = Annotated[Metrics, Depends(_metrics)]
TheGate = Annotated[Gate, Depends(_gate)]
ReadySystem = Annotated[System, Depends(_ready_system)]
TheCaller = Annotated[Caller, Depends(_caller)]
TheChange = Annotated[Change, Depends(_change)]
# The name of the path's store, where the key may ask, look into documents, or change them.
Askable = Annotated[str, Depends(_Allowed("ask"))]
Readable = Annotated[str, Depends(_Allowed("read"))]
Writable = Annotated[str, Depends(_Allowed("write"))]
AskStore = Annotated[Store, Depends(_ask_store)]
ReadStore = Annotated[Store, Depends(_read_store)]
WriteStore = Annotated[Store, Depends(_write_store)]
# For routes that are refused beyond so many at once.
ANSWERS, SEARCHES, EXPORTS = (Depends(_Place(name)) for name in ("answers", "searches", "exports"))
