"""A BEIR folder whose ids tell the product -> one that says so, to be searched inside products.

    python scripts/data/name_products.py DIR OUT --ids "(.+?)_(?:faq|review)_"

Keeps the queries whose relevant passages are all of one product; writes `metadata.product_id`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any


def main() -> int:
    """Parse the arguments, write the folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DIR", help="the BEIR folder")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write")
    parser.add_argument(
        "--ids", type=re.compile, required=True, help="how an id begins; its first group's product"
    )
    arguments = parser.parse_args()
    passages = _rows(arguments.data / "corpus.jsonl")
    queries = _rows(arguments.data / "queries.jsonl")
    products = {}
    for passage in passages:
        if (found := arguments.ids.match(passage["_id"])) is None:
            print(f"{passage['_id']} doesn't match {arguments.ids.pattern}", file=sys.stderr)
            return 2
        products[passage["_id"]] = found[1]
    asked_of: dict[str, set[str]] = defaultdict(set)
    header, *judgements = (arguments.data / "qrels.tsv").read_text("utf-8").splitlines()
    for line in judgements:
        query, passage_id, _ = line.split("\t")
        asked_of[query].add(products[passage_id])
    kept = {query: next(iter(found)) for query, found in asked_of.items() if len(found) == 1}
    arguments.out.mkdir(parents=True, exist_ok=True)
    _write(arguments.out / "corpus.jsonl", _named(passages, products))
    _write(arguments.out / "queries.jsonl", _named(queries, kept))
    answers = arguments.data / "answers.jsonl"
    if answers.exists():
        _write(arguments.out / answers.name, [row for row in _rows(answers) if row["_id"] in kept])
    lines = [header, *(line for line in judgements if line.split("\t")[0] in kept)]
    (arguments.out / "qrels.tsv").write_text("\n".join([*lines, ""]), "utf-8")
    print(f"{arguments.out}: {len(set(products.values()))} products, {len(kept):,} queries")
    return 0


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def _named(rows: list[dict[str, Any]], products: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {**row, "metadata": {**row.get("metadata", {}), "product_id": products[row["_id"]]}}
        for row in rows
        if row["_id"] in products
    ]


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    file.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
