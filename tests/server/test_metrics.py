from __future__ import annotations

import re
from pathlib import Path

from tests.server.serving import QUESTION, served
from tests.server.test_app import wait_for


def value(text: str, name: str) -> float:
    found = re.search(rf"^rag_cs_{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_everything_that_an_answer_and_an_upload_do_is_measured(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        file = {"file": ("a.md", b"# A\n\nUsed goods stay.")}
        path = one.client.post("/v1/stores/demo/documents", files=file).headers["Location"]
        wait_for(lambda: one.client.get(path).json()["state"] == "done")
        bad = {"file": ("a.pdf", b"no PDF")}
        path = one.client.post("/v1/stores/demo/documents", files=bad).headers["Location"]
        wait_for(lambda: one.client.get(path).json()["state"] == "failed")
        body = {"question": QUESTION}
        assert one.client.post("/v1/stores/demo/ask", json=body).json()["status"] == "answered"
        chat = {"model": "demo", "messages": [{"role": "user", "content": QUESTION}]}
        one.client.post("/v1/chat/completions", json=chat)
        one.client.post("/v1/stores/demo/search", json={"query": "goods"})
        wait_for(lambda: "failed" in one.client.get("/metrics").text)
        text = one.client.get("/metrics").text
    assert value(text, 'answers_total{status="answered"}') == 2
    assert value(text, 'documents_total{outcome="added"}') == 1
    assert value(text, 'documents_total{outcome="failed"}') == 1
    for stage, times in {"rewrite": 2, "retrieve": 3, "generate": 2, "ground": 2}.items():
        assert value(text, f'stage_seconds_count{{stage="{stage}"}}') >= times, stage
    assert value(text, "uploads_waiting") == 0
    assert value(text, "generator_open") == 0
    assert value(text, "open_streams") == 0
    assert value(text, "open_requests") == 1  # this one
    assert value(text, 'request_seconds_count{route="/v1/stores/{store}/ask"}') == 1
    assert "process_resident_memory_bytes" in text


def test_tokens_are_counted_both_ways(tmp_path: Path) -> None:
    from collections.abc import Iterator
    from typing import Any

    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatGenerationChunk

    from tests.fakes import ScriptedChatModel
    from tests.server.serving import FACT

    class Counting(ScriptedChatModel):
        def _stream(self, *arguments: Any, **named: Any) -> Iterator[ChatGenerationChunk]:
            yield from super()._stream(*arguments, **named)
            usage = {"input_tokens": 90, "output_tokens": 7, "total_tokens": 97}
            yield ChatGenerationChunk(message=AIMessageChunk("", usage_metadata=usage))

    with served(tmp_path) as one:
        one.system.__dict__["chat"] = Counting(reply=FACT)
        one.client.post("/v1/stores/demo/ask", json={"question": QUESTION})
        text = one.client.get("/metrics").text
    assert value(text, 'generator_tokens_total{direction="in"}') == 90
    assert value(text, 'generator_tokens_total{direction="out"}') == 7


def test_labels_hold_nothing_that_a_user_wrote(tmp_path: Path) -> None:
    """However many stores, names and ids are tried, the number of series stays the same."""
    with served(tmp_path) as one:
        counts = []
        for turn in range(3):
            for number in range(turn * 5):
                name = f"store{number}"
                one.client.get(f"/v1/stores/{name}/documents/{number}")
                one.client.get(f"/nowhere/{number}", headers={"X-Request-ID": f"id{number}"})
                one.client.post(f"/v1/stores/{name}/ask", json={"question": f"why {number}?"})
                one.client.get("/v1/stores", headers={"Authorization": f"Bearer {number}"})
            text = one.client.get("/metrics").text
            assert not re.search(r"store\d|why|id\d", text)
            counts.append(len(text.splitlines()))
        assert counts[1] == counts[2]
