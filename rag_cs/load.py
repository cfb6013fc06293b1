"""Bytes -> Document: what a file is, by its content; which reader takes it; what is refused."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag_cs.errors import InvalidInput, RagError, TooLarge, UnreadableDocument
from rag_cs.readers import docx, html, image, markdown, pdf, plain, records, sheet
from rag_cs.readers.archive import members_of
from rag_cs.readers.builder import DEFAULT_LIMITS, Draft, Limits
from rag_cs.text import detect_language
from rag_cs.types import Document

Reader = Callable[[bytes, str, Limits], Draft]
_MAX_SOURCE_BYTES = 255
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?:\..*)?", re.IGNORECASE
)
# Controls, halves of characters, marks that turn what follows around, ends of lines.
_UNSEEN = ("Cc", "Cs", "Cf", "Zl", "Zp")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True)
class _Format:
    """A family of files: what its content must be, its media type, and its reader."""

    content: str
    media_type: str
    read: Reader


_TEXT = _Format("text", "text/plain", plain.read)
_FORMATS: dict[str, _Format] = {
    ".pdf": _Format("PDF", "application/pdf", pdf.read),
    ".docx": _Format("DOCX", _DOCX, docx.read),
    ".xlsx": _Format("XLSX", _XLSX, sheet.read_workbook),
    ".xlsm": _Format("XLSX", _XLSX, sheet.read_workbook),
    ".xls": _Format("old Office", "application/vnd.ms-excel", sheet.read_workbook),
    ".csv": _Format("text", "text/csv", sheet.read_csv),
    ".tsv": _Format("text", "text/tab-separated-values", sheet.read_csv),
    ".html": _Format("text", "text/html", html.read),
    ".htm": _Format("text", "text/html", html.read),
    ".xhtml": _Format("text", "text/html", html.read),
    ".md": _Format("text", "text/markdown", markdown.read),
    ".markdown": _Format("text", "text/markdown", markdown.read),
    ".json": _Format("text", "application/json", records.read),
    ".txt": _TEXT,
    ".text": _TEXT,
    ".log": _TEXT,
    ".png": _Format("PNG", "image/png", image.read),
    ".jpg": _Format("JPEG", "image/jpeg", image.read),
    ".jpeg": _Format("JPEG", "image/jpeg", image.read),
}
_CONVERT_TO = {
    ".doc": "DOCX", ".rtf": "DOCX", ".odt": "DOCX", ".wps": "DOCX", ".pages": "DOCX or PDF",
    ".ppt": "PDF", ".pptx": "PDF", ".odp": "PDF", ".key": "PDF", ".epub": "PDF or HTML",
    ".mobi": "PDF", ".caj": "PDF", ".ods": "XLSX", ".et": "XLSX", ".numbers": "XLSX",
    ".gif": "PNG", ".webp": "PNG", ".bmp": "PNG", ".tif": "PDF or PNG", ".tiff": "PDF or PNG",
    ".heic": "JPEG", ".zip": "the files in it", ".rar": "the files in it",
    ".7z": "the files in it", ".gz": "the file in it",
}  # fmt: skip
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b", re.IGNORECASE)
# Office puts an encrypted DOCX or XLSX into a container of its old format, under this name.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office"),
    (b"{\\rtf", "RTF"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
)


def load(data: bytes, source: str, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read a file. `source` is its name; the document's id depends on it alone.

    Raises InvalidInput for a name that can't be kept, TooLarge, and UnreadableDocument with one
    sentence that says what is wrong and what to do.
    """
    source = check_source(source)
    name = PurePosixPath(source).name
    if not data.strip(b"\0 \t\r\n"):
        raise UnreadableDocument(f"{name} is empty.")
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"{name} has {len(data) / 1e6:,.0f} MB; {limits.max_bytes / 1e6:,.0f} MB is the limit. "
            "Split it into smaller files."
        )
    form = _format_of(data, name)
    draft = _read(form, data, name, limits)
    if not draft.blocks:
        raise UnreadableDocument(f"{name} holds no text that could be found.")
    return Document(
        id=hashlib.sha256(source.encode()).hexdigest()[:16],
        source=source,
        title=draft.title[:200] or PurePosixPath(source).stem,
        text=draft.text,
        blocks=draft.blocks,
        media_type=form.media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        language=detect_language(draft.text[:20_000]),
        metadata=dict(draft.metadata),
    )


def check_source(source: str) -> str:
    """`source` in Unicode's composed form; raises InvalidInput for a name that could mislead."""
    if len(source) > _MAX_SOURCE_BYTES:  # before anything is done with all of it
        raise _no_name(source)
    composed = unicodedata.normalize("NFC", source)
    if (
        len(composed.encode("utf-8", "surrogatepass")) > _MAX_SOURCE_BYTES
        or "\\" in composed
        or _DRIVE.match(composed)
        or any(_misleads(part) for part in composed.split("/"))
        or any(unicodedata.category(character) in _UNSEEN for character in composed)
    ):
        raise _no_name(composed)
    return composed


def _misleads(part: str) -> bool:
    """Whether a folder's or file's name means another one somewhere, were it ever written to a
    disk: the folder above, a hidden file, a device of Windows."""
    hidden = part.startswith(".") or part.endswith(".")
    return not part or part != part.strip() or hidden or bool(_DEVICE.fullmatch(part))


def _no_name(source: str) -> InvalidInput:
    shown = re.sub(r"[^\w./ -]", "?", source[:60])
    return InvalidInput(
        f"{shown!r} can't be the name of a document. Use a relative name of at most "
        f"{_MAX_SOURCE_BYTES} bytes, without backslashes and control characters, whose parts don't "
        "begin or end with a dot and aren't devices such as CON."
    )


def _format_of(data: bytes, name: str) -> _Format:
    """The format that the name promises, if the content keeps the promise."""
    extension = PurePosixPath(name).suffix.lower()
    form = _FORMATS.get(extension)
    content = _content_of(data)
    if form is None:
        if target := _CONVERT_TO.get(extension):
            raise UnreadableDocument(
                f"{name}: {extension} files can't be read. Convert it to {target}."
            )
        if not extension and content == "text":
            return _FORMATS[".html"] if _HTML.match(data[:1024]) else _TEXT
        raise UnreadableDocument(
            f"{name}: {extension or 'files without an extension'} can't be read. Convert it to "
            "PDF, DOCX, HTML, Markdown, text, CSV, XLSX, PNG or JPEG."
        )
    if content == "old Office" and _ENCRYPTED in data:
        raise UnreadableDocument(
            f"{name} is protected by a password. Save a copy without one and upload that."
        )
    if content != form.content:
        raise UnreadableDocument(
            f"{name} is not what its name says: it holds {content}, not {form.content}. "
            "Give it its right extension, or save it again."
        )
    return form


def _content_of(data: bytes) -> str:
    if b"%PDF-" in data[:1024]:
        return "PDF"
    for signature, content in _SIGNATURES:
        if data.startswith(signature):
            return content
    if data.startswith(b"PK"):
        return _zip_content(data)
    sample = data[:4096]
    wide = sample.startswith((b"\xff\xfe", b"\xfe\xff")) or sample.count(0) > 0.2 * len(sample)
    odd = sum(byte < 9 or 13 < byte < 27 for byte in sample)
    return "text" if wide or odd <= 0.02 * len(sample) else "unknown binary data"


def _zip_content(data: bytes) -> str:
    members = members_of(data)
    if members is None:
        return "a damaged or cut-off zip archive"
    names = {member.filename for member in members}
    for member, content in (("word/document.xml", "DOCX"), ("xl/workbook.xml", "XLSX")):
        if member in names:
            return content
    return "XLSX" if "xl/workbook.bin" in names else "a zip archive"


def _read(form: _Format, data: bytes, name: str, limits: Limits) -> Draft:
    try:
        return form.read(data, name, limits)
    except (RagError, MemoryError):
        raise
    except RecursionError as error:
        raise UnreadableDocument(f"{name} is nested too deeply to be read.") from error
    except Exception as error:
        # A parser's own failure on a file we have never seen: the merchant still needs a sentence.
        raise UnreadableDocument(
            f"{name} can't be read as {form.content} ({type(error).__name__}: {str(error)[:80]}). "
            "Save it again from the program that made it, or convert it to another format."
        ) from error
