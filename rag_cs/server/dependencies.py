"""What the routes ask for, as type aliases, so that their signatures read as sentences."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from rag_cs.bootstrap import Store, System
from rag_cs.errors import Busy
from rag_cs.server.jobs import Jobs
from rag_cs.server.models import Models


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


def _store(store: str, system: ReadySystem) -> Store:
    """The one place where a request reaches a store."""
    return system.store(store)


TheSystem = Annotated[System, Depends(_system)]
TheJobs = Annotated[Jobs, Depends(_jobs)]
TheModels = Annotated[Models, Depends(_models)]
ReadySystem = Annotated[System, Depends(_ready_system)]
TheStore = Annotated[Store, Depends(_store)]
