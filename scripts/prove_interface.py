"""Ask a real server whatever the schema of its HTTP interface allows, and what it forbids.

    python scripts/prove_interface.py [--examples N]

The server runs in a process of its own, with stand-ins for the models; schemathesis makes the
requests: examples, the edges of each value, N random ones an operation, and sequences in which one
request uses what another made. Exit status 1: there was a 5xx, or an answer that isn't in the
schema.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the stand-ins are the tests'

from tests.promises.server import running  # noqa: E402

# Of these a schema can't say what is refused: which names files have, that a span lies within its
# document, that the last message is a question, that only a failed upload is tried again, that
# a store that is nowhere yet has no uploads, and what an origin is.
LOOSE = (
    "POST /v1/stores/{store}/documents",
    "GET /v1/stores/{store}/documents/{document_id}/spans",
    "POST /v1/chat/completions",
    "DELETE /v1/stores/{store}/jobs/{job_id}",
    "POST /v1/stores/{store}/jobs/{job_id}/retry",
    "GET /v1/stores/{store}/jobs",
    "PUT /v1/stores/{store}/origins",
)
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = ["4xx"]
# A document is there once its job is done, not when it was taken in.
ensure_resource_availability.enabled = false
"""
LOOSE_OPERATION = """
[[operations]]
include-name = "{name}"
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false
"""


def main() -> int:
    """Parse arguments, serve, ask."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=100, metavar="N", help="an operation's")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rag-cs-interface-") as folder:
        configuration = Path(folder) / "schemathesis.toml"
        loose = "".join(LOOSE_OPERATION.format(name=name) for name in LOOSE)
        configuration.write_text(CONFIGURATION + loose, "utf-8")
        with running(Path(folder) / "indexes") as served:
            command = [
                sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration),
                "run", f"{served.base}/openapi.json",
                "--header", f"Authorization: {served.headers['Authorization']}",
                "--max-examples", str(arguments.examples), "--seed", str(arguments.seed),
                "--generation-database", "none", "--no-color", "--warnings", "off",
                "--suppress-health-check", "all",
            ]  # fmt: skip
            status = subprocess.run(command, cwd=folder, check=False).returncode
            alive = served.process.poll() is None
    if not alive:
        print("The server ended.", file=sys.stderr)
    return 0 if status == 0 and alive else 1


if __name__ == "__main__":
    sys.exit(main())
