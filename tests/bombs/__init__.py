"""Files made to hurt whoever reads them. Each is made when it is needed; none is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.bombs import archives, pdfs, pictures, texts


@dataclass(frozen=True, slots=True)
class Bomb:
    """A hostile file: what it is, the name under which it comes, and what makes its bytes.

    `keeps` are words that are read all the same, where there is nothing to refuse.
    """

    what: str
    source: str
    make: Callable[[], bytes]
    keeps: str = ""

    def __str__(self) -> str:
        return f"{self.source} {self.what}"


BOMBS: tuple[Bomb, ...] = (
    # zip archives
    Bomb("zip: 390 MB of paragraphs", "a.docx", archives.plain_docx),
    Bomb("zip: 190 MB of paragraphs", "a.docx", partial(archives.plain_docx, 190)),
    Bomb("zip: one text of 300 MB", "a.docx", archives.one_long_text_docx),
    Bomb("zip: 10 million rows", "a.xlsx", archives.plain_xlsx),
    Bomb("zip: 5 million rows", "a.xlsx", partial(archives.plain_xlsx, 5_000_000)),
    Bomb("zip: nested five deep", "a.docx", archives.nested_docx),
    Bomb("zip: overlapping entries", "a.docx", partial(archives.overlapping, "word/document.xml")),
    Bomb("zip: overlapping entries", "a.xlsx", partial(archives.overlapping, "xl/workbook.xml")),
    Bomb("zip: an entry that lies about its size", "a.xlsx", archives.lying_xlsx),
    Bomb("zip: 60,000 entries", "a.docx", archives.many_entries_docx),
    Bomb("zip: hostile names within", "a.docx", archives.hostile_names_docx, "Plain words."),
    # office
    Bomb("billion laughs", "a.docx", partial(archives.entity_docx, archives.laughs(), "&l12;")),
    Bomb("billion laughs", "a.xlsx", partial(archives.entity_xlsx, archives.laughs(), "&l12;")),
    Bomb(
        "quadratic blow-up", "a.docx",
        partial(archives.entity_docx, archives.quadratic(), "&q;" * 100_000),
    ),
    Bomb(
        "quadratic blow-up", "a.xlsx",
        partial(archives.entity_xlsx, archives.quadratic(), "&q;" * 100_000),
    ),
    Bomb("external entity", "a.docx", partial(archives.entity_docx, archives.external(), "&e;")),
    Bomb("external entity", "a.xlsx", partial(archives.entity_xlsx, archives.external(), "&e;")),
    Bomb("a cell over 10^9 columns", "a.docx", archives.wide_span_docx),
    Bomb("a megabyte merged over 20,000 rows", "a.docx", archives.merged_docx),
    Bomb("cells at both ends of a sheet", "a.xlsx", archives.far_corner_xlsx),
    Bomb("10 MB shared by 50,000 cells", "a.xlsx", archives.shared_string_xlsx),
    # PDF
    Bomb("page tree that loops", "a.pdf", pdfs.looping_tree),
    Bomb("outline that loops", "a.pdf", pdfs.looping_outline, "Some plain words."),
    Bomb("cross-references that loop", "a.pdf", pdfs.looping_xref),
    Bomb("references that loop", "a.pdf", pdfs.looping_references),
    Bomb("100,000 pages", "a.pdf", pdfs.many_pages),
    Bomb("100,000 pages that claim to be 10", "a.pdf", pdfs.hidden_pages),
    Bomb("nested Flate, 1.5 GB", "a.pdf", pdfs.nested_flate),
    Bomb("20 million words on a page", "a.pdf", pdfs.endless_operators),
    Bomb("drawings within drawings, 10^12", "a.pdf", pdfs.nested_forms),
    Bomb("40,000 rules on a page", "a.pdf", pdfs.ruled_page),
    Bomb("a scan of 3,600 million pixels", "a.pdf", pdfs.huge_picture),
    Bomb("a page 10^9 points wide", "a.pdf", pdfs.huge_sheet),
    # pictures
    Bomb("4,000 million pixels", "a.png", pictures.vast_png),
    Bomb("59 million pixels", "a.png", pictures.large_png),
    Bomb("a million pixels wide", "a.png", pictures.thin_png),
    Bomb("2 GB of remarks", "a.png", pictures.wordy_png),
    Bomb("2,000 scans", "a.jpg", pictures.many_scans_jpeg),
    Bomb("claims 4,290 million pixels", "a.jpg", pictures.vast_jpeg),
    # tables
    Bomb("10 million rows", "a.csv", texts.many_rows),
    Bomb("10 million columns", "a.csv", texts.wide_rows),
    Bomb("a header of 100,000 letters", "a.csv", texts.long_header),
    Bomb("a quote that never ends", "a.csv", texts.open_quote),
    # HTML
    Bomb("a million elements deep", "a.html", texts.deep_html),
    Bomb("a million links deep", "a.html", partial(texts.deep_html, "a")),
    Bomb("billion laughs", "a.html", texts.laughing_html),
    Bomb("quadratic blow-up", "a.html", texts.quadratic_html),
    Bomb("external entity, drawing, object", "a.html", texts.reading_html, "Plain words."),
    Bomb("a million attributes", "a.html", texts.many_attributes_html),
    Bomb("60,000 tables deep", "a.html", texts.nested_tables_html),
    Bomb("100,000 lists deep", "a.html", texts.nested_lists_html),
    Bomb("cells over 100 rows and columns", "a.html", texts.spans_html),
    Bomb("tags that never end", "a.html", texts.unclosed_html),
    # JSON
    Bomb("5 million lists deep", "a.json", texts.deep_json),
    Bomb("a path of 900,000 letters, 100,000 times", "a.json", texts.deep_path_json),
    Bomb("10 million records", "a.json", texts.many_records_json),
    Bomb("20,000 records of other names", "a.json", texts.sparse_records_json),
    Bomb("a number of 10 million digits", "a.json", texts.long_number_json),
    # Markdown and text
    *(
        Bomb(f"{unit.strip()!r} x {count:,}", "a.md", partial(texts.markdown, unit, count))
        for unit, count in (
            (">", 1_000_000), ("- ", 500_000), ("[", 1_000_000), ("![", 500_000), ("*a_", 300_000),
            ("`", 1_000_000), ("`a``", 300_000), ("<", 1_000_000), ("<a href=", 200_000),
            ("[a](", 300_000), ("[a](<b", 200_000), ("|a", 500_000), ("a|\n-|\n", 200_000),
            ("\\", 1_000_000), ("&#", 500_000), ("[a]: b\n", 300_000), ("<!--", 300_000),
            ("<?", 300_000),            ("* * ", 300_000), ("#", 1_000_000), ("~~~\n", 300_000),
        )
    ),
    Bomb("a heading of 100,000 letters over 100,000 paragraphs", "a.md", texts.many_headings),
    Bomb("500,000 fields", "a.md", texts.many_fields),
    *(
        Bomb(f"{unit.strip()!r}, 40 MB", "a.txt", partial(texts.repeated, unit, 40_000_000))
        for unit in ("word ", "a\n\n", "。", "x", "1. a\n")
    ),
)  # fmt: skip
