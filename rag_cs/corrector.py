"""A merchant's corrections of what a store holds: made, shown, taken back. See `corrections`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rag_cs.chunk import TokenCounter
from rag_cs.corrections import Correction, change_of, correct_chunks
from rag_cs.errors import InvalidInput, NotFound
from rag_cs.index.base import ChunkIndex
from rag_cs.ingest import Ingester
from rag_cs.types import Chunk, Document

# Tokens of a passage that was corrected, its context included: the embedder reads 512.
MAX_TOKENS = 480


class Corrector:
    """Changes documents of one store in place, and their later versions with them."""

    def __init__(self, index: ChunkIndex, ingester: Ingester, count_tokens: TokenCounter) -> None:
        self._index = index
        self._ingester = ingester
        self._count_tokens = count_tokens

    def all(self) -> list[Correction]:
        """Every correction, in the order in which they were made."""
        return self._index.corrections()

    def make(self, document_id: str, start: int, end: int, text: str) -> Correction:
        """Put `text` in the place of `document.text[start:end]`, in this version and in those to
        come. Raises NotFound, InvalidInput for a change that can't be made, and Busy."""
        document = self._index.document(document_id)
        before, after = change_of(document, start, end, text)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        made = Correction(uuid.uuid4().hex, document_id, before, after, now)
        held = self._index.corrections(document_id)
        self._apply(document, made, held, [*held, made])
        return made

    def take_back(self, correction_id: str) -> Correction:
        """Let the document say again what its file says; one in conflict is only forgotten. Raises
        NotFound, InvalidInput where that can't be done, and Busy."""
        made = next((each for each in self.all() if each.id == correction_id), None)
        if made is None:
            raise NotFound(f"There is no correction {correction_id[:64]!r} in this store.")
        document = self._index.document(made.document_id)
        held = self._index.corrections(made.document_id)
        kept = [each for each in held if each.id != correction_id]
        back = replace(made, before=made.after, after=made.before)
        if made.state == "conflict":
            self._put(document, self._chunks(document), held, kept)
        elif back.before and document.text.count(back.before) == 1:
            self._apply(document, back, held, kept)
        else:
            raise InvalidInput(
                f"What {document.source} says there can't be told apart from the rest any more. "
                "Upload the file as it should be."
            )
        return made

    def _apply(
        self,
        document: Document,
        change: Correction,
        held: Sequence[Correction],
        kept: Sequence[Correction],
    ) -> None:
        applied = [each for each in kept if each.state == "applied"]
        self._put(*correct_chunks(document, self._chunks(document), change, applied), held, kept)

    def _chunks(self, document: Document) -> list[Chunk]:
        numbers = self._index.numbers(document.id).tolist()
        found = self._index.chunks(numbers)
        return [found[number] for number in numbers if number in found]

    def _put(
        self,
        document: Document,
        chunks: list[Chunk],
        held: Sequence[Correction],
        kept: Sequence[Correction],
    ) -> None:
        sizes = self._count_tokens([each.embedded_text for each in chunks])
        if max(sizes, default=0) > MAX_TOKENS:
            raise InvalidInput("The passage would become too long. Correct the file and upload it.")
        rows, codes = self._ingester.embed([document], [chunks])
        self._index.replace(document, chunks, rows, codes, None, (held, kept))
