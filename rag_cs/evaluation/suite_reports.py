"""A run of a store's regression suite -> text for a terminal, and a page to look at."""

from __future__ import annotations

from collections.abc import Sequence

from rag_cs.evaluation import html
from rag_cs.evaluation.charts import bars
from rag_cs.evaluation.metrics import bootstrap
from rag_cs.evaluation.suite import Changes, Outcome, Run

_KINDS = {
    "faq": "FAQ questions in other words",
    "heading": "headings as questions",
    "code": "codes looked up",
    "term": "terms looked up",
    "article": "articles looked up",
    "number": "figures looked up",
    "own": "questions of your own",
}
_SHOWN = 20


def suite_text(store: str, run: Run, changes: Changes | None) -> str:
    """What a merchant should know, in a screen or two."""
    parts = [
        f"Store {store!r}: {run.count('passed')} of {_asked(run)} questions find their passage "
        f"among the first {run.top_k}."
    ]
    if changes is None:
        parts.append("This is the first run that is kept; later ones are compared with it.")
    else:
        parts.append(_changes_line(changes))
        parts += _listed("Answered in the accepted run, and not now:", changes.broken)
    failed = [outcome for outcome in run.outcomes if outcome.state == "failed"]
    parts += _listed("Questions that fail:", failed)
    stale = sorted({outcome.document for outcome in run.outcomes if outcome.state == "stale"})
    parts += _names(
        f"Documents whose questions are out of date ({run.count('stale')} questions: the quote is "
        "gone; edit or delete their lines):",
        stale,
    )
    parts += _names("Documents that no question finds:", run.unreached)
    parts += _names("Documents that no question asks about:", run.unasked)
    return "\n\n".join(parts)


def suite_page(store: str, run: Run, changes: Changes | None) -> str:
    """The same and more, as a page."""
    kinds = {
        f"{_KINDS.get(kind, kind)} ({len(values)})": bootstrap(values)
        for kind, values in sorted(_by_kind(run).items())
    }
    cards = {
        "questions": f"{_asked(run):,}",
        "answered": f"{run.count('passed'):,}",
        "failed": f"{run.count('failed'):,}",
        "out of date": f"{run.count('stale'):,}",
    }
    sections = [html.figures(cards)]
    if changes:
        sections.append(_changes_section(changes))
    if kinds:
        sections.append(html.section("By kind of question", bars(kinds, "answered, per cent")))
    failed = [outcome for outcome in run.outcomes if outcome.state == "failed"]
    stale = [outcome for outcome in run.outcomes if outcome.state == "stale"]
    sections += [
        html.section("Questions that fail", _table(failed, "Every question is answered.")),
        html.section(
            "Documents to look at",
            _documents("No question finds it", run.unreached),
            _documents("No question asks about it", run.unasked),
        ),
    ]
    if stale:
        note = "Their quote is no longer in the document: edit or delete these lines."
        sections.append(html.section("Out of date", html.text(note), _table(stale, "")))
    title = f"Store {store}: can its questions be answered?"
    return html.page(title, f"A passage counts when it is among the first {run.top_k}.", sections)


def _asked(run: Run) -> int:
    return len(run.outcomes) - run.count("stale")


def _by_kind(run: Run) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for outcome in run.outcomes:
        if outcome.state != "stale":
            values.setdefault(outcome.kind, []).append(float(outcome.state == "passed"))
    return values


def _changes_line(changes: Changes) -> str:
    return (
        f"Since the accepted run: {len(changes.broken)} newly failing, {len(changes.fixed)} fixed, "
        f"{changes.added} new, {changes.removed} gone."
    )


def _changes_section(changes: Changes) -> str:
    parts = [html.text(_changes_line(changes))]
    if changes.broken:
        parts.append(_table(changes.broken, ""))
    if changes.fixed:
        parts.append(html.folded("Fixed", _table(changes.fixed, "")))
    return html.section("Since the accepted run", *parts)


def _table(outcomes: Sequence[Outcome], otherwise: str) -> str:
    if not outcomes:
        return html.text(otherwise)
    rows = [
        [each.question, each.document, _short(each.quote), _rank(each), each.instead]
        for each in outcomes
    ]
    return html.table(["question", "document", "what answers it", "at", "what came first"], rows)


def _rank(outcome: Outcome) -> str:
    return str(outcome.rank or "beyond 50") if outcome.state != "stale" else ""


def _documents(title: str, names: Sequence[str]) -> str:
    if not names:
        return html.text(f"{title}: none.")
    return html.folded(f"{title}: {len(names)}", html.table(["document"], [[n] for n in names]))


def _listed(title: str, outcomes: Sequence[Outcome]) -> list[str]:
    lines = [
        f"  {each.question}\n    should find, in {each.document}: {_short(each.quote)}"
        f"\n    found it at {_rank(each)}"
        f"\n    came first: {_short(each.instead) or 'nothing'}"
        for each in outcomes[:_SHOWN]
    ]
    return ["\n".join([title, *lines, *_more(len(outcomes))])] if outcomes else []


def _names(title: str, names: Sequence[str]) -> list[str]:
    lines = [f"  {name}" for name in names[:_SHOWN]]
    return ["\n".join([title, *lines, *_more(len(names))])] if names else []


def _more(count: int) -> list[str]:
    return [f"  … and {count - _SHOWN} more, on the page"] if count > _SHOWN else []


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:100]}…"
