from __future__ import annotations

from rag_cs.readers.builder import Limits
from rag_cs.readers.markdown import read

TEXT = """---
title: Returns
Region: cn
---
# Returns *policy*

Goods go back [within](http://x) 7
days, **unused**.

## Steps

3. Pack it
4. Send it
   - by post

| Item | Fee |
|------|-----|
| Lamp | 12  |

```
CODE-1
```
"""


def test_every_structure_becomes_its_block() -> None:
    draft = read(TEXT.encode(), "x.md", Limits())
    assert [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks] == [
        ("heading", "Returns policy"),
        ("paragraph", "Goods go back within 7 days, unused."),
        ("heading", "Steps"),
        ("list_item", "3. Pack it"),
        ("list_item", "4. Send it"),
        ("list_item", "- by post"),
        ("table", "| Item | Fee |\n| Lamp | 12 |"),
        ("code", "CODE-1"),
    ]
    assert draft.title == "Returns"
    assert draft.metadata == {"title": "Returns", "region": "cn"}


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    draft = read(b"---\n\ntext\n\n---\n", "x.md", Limits())
    assert draft.text == "text"
