"""HTML: the main content with its headings, lists and tables; what surrounds it is left out."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from rag_cs.errors import TooLarge
from rag_cs.policies import field_of
from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.damage import damage_means
from rag_cs.readers.plain import decode

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?([\w-]+)", re.IGNORECASE)
_SKIPPED = {
    "script", "style", "noscript", "template", "iframe", "svg", "nav", "footer", "aside", "form",
    "button", "select", "head", "object", "embed", "canvas",
}  # fmt: skip
_SKIPPED_ROLES = {"navigation", "contentinfo", "search", "banner", "complementary"}
# Class names of what surrounds the text in DocBook, Sphinx and most shop systems: lists of
# contents repeat the headings that follow, marks beside headings link to themselves.
_SKIPPED_CLASSES = {
    "toc", "contents", "toctree-wrapper", "list-of-tables", "list-of-figures", "list-of-examples",
    "navheader", "navfooter", "docnav", "navbar", "breadcrumb", "breadcrumbs", "sidebar",
    "sphinxsidebar",
    "headerlink", "footer", "site-footer", "site-header", "pagination", "related", "skip-link",
}  # fmt: skip
_BLOCKS = {
    "p", "div", "section", "article", "main", "blockquote", "figure", "figcaption", "dl", "dt",
    "dd", "address", "body", "header", "details", "summary", "center", "fieldset", "td", "th", "tr",
    "tbody", "ul", "ol", "li", "table", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "caption",
}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_MAX_DEPTH = 200
_MAX_SPAN = 100
# Of one table, with what spans rows and columns told in each.
_MAX_CELLS = 500_000
_MAX_ASIDE_CHARACTERS = 200


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """`<main>` or the only `<article>` if there is one, else the body."""
    from lxml import html

    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    text = _decode(data, name).encode("utf-8", "replace")
    with damage_means(f"{name} holds no HTML that can be read. Save the page again and retry."):
        root = html.document_fromstring(text, parser=parser)
    title = str(root.findtext(".//title") or "")
    builder = Builder(limits)
    _walk(builder, _content(root), 0)
    return builder.draft(_heading_of(root) or title, _metadata(root))


def _metadata(root: HtmlElement) -> dict[str, str]:
    """What `<meta>` elements say of the document's dates and version."""
    stated = {
        str(each.get("name") or ""): str(each.get("content") or "") for each in root.iter("meta")
    }
    # `expires` has been for browsers' caches since long before policies.
    return {
        name.lower(): content
        for name, content in stated.items()
        if field_of(name) and name.lower() != "expires"
    }


def _decode(data: bytes, name: str) -> str:
    declared = _CHARSET.search(data[:4096])
    if declared:
        encoding = declared[1].decode("ascii").lower()
        encoding = "gb18030" if encoding in ("gb2312", "gbk") else encoding
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            pass  # a page that lies about its encoding is common
    return decode(data, name)


def _content(root: HtmlElement) -> HtmlElement:
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = root.findall(path)
        if len(found) == 1 and len(found[0].text_content().strip()) > 100:
            return found[0]
    body = root.find(".//body")
    return root if body is None else body


def _heading_of(root: HtmlElement) -> str:
    headings = root.findall(".//h1")
    return _text(headings[0]) if len(headings) == 1 else ""


def _walk(builder: Builder, element: HtmlElement, depth: int) -> None:
    """Append an element's blocks; loose text between them makes paragraphs."""
    if depth > _MAX_DEPTH:
        builder.paragraph(_text(element))
        return
    loose = [element.text or ""]
    for child in element:
        if not isinstance(child.tag, str) or _is_skipped(child):
            pass
        elif child.tag in _BLOCKS or child.xpath(".//p | .//li | .//table | .//h1 | .//h2 | .//h3"):
            builder.paragraph("".join(loose))
            loose = []
            _block(builder, child, depth)
        else:
            loose.append("\n" if child.tag == "br" else _text(child))
        loose.append(child.tail or "")
    builder.paragraph("".join(loose))


def _block(builder: Builder, element: HtmlElement, depth: int) -> None:
    if element.tag in _HEADINGS:
        builder.heading(_text(element), int(element.tag[1]))
    elif element.tag in ("ul", "ol"):
        _list(builder, element, depth)
    elif element.tag == "table":
        _table(builder, element, depth)
    elif element.tag == "pre":
        builder.code(element.text_content())
    elif element.tag == "dt":
        builder.paragraph(_text(element))
    else:
        _walk(builder, element, depth + 1)


def _list(builder: Builder, element: HtmlElement, depth: int) -> None:
    number = 0
    for item in element:
        if item.tag != "li" or _is_skipped(item):
            continue
        number += 1
        marker = f"{number}." if element.tag == "ol" else "-"
        if item.xpath("./pre | ./table | .//h2 | .//h3") or len(item.findall("./p")) > 1:
            _walk(builder, item, depth + 1)
            continue
        nested = item.xpath("./ul | ./ol")
        builder.list_item(_text(item, without=frozenset(nested)), marker)
        for inner in nested:
            _list(builder, inner, depth + 1)


def _table(builder: Builder, element: HtmlElement, depth: int) -> None:
    """A table of data; one that only lays out a page is walked like any other element."""
    if element.xpath(".//table | .//h1 | .//h2 | .//pre"):
        for cell in element.xpath(".//td[not(ancestor::td)] | .//th[not(ancestor::td)]"):
            _walk(builder, cell, depth + 1)
        return
    caption = element.find(".//caption")
    if caption is not None:
        builder.paragraph(_text(caption))
    builder.table(_rows(element))


def _rows(table: HtmlElement) -> list[list[str]]:
    """The cells' texts. One that spans rows is told in each; one that spans columns, once."""
    rows: list[list[str]] = []
    count = 0
    reaching: dict[int, tuple[int, str]] = {}  # by column: rows still to come, and the text
    for element in table.iter("tr"):
        row: list[str] = []
        cells = deque(element.xpath("./td | ./th"))
        while cells or len(row) in reaching:
            column = len(row)
            if column in reaching:
                left, text = reaching.pop(column)
                if left > 1:
                    reaching[column] = (left - 1, text)
                row.append(text)
                continue
            cell = cells.popleft()
            text = _text(cell)
            if (down := _span(cell, "rowspan")) > 1:
                reaching[column] = (down - 1, text)
            row += [text, *[""] * (_span(cell, "colspan") - 1)]
        count += len(row)
        if count > _MAX_CELLS:
            raise TooLarge(f"A table has more than {_MAX_CELLS:,} cells. Split it.")
        rows.append(row)
    return rows


def _span(cell: HtmlElement, name: str) -> int:
    stated = str(cell.get(name) or "1").strip()
    return max(1, min(int(stated[:9]), _MAX_SPAN)) if stated.isdecimal() else 1


def _is_skipped(element: Any) -> bool:
    return (
        element.tag in _SKIPPED
        or element.get("role") in _SKIPPED_ROLES
        or _is_surrounding(element)
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or "display:none" in (element.get("style") or "").replace(" ", "")
    )


def _is_surrounding(element: HtmlElement) -> bool:
    """By its class and its being mostly links: some pages wrap all they say in a `sidebar`."""
    if _SKIPPED_CLASSES.isdisjoint((element.get("class") or "").lower().split()):
        return False
    linked = sum(len(link.text_content()) for link in element.iter("a"))
    length = len(element.text_content().strip())
    return length < _MAX_ASIDE_CHARACTERS or linked > 0.5 * length


def _text(element: HtmlElement, without: Collection[Any] = ()) -> str:
    """All text below an element that is shown, white space as HTML shows it."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and not _is_skipped(child) and child not in without:
            parts.append("\n" if child.tag == "br" else _text(child))
            if child.tag in _BLOCKS:
                parts.append("\n")
        parts.append(child.tail or "")
    return "".join(parts)
