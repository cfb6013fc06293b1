"""What lies in a model's folder for OpenVINO: the GGUF file, and the graph once made from it.

Knows file names and how a graph is saved. Doesn't run models.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rag_cs.errors import ModelError

_SAVE_GRAPH = """
import sys, openvino_genai
openvino_genai.ContinuousBatchingPipeline(
    sys.argv[1], openvino_genai.SchedulerConfig(), "CPU", properties={"enable_save_ov_model": True}
)
"""


def find_openvino_model(path: Path) -> Path | None:
    """The GGUF file at or in `path`, or the folder itself when it holds an OpenVINO model; None
    where OpenVINO finds nothing to read. Raises ModelError when a folder holds several files."""
    if path.is_file():
        return path if path.suffix == ".gguf" else None
    files = sorted(path.glob("*.gguf"))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise ModelError(f"{path} holds several GGUF files ({names}); name one of them.")
    if files:
        return files[0]
    return path if (path / "openvino_model.xml").is_file() else None


def saved_graph(gguf: Path, *, timeout_seconds: float = 300.0) -> Path | None:
    """The folder `openvino-…` beside a GGUF that holds its graph, made once where it is missing.

    A graph is mapped into memory where a GGUF is read and copied: for Qwen 0.5B the peak falls
    from 2.06 GB to 1.4, of which 0.6 are pages of a file, and loading takes 6 s instead of 9.
    It takes as much disk as the GGUF. None when it can't be made (a folder that is read-only, a
    full disk): the GGUF itself serves then.
    """
    if gguf.suffix != ".gguf":
        return None
    folder = gguf.parent / f"openvino-{_stamp(gguf)}"
    if not (folder / "openvino_model.bin").is_file():
        try:
            _save_graph(gguf, folder, timeout_seconds)
        except (OSError, subprocess.SubprocessError):
            return None
    return folder


def _stamp(gguf: Path) -> str:
    """Another OpenVINO, or another file under the same name, makes another graph."""
    version = importlib.metadata.version("openvino-genai")
    return f"{version}-{gguf.stat().st_size:x}-{gguf.stat().st_mtime_ns:x}"


def _save_graph(gguf: Path, folder: Path, timeout_seconds: float) -> None:
    """In a process of its own, so that its memory is gone afterwards, and in a folder that gets
    its name last, so that nothing half-made is ever found."""
    with tempfile.TemporaryDirectory(dir=gguf.parent, prefix=".openvino-") as temporary:
        link = Path(temporary) / gguf.name  # the graph is written beside the file that is read
        link.symlink_to(gguf.resolve())
        command = [sys.executable, "-c", _SAVE_GRAPH, str(link)]
        subprocess.run(command, check=True, timeout=timeout_seconds, capture_output=True)
        made = Path(temporary) / "graph"
        made.mkdir()
        for name in ("openvino_model.xml", "openvino_model.bin"):
            shutil.move(Path(temporary) / name, made / name)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first
                raise
