"""Figures -> SVG, to stand inside a page. The only file that imports matplotlib.

Lines and letters are of one grey that can be read on white and on black; the text stays text,
so that a browser draws it in its own font, Chinese included.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag_cs.evaluation.metrics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#808080"
# Okabe and Ito's colours, told apart by those who see few: "Color universal design", 2008.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _GREY
    ),
}


def curves(series: Mapping[str, Sequence[float]], x_label: str, y_label: str) -> str:
    """One line a name; its values, in [0, 1], stand at 1, 2, 3 …, shown in per cent."""

    def draw(axes: Axes) -> None:
        for (name, values), colour in zip(series.items(), _cycle(len(series)), strict=True):
            shown = [100 * value for value in values]
            axes.plot(range(1, len(shown) + 1), shown, "o-", ms=3, color=colour, label=name)
        axes.set_ylim(0, 102)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(loc="lower right")

    return _svg(draw, height=3.4)


def bars(rows: Mapping[str, Interval], x_label: str) -> str:
    """One horizontal bar a name, in per cent, with its interval."""

    def draw(axes: Axes) -> None:
        names = list(rows)[::-1]
        means = [100 * rows[name].mean for name in names]
        below = [100 * (rows[name].mean - rows[name].low) for name in names]
        above = [100 * (rows[name].high - rows[name].mean) for name in names]
        axes.barh(names, means, xerr=[below, above], color=COLOURS[0], ecolor=_GREY, height=0.6)
        for place, mean in enumerate(means):
            axes.text(1, place, f"{mean:.1f}", va="center", color="white", fontsize=9)
        axes.set_xlim(0, 102)
        axes.set_xlabel(x_label)
        axes.grid(visible=False, axis="y")

    return _svg(draw, height=0.7 + 0.34 * len(rows))


def histogram(series: Mapping[str, Sequence[float]], x_label: str) -> str:
    """How often values fall where, one outline a name; beyond the 99th percentile is cut off."""
    import numpy as np

    def draw(axes: Axes) -> None:
        every = np.concatenate([np.asarray(values, float) for values in series.values()])
        edges = np.linspace(0, float(np.percentile(every, 99)) or 1, 40).tolist()
        for (name, values), colour in zip(series.items(), _cycle(len(series)), strict=True):
            axes.hist(values, bins=edges, histtype="stepfilled", alpha=0.45, color=colour)
            middle = float(np.median(values))
            axes.axvline(middle, color=colour, lw=1.5, label=f"{name}: median {middle:.1f}")
        axes.set_xlabel(x_label)
        axes.set_ylabel("queries")
        axes.legend()

    return _svg(draw, height=2.8)


def differences(values: Sequence[float], label: str) -> str:
    """Each query's difference between two runs, sorted: above 0 the second one is better."""

    def draw(axes: Axes) -> None:
        ordered = sorted(values, reverse=True)
        colours = [COLOURS[2] if value > 0 else COLOURS[4] for value in ordered]
        axes.bar(range(1, len(ordered) + 1), ordered, width=1.0, color=colours)
        axes.axhline(0, color=_GREY, lw=0.8)
        axes.set_xlabel("queries, by difference")
        axes.set_ylabel(label)

    return _svg(draw, height=2.8)


def _cycle(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def _svg(draw: Any, height: float) -> str:
    """What `draw` puts on a set of axes, 7 inches wide and `height` high, as an SVG element."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # The browser's font draws what matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(7, height), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
