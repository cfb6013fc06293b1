"""Train the generator's adapter: see `rag_cs/training/generator.py`.

    python scripts/train_generator.py --data DIR [DIR …] --work DIR --out FILE

`--work` keeps indexes, examples and checkpoints: run it again to go on after a stop. A data set
whose queries name a product is searched inside `metadata.product_id`.
"""

from __future__ import annotations

import argparse
import collections
import logging
import sys
from contextlib import closing
from pathlib import Path

from rag_cs.bootstrap import System
from rag_cs.bootstrap.models import load_finder, models_folder
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.models.catalogue import find
from rag_cs.settings import Settings
from rag_cs.training.answer_pairs import open_corpus
from rag_cs.training.reply_examples import (
    Example,
    balanced,
    make_examples,
    read_examples,
    write_examples,
)
from rag_cs.weights import resolve


def main() -> int:
    """Parse the arguments, make the examples, train, write the adapter."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="BEIR folders")
    parser.add_argument("--work", type=Path, required=True, help="indexes, examples, checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--start", type=Path, metavar="FILE", help="an adapter to go on from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--max-steps", type=int, default=-1)
    parser.add_argument("--learning-rate", type=float, help="at its highest, if not the recipe's")
    parser.add_argument(
        "--most", type=int, metavar="N", help="learn from N answered and N other ones a data set"
    )
    parser.add_argument(
        "--most-of",
        type=named_count,
        nargs="+",
        default=[],
        metavar="NAME=N",
        help="of these sets so many instead; with --most",
    )
    parser.add_argument("--examples-only", action="store_true", help="stop before the training")
    arguments = parser.parse_args()
    if arguments.most_of and not arguments.most:
        parser.error("--most-of says where --most doesn't hold: give that, too")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = Settings()
    settings.storage.indexes = arguments.work / "indexes"
    try:
        examples = kept_examples(arguments, settings)
        model = resolve(base_of(settings.generation.model), cache=models_folder(settings))
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.examples_only:
        return 0
    from rag_cs.training.generator import LEARNING_RATE, train

    train(
        examples,
        next(model.glob("*.gguf")),
        arguments.out,
        arguments.work / "generator",
        seed=arguments.seed,
        epochs=arguments.epochs,
        max_steps=arguments.max_steps,
        learning_rate=arguments.learning_rate or LEARNING_RATE,
        start=arguments.start,
    )
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")
    return 0


def named_count(text: str) -> tuple[str, int]:
    """The two sides of "NAME=N"."""
    name, _, count = text.rpartition("=")
    return name, int(count)


def base_of(name: str) -> str:
    """The catalogue's model of that name without an adapter."""
    entry = find(name)
    return (entry and entry.learned_from) or name


def kept_examples(arguments: argparse.Namespace, settings: Settings) -> list[Example]:
    """The examples of an earlier run, or new ones."""
    file = arguments.work / "examples.jsonl"
    if not file.exists():
        datasets = [read_dataset(folder) for folder in arguments.data]
        with closing(System(settings)) as system:
            corpora = [open_corpus(dataset, system) for dataset in datasets]
            finder = load_finder(system.embeddings)
            made = make_examples(corpora, finder, system.embeddings, seed=arguments.seed)
            write_examples(made, file)
    examples = read_examples(file)
    if arguments.most:
        examples = balanced(examples, arguments.most, dict(arguments.most_of))
    counts = collections.Counter((each.dataset, each.answers) for each in examples)
    for (name, answers), count in sorted(counts.items()):
        print(f"{name}: {count:,} {'answered' if answers else 'not answered'}")
    return examples


if __name__ == "__main__":
    sys.exit(main())
