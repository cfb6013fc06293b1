"""The demo: ingest knowledge/demo, answer three questions, serve the page.

The questions are one in Chinese, one in English, and one whose answer is in no document.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = (
    "买了不满意，几天之内可以退货？",
    "How much does standard shipping cost?",
    "Do you offer gift wrapping?",
)


def main() -> int:
    """Run the demo; the exit status of the first step that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-serve", action="store_true", help="stop after the answers")
    parser.add_argument("--port", default="8000", help="port of the page")
    arguments = parser.parse_args()
    os.chdir(ROOT)

    status = _rag_cs("models", "fetch") or _rag_cs("ingest", "--store", "demo", "knowledge/demo")
    if status:
        return status
    if status := _answer_all():
        return status
    if arguments.no_serve:
        return 0
    print(f"\nThe page is at http://127.0.0.1:{arguments.port}/ (Ctrl-C ends it).\n", flush=True)
    return _rag_cs("serve", "--port", arguments.port)


def _answer_all() -> int:
    import asyncio

    from rag_cs.bootstrap import System
    from rag_cs.cli import format_answer
    from rag_cs.errors import RagError

    async def ask_all(system: System) -> None:
        assistant = system.assistant(system.store("demo"))
        for question in QUESTIONS:
            answer = await assistant.answer(question)
            print(f"\n> {question}\n{format_answer(answer)}", flush=True)

    try:
        with closing(System()) as system:
            asyncio.run(ask_all(system))
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _rag_cs(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "rag_cs", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
