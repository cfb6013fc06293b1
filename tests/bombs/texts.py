"""Text that nests or repeats without end, or that a parser goes over again and again."""

from __future__ import annotations

from tests.bombs.archives import laughs, quadratic

MEGABYTE = 1_000_000


def many_rows() -> bytes:
    """A table of 10 million rows, 40 MB."""
    return b"a,b\n" + b"1,2\n" * 10_000_000


def wide_rows() -> bytes:
    """A row of 10 million columns."""
    return b"," * 10 * MEGABYTE + b"x\n1"


def long_header() -> bytes:
    """A column whose name has 100,000 letters, said again in front of each of 100,000 cells."""
    return b"x" * 100_000 + b"\n" + b"cell\n" * 100_000


def open_quote() -> bytes:
    """A quoted cell that never ends."""
    return b'a,b\n"' + b"1,2\n" * 10_000_000


def deep_html(tag: str = "div", depth: int = 1_000_000) -> bytes:
    """Elements within each other."""
    return b"<html><body>" + f"<{tag}>".encode() * depth + b"words"


def laughing_html() -> bytes:
    """Entities that stand for each other, in the page and in a drawing in it."""
    return f"{laughs()}<html><body><p>&l12;</p><svg><text>&l12;</text></svg></body></html>".encode()


def quadratic_html() -> bytes:
    """One entity, told 100,000 times."""
    return f"{quadratic()}<html><body><p>{'&q;' * 100_000}</p></body></html>".encode()


def reading_html() -> bytes:
    """What lies elsewhere: a file, an address, a picture of words."""
    return (
        b'<!DOCTYPE e [<!ENTITY e SYSTEM "file:///etc/passwd">]><html><body><p>Plain words. &e;</p>'
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
        b'<object data="file:///etc/passwd"></object><img src="http://127.0.0.1:1/x.png"></body></html>'
    )


def many_attributes_html() -> bytes:
    """An element with a million attributes."""
    return b"<p " + b" ".join(b"a%d=1" % n for n in range(MEGABYTE)) + b">words</p>"


def nested_tables_html() -> bytes:
    """Tables within tables."""
    return b"<table><tr><td>words" * 60_000


def nested_lists_html() -> bytes:
    """Lists within lists, with words on each level."""
    return b"<ul><li>words" * 100_000


def spans_html() -> bytes:
    """Cells that span a hundred rows and columns, ten thousand times."""
    cell = b"<td rowspan=100 colspan=100>" + b"words " * 100
    return b"<table>" + (b"<tr>" + cell * 4) * 3_000 + b"</table>"


def unclosed_html() -> bytes:
    """Half a million tags that never end."""
    return b"<html><p " + b"<b <i " * 500_000


def deep_json(mark: bytes = b"[", depth: int = 5_000_000) -> bytes:
    """Lists within lists."""
    return mark * depth


def deep_path_json() -> bytes:
    """Names within names, each told in front of its value."""
    depth = 900
    opening = b"".join(b'{"%b":' % (b"name" * 250) for _ in range(depth))
    return opening + b"[" + b",".join([b"1"] * 100_000) + b"]" + b"}" * depth


def many_records_json() -> bytes:
    """Ten million empty records."""
    return b"[" + b"{}," * 10_000_000 + b"{}]"


def sparse_records_json() -> bytes:
    """20,000 records, each with a name that no other has: a sheet of 400 million cells."""
    return ("[" + ",".join(f'{{"k{n}":"v"}}' for n in range(20_000)) + "]").encode()


def long_number_json() -> bytes:
    """A number of ten million digits."""
    return b'{"n": ' + b"9" * 10 * MEGABYTE + b"}"


def markdown(unit: str, count: int) -> bytes:
    """A mark, again and again."""
    return unit.encode() * count


def repeated(unit: str, size: int) -> bytes:
    """`unit` up to so many bytes."""
    encoded = unit.encode()
    return encoded * (size // len(encoded))


def many_headings() -> bytes:
    """A heading of 100,000 letters above 100,000 paragraphs."""
    return b"# " + b"h" * 100_000 + b"\n\n" + b"word\n\n" * 100_000


def many_fields() -> bytes:
    """Front matter of 500,000 fields."""
    return b"---\n" + b"".join(b"field%d: value\n" % n for n in range(500_000)) + b"---\n\nWords."
