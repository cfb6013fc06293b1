"""Fuzz a reader with atheris, and keep what goes wrong.

    python scripts/fuzz_readers.py --reader NAME [--minutes N] [--corpus DIR] [--found DIR]

Starts from files that the tests make, and from what an earlier run left in the corpus. Whatever
comes out of a reader that isn't a sentence for users is kept under --found, one file for each place
in the code; the fast tests read those again. What ends the fuzzer's process (a library in C or Rust
crashes, hangs for ten seconds or takes two gigabytes) is kept beside the corpus and read once more
as the server reads files, in a process of its own, where it must end as a sentence. Exit status 1:
something was found, or something wasn't contained.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import re
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # what is fuzzed stands with the tests

MAX_BYTES = 65_536
# Instrumented, so that the fuzzer sees which branches a file takes.
PACKAGES = ["rag_cs", "docx", "markdown_it", "pypdf", "pdfplumber", "pdfminer", "PIL"]
NAMES = (
    "pdf", "docx", "xlsx", "xls", "html", "markdown", "text", "csv", "json", "png", "jpeg"
)  # fmt: skip


def main() -> int:
    """Parse arguments and fuzz; this script starts itself again for each run of the fuzzer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reader", choices=[*NAMES, "all"], required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--corpus", type=Path, default=ROOT / "runs" / "fuzz", metavar="DIR")
    parser.add_argument("--found", type=Path, metavar="DIR", help="default: tests/data/fuzz")
    parser.add_argument("--inner", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    found = arguments.found or ROOT / "tests" / "data" / "fuzz"
    names = NAMES if arguments.reader == "all" else (arguments.reader,)
    if arguments.inner:
        run_fuzzer(arguments.reader, arguments.inner, arguments.corpus, found)
        return 0
    failures = 0
    for name in names:
        failures += fuzz(name, arguments.minutes * 60, arguments.corpus, found)
    return 1 if failures else 0


def fuzz(name: str, seconds: float, corpus: Path, found: Path) -> int:
    """Run the fuzzer on a reader for that long, again after each crash; the number of findings."""
    ended = corpus / f"{name}-ended"
    before = names_in(found / name) | names_in(ended)
    executions, begun = 0, time.monotonic()
    while (left := seconds - (time.monotonic() - begun)) > 1:
        command = [sys.executable, __file__, "--reader", name, "--inner", str(int(left))]
        command += ["--corpus", str(corpus), "--found", str(found)]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        )
        counts = re.findall(r"(?:^#|number_of_executed_units: )(\d+)", done.stderr, re.MULTILINE)
        executions += max(map(int, counts), default=0)
        if not counts:
            print(done.stderr[-2_000:], file=sys.stderr)
            break
    took = time.monotonic() - begun
    raised = [found / name / each for each in sorted(names_in(found / name) - before)]
    crashes = [ended / each for each in sorted(names_in(ended) - before)]
    loose = [path for path in crashes if not is_contained(name, path)]
    print(
        f"{name:9} {executions:9,} executions in {took:.0f} s: {len(raised)} found, "
        f"{len(crashes)} ended their reader, {len(loose)} of them not contained",
        flush=True,
    )
    for path in (*raised, *loose):
        print(f"          {path}")
    return len(raised) + len(loose)


def names_in(folder: Path) -> set[str]:
    """The files of a folder that may not be there."""
    return {path.name for path in folder.glob("*")}


def is_contained(name: str, path: Path) -> bool:
    """Whether a file that ended the fuzzer ends as a sentence, or is read, in a process of its
    own."""
    from rag_cs.errors import RagError
    from rag_cs.isolated import IsolatedLoader
    from tests.fuzz import TARGETS

    target = TARGETS[name]
    try:
        IsolatedLoader()(target.wrap(path.read_bytes()), target.source)
    except RagError:
        return True
    except Exception as error:  # noqa: BLE001 - told in the summary
        print(f"{path.name}: {error!r}", file=sys.stderr)
        return False
    return True


def run_fuzzer(name: str, seconds: int, corpus: Path, found: Path) -> None:
    """Fuzz in this process, which the fuzzer ends."""
    import atheris

    logging.disable()
    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=PACKAGES):
        from tests.fuzz import TARGETS, try_file
    target = TARGETS[name]
    seeds, kept, ended = corpus / name, found / name, corpus / f"{name}-ended"
    for folder in (seeds, kept, ended):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (seeds / f"seed-{number}").write_bytes(seed)

    def try_bytes(data: bytes) -> None:
        try:
            try_file(target, data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            keep(kept, data, error)

    options = [
        f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-timeout=10",
        "-rss_limit_mb=2048", f"-artifact_prefix={ended}/", "-print_final_stats=1",
        "-close_fd_mask=1",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(seeds)], try_bytes)
    atheris.Fuzz()


def keep(folder: Path, data: bytes, error: BaseException) -> None:
    """Write down a file that went wrong: the smallest for each kind of error and place."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    ours = next((f.lineno for f in reversed(frames) if "rag_cs" in f.filename), 0)
    digest = hashlib.sha256(f"{place}{ours}".encode()).hexdigest()[:8]
    path = folder / f"{type(error).__name__}-{digest}"
    if not path.exists() or path.stat().st_size > len(data):
        path.write_bytes(data)
        print(f"{path.name}: {place}: {str(error)[:200]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
