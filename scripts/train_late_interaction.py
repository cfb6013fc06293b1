"""Train the token head of the late interaction: see `rag_cs/training/late_interaction.py`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from rag_cs.bootstrap.models import load_embeddings
from rag_cs.errors import RagError
from rag_cs.settings import Settings
from rag_cs.training.late_interaction import train


def main() -> int:
    """Parse the arguments, train, write the head."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="BEIR folders")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        head = train(arguments.data, load_embeddings(Settings()), seed=arguments.seed)
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    head.save(arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
