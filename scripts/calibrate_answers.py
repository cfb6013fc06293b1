"""Fit the calibration of the answer reader: see `rag_cs/training/calibration.py`.

    python scripts/calibrate_answers.py --data DIR [DIR …] --work DIR --adapter FILE --out FILE

Then measures it on the held-out halves: the share of unanswerable questions that are refused when
a tenth of the answerable ones is, and the area under the ROC curve.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from rag_cs.answerable import AnswerReader, Calibration
from rag_cs.bootstrap import System, models_folder
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.models.answer_reader import OpenVINOAnswerReader
from rag_cs.rerank import SentenceReader
from rag_cs.settings import Settings
from rag_cs.training.answer_pairs import Corpus, is_for_calibration, open_corpus
from rag_cs.training.calibration import Case, fit, make_cases, save
from rag_cs.training.late_interaction import is_held_out
from rag_cs.weights import resolve

FALSE_REFUSAL = 0.1


def main() -> int:
    """Parse the arguments, fit, write, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="BEIR folders")
    parser.add_argument("--only-measured", type=Path, nargs="*", default=[], help="BEIR folders")
    parser.add_argument("--work", type=Path, required=True, help="as of train_answerability.py")
    parser.add_argument("--adapter", type=Path, help="of an answer reader, if any")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--measure", type=int, default=100, help="questions of a data set; or 0")
    parser.add_argument("--limit", type=int, default=400, help="questions of a data set")
    arguments = parser.parse_args()
    settings = Settings()
    settings.storage.indexes = arguments.work / "indexes"
    try:
        with closing(System(settings)) as system:
            corpora = [open_corpus(read_dataset(each), system) for each in arguments.data]
            others = [open_corpus(read_dataset(each), system) for each in arguments.only_measured]
            model = resolve(settings.embedding.model, cache=models_folder(settings))
            reader: AnswerReader = SentenceReader(system.embeddings)
            if arguments.adapter:
                tokenizer = system.embeddings.tokenizer
                reader = OpenVINOAnswerReader(model, arguments.adapter, tokenizer)
            fitted = make_cases(corpora, reader, is_for_calibration, limit=arguments.limit)
            save(fit(list(fitted)), arguments.out)
            if arguments.measure:
                measure([*corpora, *others], reader, arguments)
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def measure(corpora: list[Corpus], reader: AnswerReader, arguments: argparse.Namespace) -> None:
    """Print what the calibration does on the held-out halves."""
    calibration = Calibration.load(arguments.out)
    cases = list(make_cases(corpora, reader, is_held_out, limit=arguments.measure))
    answerable = [case for case in cases if case.answers]
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if not case.answers:
            kinds[case.kind].append(case)
    for kind, refusable in sorted(kinds.items()):
        own = [case for case in answerable if case.kind == kind.split(",")[0]]
        if len(own) < 10 or len(refusable) < 5:
            continue
        yes = np.array([calibration.probability(case.values) for case in own])
        no = np.array([calibration.probability(case.values) for case in refusable])
        refused = float((no < np.quantile(yes, FALSE_REFUSAL)).mean())
        area = roc_auc_score([1] * len(yes) + [0] * len(no), [*yes, *no])
        print(f"{kind}: {len(no)} unanswerable, {refused:.0%} refused at 10%, AUC {area:.2f}")
    for risk, needed in calibration.thresholds:
        kept = np.mean([calibration.probability(case.values) >= needed for case in answerable])
        print(f"risk {risk:.0%}: probability {needed:.2f}, {kept:.0%} of the answerable answered")


if __name__ == "__main__":
    sys.exit(main())
