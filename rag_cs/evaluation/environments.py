"""Requirements -> a Python of their own that has them; a command -> its end, or why it failed.

Environments are kept and used again while the requirements, the constraints and the Python that
made them stay the same; delete the folder to have newer versions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rag_cs.errors import RagError

INSTALL_TIMEOUT_SECONDS = 3600.0
# Written last into an environment: what was installed there.
_RECEIPT = "rag-cs-receipt.json"
_OUTPUT_CHARACTERS = 4_000
# Libraries differ in how many threads they take by themselves; each of these gets all cores.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
_QUIET = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}

Execute = Callable[[Sequence[str], Mapping[str, str], float], None]
"""Runs a command with an environment, within seconds. Raises CommandFailed."""


class CommandFailed(RagError):
    """A command that ended badly. `output` is the end of what it printed."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.output = output[-_OUTPUT_CHARACTERS:]


def prepare(
    folder: Path,
    requirements: Sequence[str],
    constraints: Sequence[str] = (),
    *,
    execute: Execute | None = None,
) -> Path:
    """The Python of the environment in `folder`, which is set up unless it stands as wanted.

    Raises CommandFailed.
    """
    execute = execute or run_command
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    receipt = folder / _RECEIPT
    wanted = json.dumps([sys.version, list(requirements), list(constraints)])
    if receipt.is_file() and receipt.read_text("utf-8") == wanted:
        return python
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    execute(make, os.environ, INSTALL_TIMEOUT_SECONDS)
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "constraints.txt"
    listed.write_text("\n".join(constraints), "utf-8")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install = [*pip, "--constraint", str(listed), *requirements]
    execute(install, os.environ, INSTALL_TIMEOUT_SECONDS)
    receipt.write_text(wanted, "utf-8")
    return python


def measuring_variables(*, ours: bool) -> dict[str, str]:
    """This process's environment, with the same threads for every library and nobody calling out.

    Other environments don't see the modules that ours may be given by PYTHONPATH.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    variables = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(cores or 1)), **_QUIET}
    if not ours:
        variables.pop("PYTHONPATH", None)
    return variables


def run_command(command: Sequence[str], variables: Mapping[str, str], seconds: float) -> None:
    """Run a command to its end, quietly. Raises CommandFailed with the last line it printed."""
    try:
        done = subprocess.run(
            command,
            env=variables,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"It took more than {seconds:.0f} seconds.") from error
    except OSError as error:
        name = Path(command[0]).name
        raise CommandFailed(f"{name} can't be started: {error.strerror}.") from error
    if done.returncode:
        output = done.stdout.decode(errors="replace")
        raise CommandFailed(
            _last_line(output) or f"It ended with status {done.returncode}.", output
        )


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines()]
    # pip ends with notices about itself
    return next((line for line in reversed(lines) if line and "[notice]" not in line), "")
