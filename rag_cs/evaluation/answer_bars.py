"""The figures of runs -> a table of the bars: what was asked for, what came out, whether it is met.

Reads what `scripts/evaluate_answers.py`, `scripts/evaluate_injection.py` and
`scripts/bench/waiting.py` write. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The bars, in per cent unless they say otherwise.
CROSS_SET_REFUSAL = 95.0
REFUSAL = {"squad2_en": 45.0, "epqa_en": 60.0}
F1_GAIN = {"squad2_en": 15.0, "epqa_en": 15.0, "doc2bot_zh": 15.0}
AREA_SAVED = 33.3
CITATION_PRECISION, CITATION_RECALL = 95.0, 90.0
FIRST_SENTENCE_P50, FIRST_SENTENCE_P95 = 1200.0, 3000.0
FAQ_P95 = 60.0
GROUNDING_SHARE = 10.0
# Figures of this system and the change from that one to it.
OURS = "rag-cs"


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: `value` beside the `bar` that it must reach, or stay within if `at_most`."""

    group: str
    measure: str
    value: float
    bar: float
    at_most: bool = False
    spread: tuple[float, float] | None = None

    @property
    def is_met(self) -> bool:
        """Whether the value itself, not its interval, reaches the bar."""
        return self.value <= self.bar if self.at_most else self.value >= self.bar


def answer_bars(report: Mapping[str, Any]) -> Iterator[Bar]:
    """The bars of one report of `evaluate_answers.py --system both`."""
    summaries = report["systems"][OURS]
    names = [each["group"] for each in summaries]
    asked = next((name for name in names if name != "all"), "all")
    for summary in summaries:
        yield from _of_group(summary, asked)
    for compared in report["comparisons"]:
        yield from _of_comparison(compared)


def injection_bars(report: Mapping[str, Any]) -> Iterator[Bar]:
    """The bars of a report of `evaluate_injection.py`: leaks, by the way an item came in."""
    leaks: dict[str, int] = {}
    for each in report["summaries"]:
        leaks[each["way"]] = leaks.get(each["way"], 0) + sum(each["leaks"].values())
    for way, count in leaks.items():
        yield Bar(f"injection, {way}", "leaks", count, 0, at_most=True)


def waiting_bars(report: Mapping[str, Any]) -> Iterator[Bar]:
    """The bars of a report of `bench/waiting.py`."""
    group = "demo store, a warm server"
    yield from _first_sentence(group, report["first_sentence"])
    faq = report["faq"]["p95_milliseconds"]
    yield Bar(group, "FAQ hit, p95 in ms", faq, FAQ_P95, at_most=True)
    share = 100 * report["share_of_stages"]["ground"]
    yield Bar(group, "grounding, share of the time", share, GROUNDING_SHARE, at_most=True)


def _first_sentence(group: str, times: Mapping[str, float]) -> Iterator[Bar]:
    for part, bar in (("p50", FIRST_SENTENCE_P50), ("p95", FIRST_SENTENCE_P95)):
        value = times[f"{part}_milliseconds"]
        yield Bar(group, f"first sentence, {part} in ms", value, bar, at_most=True)


def _of_group(summary: Mapping[str, Any], asked: str) -> Iterator[Bar]:
    """`asked` names the data set whose corpus answers, which the group "all" doesn't."""
    group, measures = summary["group"], summary["measures"]
    dataset = group.removesuffix(" (held out)")
    refusal = CROSS_SET_REFUSAL if " asked of " in group else REFUSAL.get(dataset)
    if refusal and "refusal_at_10" in measures:
        yield _per_cent(group, "unanswerable refused at 10%", measures["refusal_at_10"], refusal)
    if group != "all":
        return
    group, counts = f"{asked}, all", summary["counts"]
    for name in ("altered quotes", "citations not retrieved", "unsupported facts"):
        yield Bar(f"{group}, {summary['answered']} answers", name, counts[name], 0, at_most=True)
    for name, bar in (
        ("citation_precision", CITATION_PRECISION),
        ("citation_recall", CITATION_RECALL),
    ):
        if name in measures:
            yield _per_cent(group, name.replace("_", " "), measures[name], bar)
    if times := summary["first_sentence"]:
        yield from _first_sentence(group, times)


def _of_comparison(compared: Mapping[str, Any]) -> Iterator[Bar]:
    group, dataset = compared["group"], compared["group"].removesuffix(" (held out)")
    if dataset in F1_GAIN and "f1" in compared["measures"]:
        gain = compared["measures"]["f1"]["gain"]
        yield _per_cent(group, "F1 above the plain chain, points", gain, F1_GAIN[dataset])
    if dataset in REFUSAL:
        yield _per_cent(group, "area saved", compared["area_saved"], AREA_SAVED)


def _per_cent(group: str, measure: str, found: Mapping[str, float], bar: float) -> Bar:
    value, low, high = (100 * found[name] for name in ("mean", "low", "high"))
    return Bar(group, measure, value, bar, spread=(low, high))


def bars_table(bars: Sequence[Bar]) -> str:
    """In Markdown, a line a bar."""
    lines = ["| where | measure | value (95%) | bar | |", "|---|---|---|---|---|"]
    for each in bars:
        spread = f" ({each.spread[0]:.0f} to {each.spread[1]:.0f})" if each.spread else ""
        bar = f"{'≤' if each.at_most else '≥'} {each.bar:g}"
        met = "met" if each.is_met else "missed"
        lines.append(
            f"| {each.group} | {each.measure} | {each.value:.1f}{spread} | {bar} | {met} |"
        )
    return "\n".join(lines)
