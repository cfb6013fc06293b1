"""Train the head that tells which sentence answers: see `rag_cs/training/sentence_head.py`.

    python scripts/train_sentence_head.py --data DIR [DIR …] --work DIR --start FILE --out FILE

A data set whose queries name a product is searched inside `metadata.product_id`.
"""

from __future__ import annotations

import argparse
import logging
import sys
from contextlib import closing
from pathlib import Path

from rag_cs.bootstrap import System
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.models.token_codes import TokenHead
from rag_cs.settings import Settings
from rag_cs.training.answer_pairs import open_corpus
from rag_cs.training.sentence_head import train


def main() -> int:
    """Parse the arguments, train, write the head."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="BEIR folders")
    parser.add_argument("--work", type=Path, required=True, help="keeps the indexes")
    parser.add_argument("--start", type=Path, required=True, help="the head of the passages")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = Settings()
    settings.storage.indexes = arguments.work / "indexes"
    try:
        with closing(System(settings)) as system:
            corpora = [open_corpus(read_dataset(folder), system) for folder in arguments.data]
            start = TokenHead.load(arguments.start)
            head = train(corpora, system.embeddings, start, seed=arguments.seed)
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    head.save(arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
