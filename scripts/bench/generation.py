"""First-token time and token rate of the OpenVINO chat model, and of transformers.generate in
float32, on the same weights and prompts.

    python scripts/bench/generation.py [--model FOLDER] [--prompts prompts.jsonl] [--json FILE]

Each line of the prompts is {"messages": [{"role", "content"}, …]}; without a file they are those
of the demo store's questions. Both are greedy; OpenVINO keeps
its prefix cache from one question to the next, as a server does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from langchain_core.messages import convert_to_messages, convert_to_openai_messages

from rag_cs.answerable import unread
from rag_cs.assistant import TOP_K
from rag_cs.bootstrap import System
from rag_cs.bootstrap.models import models_folder
from rag_cs.generators.base import EngineChatModel
from rag_cs.generators.openvino import OpenVINOChatModel
from rag_cs.generators.transformers import TransformersChatModel
from rag_cs.ingest import find_files
from rag_cs.prompt import build_prompt
from rag_cs.settings import Settings, StorageSettings
from rag_cs.weights import resolve

ROOT = Path(__file__).resolve().parents[2]
Prompt = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Timing:
    """One answer. `milliseconds_per_token` counts the tokens after the first piece of text and is
    None for an answer that had no more."""

    first_text_seconds: float
    total_seconds: float
    tokens: int
    milliseconds_per_token: float | None
    text: str


def time_answer(model: EngineChatModel, prompt: Prompt, max_tokens: int) -> Timing:
    """Stream one answer. Text counts as first when it is shown; the first piece is one token."""
    begun = time.perf_counter()
    first, text, tokens = 0.0, "", 0
    for piece in model.stream(convert_to_messages(prompt), max_tokens=max_tokens):
        first = first or time.perf_counter() - begun
        text += piece.text
        if piece.usage_metadata:
            tokens = piece.usage_metadata["output_tokens"]
    total = time.perf_counter() - begun
    rate = (total - first) / (tokens - 1) * 1000 if tokens > 1 else None
    return Timing(first, total, tokens, rate, text)


def summary(timings: Sequence[Timing]) -> dict[str, float]:
    """Medians over the answers, and the rate over all of them together."""
    rates = [each.milliseconds_per_token for each in timings if each.milliseconds_per_token]
    after_first = sum(each.total_seconds - each.first_text_seconds for each in timings)
    return {
        "first_text_seconds": statistics.median(each.first_text_seconds for each in timings),
        "milliseconds_per_token": statistics.median(rates),
        "tokens_per_second": sum(each.tokens - 1 for each in timings) / after_first,
    }


def compare(model: Path, prompts: Sequence[Prompt], max_tokens: int) -> dict[str, object]:
    """Time both engines, one after the other so that they don't share the cores. Ratios above 1
    mean that OpenVINO is faster."""
    timings: dict[str, list[Timing]] = {}
    load_seconds: dict[str, float] = {}
    loaders: dict[str, Callable[[], EngineChatModel]] = {
        "openvino": lambda: OpenVINOChatModel.load(model),
        "transformers": lambda: TransformersChatModel.load(model, device="cpu"),
    }
    for name, load in loaders.items():
        begun = time.perf_counter()
        with load() as chat:
            load_seconds[name] = time.perf_counter() - begun
            timings[name] = [time_answer(chat, prompt, max_tokens) for prompt in prompts]
    figures = {name: summary(each) for name, each in timings.items()}
    fast, slow = figures["openvino"], figures["transformers"]
    return {
        "questions": len(prompts),
        "load_seconds": load_seconds,
        "summary": figures,
        "ratios": {
            "first_text": slow["first_text_seconds"] / fast["first_text_seconds"],
            "tokens_per_second": fast["tokens_per_second"] / slow["tokens_per_second"],
        },
        "answers": {name: [asdict(each) for each in some] for name, some in timings.items()},
    }


def print_table(report: dict[str, object]) -> None:
    """Two engines, three figures, and the ratios."""
    summaries, ratios = report["summary"], report["ratios"]
    assert isinstance(summaries, dict)
    assert isinstance(ratios, dict)
    print(f"{'engine':<14}{'first text s':>14}{'ms a token':>12}{'tokens/s':>10}")
    for name, each in summaries.items():
        row = f"{each['first_text_seconds']:>14.2f}{each['milliseconds_per_token']:>12.1f}"
        print(f"{name:<14}{row}{each['tokens_per_second']:>10.1f}")
    print(
        f"first text {ratios['first_text']:.1f} times sooner (bar: 4), "
        f"tokens {ratios['tokens_per_second']:.1f} times faster (bar: 8), "
        f"{report['questions']} questions"
    )


def demo_prompts() -> list[Prompt]:
    """What the assistant asks the generator for the demo store's answerable questions, one in
    Chinese and one in English by turns."""
    questions = json.loads((ROOT / "tests" / "data" / "demo_questions.json").read_text("utf-8"))
    answerable = [entry for entry in questions if entry["answerable"]]
    chinese = [entry for entry in answerable if entry["language"] == "zh"]
    english = [entry for entry in answerable if entry["language"] == "en"]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(storage=StorageSettings(indexes=Path(folder)))
        system = System(settings)
        store = system.store("demo", create=True)
        list(store.ingester.ingest_files(find_files([ROOT / "knowledge" / "demo"])))
        prompts = []
        for pair in zip(chinese, english, strict=False):
            for entry in pair:
                hits = store.retriever.search([entry["question"]], TOP_K)
                evidence = unread(entry["question"], hits).evidence
                messages = build_prompt(entry["question"], evidence, entry["language"])
                prompts.append(convert_to_openai_messages(messages))
        system.close()
    return cast("list[Prompt]", prompts)


def main() -> None:
    """Parse arguments, compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a GGUF file or its folder; default: ours")
    parser.add_argument("--prompts", type=Path, help="JSON lines of messages; default: the demo's")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--max-tokens", type=int, default=96)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.prompts:
        lines = arguments.prompts.read_text("utf-8").splitlines()
        prompts = [json.loads(line)["messages"] for line in lines if line.strip()]
    else:
        prompts = demo_prompts()
    settings = Settings()
    model = arguments.model or resolve(settings.generation.model, cache=models_folder(settings))
    report = compare(model, prompts[: arguments.limit], arguments.max_tokens)
    print_table(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    main()
