"""What a shopper does: search and ask, here or over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rag_cs.cli.common import AsJson, AsOf, StoreName, TopK, day, fail, open_system, print_json

if TYPE_CHECKING:
    from rag_cs.types import Answer, Hit

app = typer.Typer()
LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


@app.command()
def search(
    query: str, store: StoreName, top_k: TopK = 10, as_of: AsOf = "", as_json: AsJson = False
) -> None:
    """Print the passages that are found for a query, best first."""
    with open_system() as system:
        hits = system.store(store).retriever.search([query], top_k, as_of=day(as_of))
    if as_json:
        print_json({"hits": [_hit(hit) for hit in hits]})
        return
    for rank, hit in enumerate(hits, start=1):
        page = f", page {hit.chunk.page}" if hit.chunk.page else ""
        print(f"{rank}. {hit.chunk.title}{page}  [{hit.score:.3f}]\n{hit.chunk.text}\n")
    if not hits:
        print(f"Store {store!r} holds no documents{f' in force on {as_of}' if as_of else ' yet'}.")


@app.command()
def ask(question: str, store: StoreName, as_of: AsOf = "", as_json: AsJson = False) -> None:
    """Answer a question from a store's documents, with the quotes that support it."""
    import asyncio

    with open_system() as system:
        assistant = system.assistant(system.store(store))
        answer = asyncio.run(assistant.answer(question, as_of=day(as_of)))
    if as_json:
        print_json(_answer(answer))
    else:
        print(format_answer(answer))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 picks one.")] = None,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="How the log is written, on standard error.")
    ] = None,
    log_level: Annotated[LogLevel | None, typer.Option(help="What is worth a line.")] = None,
) -> None:
    """Serve the HTTP interface and the page."""
    from rag_cs.hosts import is_loopback
    from rag_cs.server.app import create_app
    from rag_cs.server.logs import configure
    from rag_cs.server.serve import configured, run

    with open_system() as system:
        server = system.settings.server
        server.log_format = log_format or server.log_format
        server.log_level = log_level or server.log_level
        chosen = host or server.host
        local = is_loopback(chosen)
        if not local and not system.keys.any():
            fail(
                f"{chosen} can be reached from other machines, and there is no API key yet. Make "
                "one with `rag-cs keys create admin --all-stores`, or listen on 127.0.0.1."
            )
        configure(server.log_format, server.log_level)
        app = create_app(system, anonymous=local)
        chosen_port = server.port if port is None else port
        if not run(configured(app, server, chosen, chosen_port)):
            fail("The server couldn't begin; the lines above say why.", 3)


def format_answer(answer: Answer) -> str:
    """An answer with its quotes, for a terminal."""
    lines = [answer.text]
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page else ""
        lines.append(f"  — {citation.title}{page}: “{citation.quote}”")
    return "\n".join(lines)


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "answer": answer.text,
        "language": answer.language,
        "citations": [asdict(citation) for citation in answer.citations],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    chunk = hit.chunk
    return {
        "document_id": chunk.document_id,
        "chunk_id": chunk.id,
        "title": chunk.title,
        "text": chunk.text,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "score": hit.score,
    }
