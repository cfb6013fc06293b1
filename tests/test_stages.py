from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace

import pytest

from rag_cs.stages import counted, during, stage, watch
from tests.test_bootstrap import make_system

FACT = "Unused goods go back within 7 days."


class Notes:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.counted: list[tuple[int, int]] = []

    def begin(self, name: str) -> Callable[[], None]:
        self.begun.append(name)
        return lambda: self.ended.append(name)

    def tokens(self, prompt: int, completion: int) -> None:
        self.counted.append((prompt, completion))


@stage("retrieve")
def fails(message: str) -> None:
    """Says so."""
    raise ValueError(message)


async def test_an_answer_s_stages_are_told_in_their_order(tmp_path: Path) -> None:
    system = make_system(tmp_path, FACT)
    store = system.store("demo", create=True)
    store.ingester.ingest(FACT.encode(), "returns.md")
    notes = Notes()
    watch(notes)
    await system.assistant(store).answer("When can unused goods go back?")
    assert list(dict.fromkeys(notes.begun)) == ["rewrite", "retrieve", "generate", "ground"]
    assert sorted(notes.begun) == sorted(notes.ended)
    watch(None)
    await system.assistant(store).answer("When can unused goods go back?")
    assert len(notes.begun) == len(notes.ended)
    system.close()


def test_a_stage_that_fails_has_ended_too() -> None:
    notes = Notes()
    context = contextvars.copy_context()
    context.run(watch, notes)
    with pytest.raises(ValueError, match="why"):
        context.run(fails, "why")
    assert notes.begun == notes.ended == ["retrieve"]
    assert fails.__doc__ == "Says so."


def test_each_context_has_its_own_watcher() -> None:
    one, two = Notes(), Notes()
    for notes in (one, two):
        context = contextvars.copy_context()
        context.run(watch, notes)
        with pytest.raises(ValueError, match="x"):
            context.run(fails, "x")
    with pytest.raises(ValueError, match="x"):
        fails("x")
    assert one.begun == two.begun == ["retrieve"]


async def test_a_generation_left_early_has_ended_and_closed_its_stream() -> None:
    notes = Notes()
    closed: list[bool] = []

    async def pieces() -> AsyncGenerator[SimpleNamespace]:
        try:
            yield SimpleNamespace(usage_metadata=None)
            yield SimpleNamespace(usage_metadata={"input_tokens": 9, "output_tokens": 4})
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    watch(notes)
    with during("generate"):
        async with aclosing(counted(pieces())) as stream:
            await anext(stream)
            await anext(stream)
    assert notes.counted == [(9, 4)]
    assert closed == [True]
    assert notes.begun == notes.ended == ["generate"]
    watch(None)
