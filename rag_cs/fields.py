"""A row of a table and its header -> the fields by name, as a person would read them out. Pure."""

from __future__ import annotations

from rag_cs.text import detect_language


def fields_of(text: str, header: str) -> str:
    """`| a | b |` below `| Name | Size |` as `Name: a; Size: b`; any other text as it is."""
    names, values = _cells(header), _cells(text)
    if not values or len(names) != len(values) or "\n" in text:
        return text
    is_chinese = detect_language(f"{header}{text}") == "zh"
    colon, semicolon = ("：", "；") if is_chinese else (": ", "; ")
    named = [
        f"{name}{colon}{value}" if name else value
        for name, value in zip(names, values, strict=True)
        if value
    ]
    return semicolon.join(named) or text


def _cells(row: str) -> list[str]:
    """No cells for what is no whole row."""
    row = row.strip()
    if len(row) < 2 or row[0] != "|" or row[-1] != "|":
        return []
    return [cell.strip() for cell in row[1:-1].split("|")]
