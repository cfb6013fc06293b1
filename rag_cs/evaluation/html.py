"""Parts of a report -> one HTML file that needs nothing else. Every text is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

Cell = str | int | float
"""Numbers stand right, texts left. A text that begins with `+ ` or `- ` is good or bad news."""


def page(title: str, note: str, sections: Sequence[str]) -> str:
    """The whole file: a title, a note below it, and sections made by the functions here."""
    style = files("rag_cs.evaluation").joinpath("report.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f'<h1>{escape(title)}</h1><p class="note">{escape(note)}</p>'
        f"{''.join(sections)}</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading with what belongs below it."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def text(words: str) -> str:
    """A paragraph."""
    return f"<p>{escape(words)}</p>"


def figures(named: Mapping[str, str]) -> str:
    """The few numbers that matter most, large, each above its name."""
    cards = (f"<div><b>{escape(v)}</b><span>{escape(n)}</span></div>" for n, v in named.items())
    return f'<div class="figures">{"".join(cards)}</div>'


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A table; a column whose cells are all numbers is set as one."""
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(header))]
    head = "".join(
        f"<th{_class('number' if number else '')}>{escape(name)}</th>"
        for name, number in zip(header, numeric, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{whole}</div>'


def folded(summary: str, *parts: str) -> str:
    """Parts that are shown when the summary is clicked."""
    return f"<details><summary>{escape(summary)}</summary>{''.join(parts)}</details>"


def write_page(path: Path, content: str) -> None:
    """Write a page to `path`; the folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")


def _cell(value: Cell) -> str:
    if _is_number(value):
        shown = f"{value:.1f}" if isinstance(value, float) else f"{value:,}"
        return f'<td class="number">{shown}</td>'
    words = str(value)
    news = {"+ ": "good", "- ": "bad"}.get(words[:2], "")
    return f"<td{_class(news)}>{escape(words[2:] if news else words)}</td>"


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
