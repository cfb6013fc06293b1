"""Look for the personal data of labelled texts, and print what was found, missed and taken wrongly.

    python scripts/evaluate_privacy.py [--texts FILE.jsonl] [--part NAME] [--presidio] [--mistakes]

In a line's `text`, `{PHONE:13812345678}` marks personal data. The default texts were made up for
this: "development" and "held out" before there were rules, "fresh" after, to see what they miss.
`--presidio` measures Presidio's recognisers in place of ours, where it is installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from rag_cs.errors import RagError
from rag_cs.evaluation.personal import (
    Find,
    Labelled,
    milliseconds,
    mistakes,
    read_labelled,
    score,
    untouched,
)
from rag_cs.privacy import find_personal

TEXTS = Path(__file__).parent.parent / "tests" / "data" / "privacy.jsonl"
# Prints the seconds and megabytes that an import costs in a process that has torch, as ours has.
_COST = """
import sys, time, torch
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
before, start = resident(), time.perf_counter()
__import__(sys.argv[1])
print(f"{time.perf_counter() - start:.2f} s and {resident() - before:.0f} MB")
"""


def main() -> int:
    """Parse arguments, score, print; 2 after an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=Path, default=TEXTS, metavar="FILE")
    parser.add_argument("--part", help="only the texts of this part")
    parser.add_argument("--presidio", action="store_true", help="measure Presidio instead")
    parser.add_argument("--mistakes", action="store_true", help="print every text found otherwise")
    arguments = parser.parse_args()
    try:
        texts = read_labelled(arguments.texts)
    except (RagError, OSError) as error:
        print(f"evaluate_privacy: {error}", file=sys.stderr)
        return 2
    find = presidio() if arguments.presidio else find_personal
    parts = [arguments.part] if arguments.part else sorted({each.part for each in texts})
    for part in parts:
        report(part, [each for each in texts if each.part == part], find, arguments.mistakes)
    module = "rag_cs.evaluation.personal_peer" if arguments.presidio else "rag_cs.privacy"
    print(f"importing it, in a process that has torch: {cost(module)}")
    return 0


def report(part: str, texts: list[Labelled], find: Find, show_mistakes: bool) -> None:
    """Print the figures of one part."""
    print(f"{part}: {len(texts)} texts")
    print("lang  kind      labels  recall  findings  precision  exact")
    for row in score(texts, find):
        print(
            f"{row.language:4}  {row.kind:8}  {row.labels:6}  {row.recall:6.3f}  "
            f"{row.findings:8}  {row.precision:9.3f}  {row.exact:5}"
        )
    left, clean = untouched(texts, find)
    median, slow = milliseconds(texts, find)
    print(f"{left} of {clean} texts without personal data are left as they are")
    print(f"{median:.2f} ms a text (median), {slow:.2f} ms (95th percentile)")
    if show_mistakes:
        print("\n".join(mistakes(texts, find)))
    print()


def presidio() -> Find:
    """Presidio's recognisers. Ends the program where they aren't installed."""
    try:
        from rag_cs.evaluation.personal_peer import Presidio
    except ImportError:
        sys.exit("evaluate_privacy: Presidio isn't installed: pip install presidio-analyzer")
    return Presidio()


def cost(module: str) -> str:
    """What importing a module takes, in a process of its own."""
    command = [sys.executable, "-c", _COST, module]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
