"""How near must a question be to a FAQ pair's to be answered by it: see `rag_cs/faq.py`.

    python scripts/calibrate_faq.py --faq DIR --pairs FILE.jsonl

`--faq` is a BEIR folder whose passages' titles are FAQ questions; each query is asked once of all
of them and once with its own left out, when any match is wrong. `--pairs` holds pairs of questions
with a label (1: they ask the same). Prints, for each least cosine and margin over the runner-up,
the share of the questions that are matched and of the matches that are right.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from rag_cs.bootstrap.models import load_embeddings
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.settings import Settings

COSINES = (0.88, 0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99)
MARGINS = (0.0, 0.01, 0.015, 0.02, 0.03, 0.05)


def main() -> int:
    """Parse the arguments, embed, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faq", type=Path, nargs="*", default=[], metavar="DIR")
    parser.add_argument("--pairs", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    try:
        embeddings = load_embeddings(Settings())
        for folder in arguments.faq:
            print_faq(folder, embeddings)
        if arguments.pairs:
            print_pairs(arguments.pairs, embeddings)
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def embedded(texts: list[str], embeddings) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Texts as questions, shape (texts, dimensions)."""
    return np.array([embeddings.embed_query(text) for text in texts], np.float32)


def print_faq(folder: Path, embeddings) -> None:  # type: ignore[no-untyped-def]
    """Matches of a FAQ's rephrased questions."""
    dataset = read_dataset(folder)
    title_of = {passage.id: passage.title for passage in dataset.passages}
    titles = sorted(set(title_of.values()))
    place = {title: number for number, title in enumerate(titles)}
    queries = [query for query in dataset.queries if dataset.relevant.get(query.id)]
    own = [{place[title_of[each]] for each in dataset.relevant[query.id]} for query in queries]
    cosines = (
        embedded([query.text for query in queries], embeddings) @ embedded(titles, embeddings).T
    )
    removed = cosines.copy()
    for row, places in enumerate(own):
        removed[row, list(places)] = -1
    print(f"{dataset.name}: {len(queries)} questions, {len(titles)} pairs")
    print("cosine  margin  matched  right  matched with its own left out")
    first, second = np.sort(cosines, axis=1)[:, :-3:-1].T
    right = np.array(
        [int(best) in places for best, places in zip(cosines.argmax(1), own, strict=True)]
    )
    first_removed, second_removed = np.sort(removed, axis=1)[:, :-3:-1].T
    for cosine in COSINES:
        for margin in MARGINS:
            taken = (first >= cosine) & (first - second >= margin)
            wrong = (first_removed >= cosine) & (first_removed - second_removed >= margin)
            share = right[taken].mean() if taken.any() else float("nan")
            figures = (f"{taken.mean():7.1%}", f"{share:5.1%}", f"{wrong.mean():7.1%}")
            print(f"{cosine:6.3f}  {margin:6.3f}", *figures, sep="  ")


def print_pairs(file: Path, embeddings) -> None:  # type: ignore[no-untyped-def]
    """How many pairs above a cosine ask the same."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    one = embedded([row["sentence1"] for row in rows], embeddings)
    other = embedded([row["sentence2"] for row in rows], embeddings)
    cosines, same = (one * other).sum(axis=1), np.array([int(row["label"]) == 1 for row in rows])
    print(f"{file.parent.name}: {len(rows)} pairs, {same.mean():.0%} ask the same")
    for cosine in COSINES:
        taken = cosines >= cosine
        share = same[taken].mean() if taken.any() else float("nan")
        print(f"{cosine:6.3f}  {taken.mean():6.1%} of the pairs, {share:.0%} of these ask the same")


if __name__ == "__main__":
    sys.exit(main())
