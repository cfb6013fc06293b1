"""What the routes ask for, as type aliases, so that their signatures read as sentences."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from rag_cs.bootstrap import Store, System
from rag_cs.errors import Busy
from rag_cs.server.access import Need, allow
from rag_cs.server.jobs import Jobs
from rag_cs.server.models import Models
from rag_cs.stores.keys import Key


def _system(request: Request) -> System:
    system: System = request.app.state.system
    return system


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def _models(request: Request) -> Models:
    models: Models = request.app.state.models
    return models


def _ready_system(system: TheSystem, models: TheModels) -> System:
    if not models.ready:
        raise Busy(models.reason or "The models are still loading. Try again in a few seconds.")
    return system


def _key(request: Request) -> Key:
    key: Key = request.state.key  # `access.Doorkeeper` put it there
    return key


class _Allowed:
    """The name of the path's store, for a request that may do what is needed there."""

    def __init__(self, need: Need) -> None:
        self._need = need

    def __call__(self, store: str, key: TheKey) -> str:
        return allow(key, store, self._need)


def _ask_store(name: Askable, system: ReadySystem) -> Store:
    return system.store(name)


def _read_store(name: Readable, system: ReadySystem) -> Store:
    return system.store(name)


def _write_store(name: Writable, system: ReadySystem) -> Store:
    return system.store(name)


TheSystem = Annotated[System, Depends(_system)]
TheJobs = Annotated[Jobs, Depends(_jobs)]
TheModels = Annotated[Models, Depends(_models)]
ReadySystem = Annotated[System, Depends(_ready_system)]
TheKey = Annotated[Key, Depends(_key)]
# The name of the path's store, where the key may ask, look into documents, or change them.
Askable = Annotated[str, Depends(_Allowed("ask"))]
Readable = Annotated[str, Depends(_Allowed("read"))]
Writable = Annotated[str, Depends(_Allowed("write"))]
AskStore = Annotated[Store, Depends(_ask_store)]
ReadStore = Annotated[Store, Depends(_read_store)]
WriteStore = Annotated[Store, Depends(_write_store)]
