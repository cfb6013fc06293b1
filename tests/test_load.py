from __future__ import annotations

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_cs.errors import InvalidInput, RagError, TooLarge, UnreadableDocument
from rag_cs.load import check_source, load
from rag_cs.readers.builder import Limits


def test_a_document_knows_its_source_version_language_and_title() -> None:
    document = load("# 退货政策\n\n七天内可退。".encode(), "policies/退货.md")
    again = load(b"# Returns\n\nWithin 7 days.", "policies/退货.md")
    assert document.id == again.id
    assert document.sha256 != again.sha256
    assert (document.language, again.language) == ("zh", "en")
    assert (document.title, again.title) == ("退货政策", "Returns")
    assert load(b"just words, no heading. more", "a/notes.txt").title == "notes"


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "a.txt", "a.txt is empty"),
        (b" \n\t\0", "a.pdf", "a.pdf is empty"),
        (b"just text", "a.pdf", "it holds text, not PDF"),
        (b"%PDF-1.7 x", "a.txt", "it holds PDF, not text"),
        (b"\x89PNG\r\n\x1a\n....", "a.docx", "it holds PNG, not DOCX"),
        (b"PK\x03\x04garbage", "a.xlsx", "cut-off zip"),
        (b"%PDF-1.4\n1 0 obj\n<< /Type", "a.pdf", "damaged or cut off"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "a.doc", "Convert it to DOCX"),
        (b"hello", "a.exe", "can't be read. Convert it to PDF, DOCX"),
        (b"{\\rtf1 x}", "a.rtf", "Convert it to DOCX"),
        (bytes(range(256)) * 9, "a.txt", "unknown binary data"),
        (b"<html><body><script>x</script></body></html>", "a.html", "no text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "a.xls", "damaged or no workbook"),
    ],
)
def test_what_cannot_be_read_gets_one_sentence(data: bytes, name: str, message: str) -> None:
    with pytest.raises(UnreadableDocument, match=message):
        load(data, name)


def test_a_file_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TooLarge, match="200 MB; 50 MB is the limit"):
        load(b"x" * 200_000_000, "a.txt")
    with pytest.raises(TooLarge, match="characters of text"):
        load(b"word " * 100, "a.txt", limits=Limits(max_characters=99))


@pytest.mark.parametrize(
    "source",
    ["", " ", "../a.txt", "a/../b.txt", "/etc/passwd", "a\\b.txt", "a\x00.txt", "a\nb.txt",
     "x" * 256, "x" * 10**7, "a//b.txt", "safe\u202egpj.exe", ".", "a/..", "C:/x.txt", "c:x.txt",
     "\\\\host\\share\\x.txt", "CON", "a/nul.txt", "com1.md", "LPT\u00b9.csv", ".env",
     "a/.git/x.md", "a.txt.", "a.txt ", " a.txt", "a /b.txt", "a\u2028b.txt", "a\ud800.txt",
     "%2e%2e\n", "\u4e00" * 90],
)  # fmt: skip
def test_a_name_that_could_mislead_is_refused(source: str) -> None:
    with pytest.raises(InvalidInput, match="can't be the name of a document"):
        load(b"text", source)


@pytest.mark.parametrize(
    "source",
    ["政策/退货 (2026).md", "What is this?.md", "ab: c.txt", "console.md", "a..b.txt", "com10.txt"],
)
def test_names_in_any_script_are_kept(source: str) -> None:
    assert check_source(source) == source


@given(st.binary(max_size=300), st.sampled_from(["pdf", "docx", "xlsx", "xls", "html", "md", "csv",
                                                 "txt", "png"]))  # fmt: skip
def test_only_errors_for_users_escape(data: bytes, extension: str) -> None:
    with contextlib.suppress(RagError):
        load(data, f"x.{extension}")


def test_a_zip_archive_under_a_good_name_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(UnreadableDocument, match="a zip archive, not XLSX"):
        load(buffer.getvalue(), "a.xlsx")


def test_an_encrypted_office_file_is_said_to_be_one() -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    for name in ("a.docx", "a.xlsx", "a.xls"):
        with pytest.raises(UnreadableDocument, match="protected by a password"):
            load(container, name)


def test_a_page_saved_without_an_extension_is_read_as_one() -> None:
    document = load(b"<!DOCTYPE html><title>Shipping</title><p>Within a day.", "shipping")
    assert (document.title, document.text) == ("Shipping", "Within a day.")
