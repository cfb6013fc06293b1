"""Fit the calibration of the answer reader: see `rag_cs/training/calibration.py`.

    python scripts/calibrate_answers.py --data DIR [DIR …] --work DIR --adapter FILE --out FILE

Then measures it on the held-out halves: the share of unanswerable questions that are refused when
a tenth of the answerable ones is, and the area under the ROC curve.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from rag_cs.answerable import Judge
from rag_cs.bootstrap import System
from rag_cs.bootstrap.models import is_trained, load_finder, models_folder
from rag_cs.calibration import Calibration
from rag_cs.errors import RagError
from rag_cs.evaluation.datasets import read_dataset
from rag_cs.evaluation.risk import RISKS
from rag_cs.models.answer_reader import OpenVINOAnswerReader
from rag_cs.settings import Settings
from rag_cs.training.answer_pairs import is_for_calibration, open_corpus
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
    parser.add_argument("--heard", type=int, help="of which the generator is asked; default: all")
    arguments = parser.parse_args()
    settings = Settings()
    settings.storage.indexes = arguments.work / "indexes"
    try:
        with closing(System(settings)) as system:
            corpora = [open_corpus(read_dataset(each), system) for each in arguments.data]
            others = [open_corpus(read_dataset(each), system) for each in arguments.only_measured]
            judge = make_judge(system, arguments.adapter)
            ask = system.choose if is_trained(settings) else None
            made = make_cases(
                corpora, judge, is_for_calibration,
                limit=arguments.limit, ask=ask, heard=arguments.heard,
            )  # fmt: skip
            heard = "" if arguments.heard is None else f"-{arguments.heard}"
            fitted = kept(arguments.work / f"cases-{arguments.limit}{heard}.jsonl", made)
            save(fit(fitted), arguments.out)
            if arguments.measure:
                everything = [*corpora, *others]
                made = make_cases(everything, judge, is_held_out, limit=arguments.measure, ask=ask)
                measured = kept(arguments.work / f"measured-{arguments.measure}.jsonl", made)
                measure(measured, Calibration.load(arguments.out))
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def make_judge(system: System, adapter: Path | None) -> Judge:
    """A judge that gives signals; what it decides doesn't matter here."""
    nothing = Calibration({}, 0.0, ())
    finder = load_finder(system.embeddings)
    if adapter is None:
        return Judge(nothing, 1.0, finder)
    model = resolve(system.settings.embedding.model, cache=models_folder(system.settings))
    reader = OpenVINOAnswerReader(model, adapter, system.embeddings.tokenizer)
    return Judge(nothing, 1.0, reader, finder)


def kept(file: Path, made: Iterator[Case]) -> list[Case]:
    """The cases of an earlier run, or new ones, which take minutes."""
    if not file.exists():
        unfinished = file.with_suffix(".part")
        with unfinished.open("w", encoding="utf-8") as lines:
            for case in tqdm(made, desc=file.stem, disable=None):
                print(json.dumps(asdict(case)), file=lines, flush=True)
        unfinished.replace(file)
    return [Case(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def measure(cases: Sequence[Case], calibration: Calibration) -> None:
    """Print what the calibration does on the held-out halves: without and with the verdict."""
    heard = all(case.verdict is not None for case in cases) and calibration.verdict
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        kinds[case.kind].append(case)

    def probability(case: Case, hears: bool) -> float:
        first = calibration.probability(case.values)
        second = calibration.verdict
        asked = second is not None and first >= second.gate
        verdict = case.verdict if asked else None
        return calibration.heard(first, verdict, case.score) if hears else first

    for hears in (False, True) if heard else (False,):
        print("with the generator's verdict" if hears else "without the generator's verdict")
        for kind, some in sorted(kinds.items()):
            own = [case for case in kinds[kind.split(",")[0]] if case.answers]
            refusable = [case for case in some if not case.answers]
            if len(own) < 10 or len(refusable) < 5:
                continue
            yes = np.array([probability(case, hears) for case in own])
            no = np.array([probability(case, hears) for case in refusable])
            refused = float((no < np.quantile(yes, FALSE_REFUSAL)).mean())
            area = roc_auc_score([1] * len(yes) + [0] * len(no), [*yes, *no])
            print(f"  {kind}: {len(no)} unanswerable, {refused:.0%} refused at 10%, AUC {area:.2f}")
        answerable = [case for case in cases if case.answers]
        for risk in RISKS:
            needed = calibration.threshold(risk, heard=hears)
            share = np.mean([probability(case, hears) >= needed for case in answerable])
            print(f"  risk {risk:.0%}: probability {needed:.2f}, {share:.0%} of the answerable")


if __name__ == "__main__":
    sys.exit(main())
