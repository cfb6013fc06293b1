"""Make the demo store's binary files: DOCX, XLSX, XLS, two PDFs and a photographed notice.

They are committed; run this after a change to demo_texts.py: the same words give the same bytes.
The scan and the notice need a font with Chinese characters (Debian: fonts-noto-cjk), named with
--font.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import random
import re
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo_texts import (
    FAQ_EN,
    FAQ_ZH,
    KETTLE_PAGES,
    MANUAL,
    MEMBERSHIP,
    NOTICE,
    PARTS,
    WARRANTY,
    Table,
)

FOLDER = Path(__file__).resolve().parent.parent / "knowledge" / "demo"
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
MADE = dt.datetime(2026, 3, 2, 9, 0, 0)


def main() -> int:
    """Write every file; 1 when the font is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--font", type=Path, default=FONT, help="a font with Chinese characters")
    arguments = parser.parse_args()
    if not arguments.font.is_file():
        print(
            f"There is no font {arguments.font}: install fonts-noto-cjk, or name one with --font."
        )
        return 1
    write_docx("warranty.docx", WARRANTY)
    write_docx("会员制度.docx", MEMBERSHIP)
    write_xlsx("faq.xlsx", {"常见问题": FAQ_ZH, "FAQ": FAQ_EN})
    write_xls("备件价目.xls", "备件", PARTS)
    write_manual("AQ-300B-manual.pdf")
    write_scan("HK-170说明书.pdf", arguments.font)
    write_notice("放假通知.jpg", arguments.font)
    return 0


def write_docx(name: str, parts: Sequence[tuple[str, Any]]) -> None:
    """A Word document of styled paragraphs and tables."""
    import docx

    document = docx.Document()
    for style, content in parts:
        if style == "Table":
            table = document.add_table(rows=len(content), cols=len(content[0]), style="Table Grid")
            for row, cells in zip(table.rows, content, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
        else:
            document.add_paragraph(content, style=style)
    properties = document.core_properties
    properties.title, properties.author = parts[0][1], "Hedeng Home"
    properties.created = properties.modified = MADE
    document.save(str(FOLDER / name))
    _date(FOLDER / name)


def write_xlsx(name: str, sheets: dict[str, Table]) -> None:
    """A workbook."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for column, width in zip("ABCD", (12, 40, 30, 60), strict=True):
            sheet.column_dimensions[column].width = width
    book.properties.created = book.properties.modified = MADE
    book.save(FOLDER / name)
    _date(FOLDER / name)


def _date(path: Path) -> None:
    """Replace the hour of writing, which an Office file carries in each member and its core."""
    with zipfile.ZipFile(path) as archive:
        members = [(member.filename, archive.read(member)) for member in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            if name == "docProps/core.xml":
                written = b">" + MADE.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + b"</dcterms:"
                data = re.sub(rb">[0-9T:.Z-]+</dcterms:", written, data)
            member = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)


def write_xls(name: str, title: str, rows: Table) -> None:
    """A workbook in the format of Excel 97; figures as numbers."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet(title)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            sheet.write(row, column, float(cell) if cell.isdigit() else cell)
    book.save(str(FOLDER / name))


def write_manual(name: str) -> None:
    """A manual of three pages with a text layer and tables."""
    from reportlab.lib.pagesizes import A5
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    styles = getSampleStyleSheet()
    story: list[Any] = []
    for style, content in MANUAL:
        if style == "PageBreak":
            story.append(PageBreak())
        elif style == "Table":
            story.append(_table(*content))
        else:
            story.append(Paragraph(content, styles[style]))
    document = SimpleDocTemplate(
        str(FOLDER / name),
        pagesize=A5,
        title="AQ-300/B Air Purifier: User Manual",
        author="Hedeng Home",
        leftMargin=45, rightMargin=45, topMargin=40, bottomMargin=45,
        invariant=1,
    )  # fmt: skip
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)


def _table(rows: Table, widths: Sequence[int]) -> Any:
    from reportlab.lib import colors
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, TableStyle
    from reportlab.platypus import Table as Grid

    body = getSampleStyleSheet()["BodyText"]
    cells = [[Paragraph(text, body) for text in row] for row in rows]
    style = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    return Grid(cells, colWidths=widths, style=TableStyle(style))


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawString(45, 25, "Hedeng Home - AQ-300/B")
    canvas.drawRightString(375, 25, f"Page {document.page}")


def write_scan(name: str, font: Path) -> None:
    """A manual as a copier makes it: slightly crooked grey pictures, no text layer."""
    from PIL import Image

    pages = []
    for number, lines in enumerate(KETTLE_PAGES):
        page = _drawn(lines, font, (1000, 1000), spacing=30)
        page = page.rotate(
            (-0.5, 0.4)[number], fillcolor="white", resample=Image.Resampling.BICUBIC
        )
        pages.append(_speckled(page.convert("L"), seed=number))
    buffer = io.BytesIO()
    dated = {"creationDate": MADE.timetuple(), "modDate": MADE.timetuple()}
    pages[0].save(
        buffer, "PDF", save_all=True, append_images=pages[1:], resolution=150, quality=60, **dated
    )
    (FOLDER / name).write_bytes(buffer.getvalue())


def write_notice(name: str, font: Path) -> None:
    """A notice on the door, photographed."""
    from PIL import Image

    paper = _drawn(NOTICE, font, (1280, 620), spacing=32)
    wall = Image.new("RGB", (1440, 780), (196, 188, 176))
    wall.paste(paper, (80, 80))
    photograph = wall.rotate(-0.8, fillcolor=(196, 188, 176), resample=Image.Resampling.BICUBIC)
    photograph.save(FOLDER / name, "JPEG", quality=80)


def _drawn(
    lines: Sequence[tuple[int, str]], font: Path, size: tuple[int, int], spacing: int
) -> Any:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    top = 60
    for height, text in lines:
        draw.text((70, top), text, fill=(25, 25, 30), font=ImageFont.truetype(str(font), height))
        top += height + spacing
    return picture


def _speckled(page: Any, seed: int) -> Any:
    """Dust on the glass."""
    dust = random.Random(seed)
    pixels = page.load()
    for _ in range(400):
        pixels[dust.randrange(page.width), dust.randrange(page.height)] = dust.randrange(90, 200)
    return page


if __name__ == "__main__":
    sys.exit(main())
