"""Train the answer reader: see `rag_cs/training/answerability.py`.

    python scripts/train_answerability.py --data DIR [DIR …] --work DIR --out FILE

`--work` keeps indexes, pairs and checkpoints: run it again to go on after a stop. A data set whose
queries name a product is searched inside `metadata.product_id`.
"""

from __future__ import annotations

import argparse
import collections
import logging
import sys
from contextlib import closing
from pathlib import Path

from rag_cs.bootstrap import System
from rag_cs.bootstrap.models import models_folder
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.settings import Settings
from rag_cs.training.answer_pairs import AnswerPair, make_pairs, open_corpus
from rag_cs.training.answerability import read_pairs, train, write_pairs
from rag_cs.weights import resolve


def main() -> int:
    """Parse the arguments, make the pairs, train, write the adapter."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="BEIR folders")
    parser.add_argument("--work", type=Path, required=True, help="indexes, pairs, checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--start", type=Path, metavar="FILE", help="an adapter to go on from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-steps", type=int, default=-1)
    parser.add_argument("--pairs-only", action="store_true", help="stop before the training")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = Settings()
    settings.storage.indexes = arguments.work / "indexes"
    try:
        pairs = kept_pairs(arguments, settings)
        model = resolve(settings.embedding.model, cache=models_folder(settings))
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.pairs_only:
        return 0
    train(
        pairs,
        model,
        arguments.out,
        arguments.work / "checkpoints",
        seed=arguments.seed,
        max_steps=arguments.max_steps,
        start=arguments.start,
    )
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")
    return 0


def kept_pairs(arguments: argparse.Namespace, settings: Settings) -> list[AnswerPair]:
    """The pairs of an earlier run, or new ones."""
    file = arguments.work / "pairs.jsonl"
    if not file.exists():
        datasets = [read_dataset(folder) for folder in arguments.data]
        with closing(System(settings)) as system:
            corpora = [open_corpus(dataset, system) for dataset in datasets]
            write_pairs(make_pairs(corpora, seed=arguments.seed), file)
    pairs = read_pairs(file)
    for (name, answers), count in sorted(
        collections.Counter((pair.dataset, pair.answers) for pair in pairs).items()
    ):
        print(f"{name}: {count:,} pairs that {'answer' if answers else 'do not answer'}")
    return pairs


if __name__ == "__main__":
    sys.exit(main())
