"""The bytes of uploads, each in a file of its own until its job is done."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from rag_cs.stores.disk import refusals_told, sync_folder

# A file of nobody's job this old was left by a process that ended before it took the upload in.
_FORGOTTEN_SECONDS = 3600


class Uploads:
    """A folder of files named after their jobs. Safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def keep(self, job_id: str, data: bytes) -> None:
        """Put bytes on the disk: once this returns they survive a power cut. Raises DiskFailed, and
        leaves nothing then."""
        try:
            with refusals_told("The upload can't be kept, and was not taken"):
                with (self._folder / job_id).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                sync_folder(self._folder)
        except BaseException:
            self.drop(job_id)
            raise

    def read(self, job_id: str) -> bytes:
        """What was kept. Raises OSError."""
        return (self._folder / job_id).read_bytes()

    def drop(self, job_id: str) -> None:
        """Remove what was kept, if it is there."""
        (self._folder / job_id).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The jobs that bytes are there for."""
        return [path.name for path in self._folder.iterdir()]

    def drop_if_forgotten(self, job_id: str) -> None:
        """Remove what no job was made for, unless it came just now."""
        with contextlib.suppress(FileNotFoundError):
            if time.time() - (self._folder / job_id).stat().st_mtime > _FORGOTTEN_SECONDS:
                self.drop(job_id)
