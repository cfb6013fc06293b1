"""rag_cs itself, in the same shape: default settings, the code of `evaluate_retrieval.py`; `no
rerank`: the same without a reranker.

Always embeds: its vectors (OpenVINO, bfloat16) and its passages (chunks) are its own.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

import harness

from rag_cs.bootstrap import System
from rag_cs.evaluation.datasets import Dataset, read_dataset
from rag_cs.evaluation.runs import build_index, evaluate_retrieval
from rag_cs.settings import Settings


def main() -> None:
    """Run the job that the command line names."""
    job = harness.read_job()
    dataset = read_dataset(job.data)
    with closing(System(settings_for(job))) as system:
        store = system.store("peers", create=True)  # loads the model
        begun = time.perf_counter()
        build_index(dataset, store.index, store.ingester)
        ingest_seconds = time.perf_counter() - begun
        chosen = only_queries(dataset, job)
        report = evaluate_retrieval(chosen, store.retriever, top_k=job.top_k)
        ranked = {result.query_id: result.ranked for result in report.results}
        seconds = [result.seconds for result in report.results]
        harness.write_result(job, ranked, report.passages, ingest_seconds, seconds)


def settings_for(job: harness.Job) -> Settings:
    """The user's settings, with the index in the job's folder, and without the reranker if the
    job's variant says so."""
    settings = Settings()
    settings.storage.indexes = job.folder
    if job.variant == "no rerank":
        settings.retrieval.reranker = "none"
    return settings


def only_queries(dataset: Dataset, job: harness.Job) -> Dataset:
    """The data set with the job's queries."""
    wanted = set(job.query_ids)
    return replace(dataset, queries=tuple(each for each in dataset.queries if each.id in wanted))


if __name__ == "__main__":
    main()
