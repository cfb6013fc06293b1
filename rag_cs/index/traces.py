"""Every byte of every file below a folder, searched for what should be gone."""

from __future__ import annotations

import json
import mmap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag_cs.text import normalise, search_terms

# A term of the full-text index may stand without its first letters, which the term before it has.
_SHARED_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that was found: in which file, from which byte on, in which form."""

    file: str
    offset: int
    form: str


def find_traces(
    folder: Path,
    text: str,
    words: Collection[str] = (),
    contents: Mapping[str, bytes] | None = None,
) -> list[Trace]:
    """Where `text` stands in the files below a folder, as it is, escaped or cut into terms, and
    where the ends of `words` do, as an index of words may hold them: give such as nothing else
    contains. `contents` are looked for as well, by what they are called. The first place of each
    form in each file. Raises OSError."""
    forms = _forms(text, words) | dict(contents or {})
    return [
        Trace(path.relative_to(folder).as_posix(), offset, form)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for form, offset in _found(path, forms)
    ]


def _forms(text: str, words: Collection[str]) -> dict[str, bytes]:
    forms = {
        "text": text,
        "JSON": json.dumps(text)[1:-1],
        "normalised": normalise(text),
        "terms": " ".join(search_terms(text)),
    }
    for word in words:
        forms[f"word {word!r}"] = word[_SHARED_LETTERS:]
    return {name: form.encode() for name, form in forms.items() if form}


def _found(path: Path, forms: Mapping[str, bytes]) -> Iterator[tuple[str, int]]:
    if not path.stat().st_size:  # nothing can't be mapped
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for name, form in forms.items():
            if (offset := content.find(form)) >= 0:
                yield name, offset
