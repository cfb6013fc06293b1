"""A BEIR folder whose ids tell the product -> one that says so, to be searched inside products.

    python scripts/data/name_products.py DIR OUT --ids "(.+?)_(?:faq|review)_"

Keeps the queries whose relevant passages are all of one product; writes `metadata.product_id`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag_cs.errors import InvalidInput, RagError
from rag_cs.evaluation.datasets import (
    ANSWERS_FILE,
    CORPUS_FILE,
    JUDGEMENTS_FILE,
    QUERIES_FILE,
    Dataset,
    Passage,
    Query,
    read_dataset,
)


def main() -> int:
    """Parse the arguments, write the folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DIR", help="the BEIR folder")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write, another one")
    parser.add_argument(
        "--ids", type=pattern, required=True, help="how an id begins; its first group's product"
    )
    arguments = parser.parse_args()
    if arguments.out.resolve() == arguments.data.resolve():
        parser.error("OUT is DIR itself, which stays as it is: name another folder")
    try:
        dataset = read_dataset(arguments.data)
        products = {each.id: product_of(each.id, arguments.ids) for each in dataset.passages}
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    kept = {}
    for query, grades in dataset.relevant.items():
        asked_of = {products[passage] for passage in grades}
        if len(asked_of) == 1:
            kept[query] = asked_of.pop()
    write(dataset, products, kept, arguments.out)
    print(f"{arguments.out}: {len(set(products.values()))} products, {len(kept):,} queries")
    return 0


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression with a group."""
    try:
        found = re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    if not found.groups:
        raise argparse.ArgumentTypeError(f"{text!r} has no group in brackets for the product")
    return found


def product_of(identifier: str, ids: re.Pattern[str]) -> str:
    """The product that an id tells. Raises InvalidInput."""
    if (found := ids.match(identifier)) is None:
        raise InvalidInput(f"{identifier} doesn't match {ids.pattern}")
    return str(found[1])


def write(
    dataset: Dataset, products: Mapping[str, str], kept: Mapping[str, str], out: Path
) -> None:
    """The data set with the products of its passages, and of the queries that are kept."""
    queries = [each for each in dataset.queries if each.id in kept]
    expected = {query: each for query, each in dataset.expected.items() if query in kept}
    out.mkdir(parents=True, exist_ok=True)
    _write_rows(out / CORPUS_FILE, (_row(each, products[each.id]) for each in dataset.passages))
    _write_rows(out / QUERIES_FILE, (_row(each, kept[each.id]) for each in queries))
    if expected:
        rows = ({"_id": query, **asdict(each)} for query, each in expected.items())
        _write_rows(out / ANSWERS_FILE, rows)
    judgements = [
        f"{query}\t{passage}\t{grade}\n"
        for query in kept
        for passage, grade in dataset.relevant[query].items()
    ]
    text = "".join(["query-id\tcorpus-id\tscore\n", *judgements])
    (out / JUDGEMENTS_FILE).write_text(text, "utf-8")


def _row(record: Passage | Query, product: str) -> dict[str, Any]:
    row = asdict(record)
    return {"_id": row.pop("id"), **row, "metadata": {**record.metadata, "product_id": product}}


def _write_rows(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    file.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
