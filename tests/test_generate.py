from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rag_cs.errors import Busy, InvalidInput, ModelError
from rag_cs.generate import choose_engine, load_chat_model, openai_chat_model
from rag_cs.generators.masked import MaskedChatModel, shopper_message


@pytest.mark.parametrize(
    ("readable", "openvino", "cuda", "expected"),
    [
        (True, True, False, "openvino"),
        (True, True, True, "transformers"),
        (True, False, False, "transformers"),
        (False, True, False, "transformers"),
    ],
)
def test_auto_is_openvino_on_cpus_and_transformers_elsewhere(
    readable: bool, openvino: bool, cuda: bool, expected: str
) -> None:
    chosen = choose_engine(readable_by_openvino=readable, has_openvino=openvino, has_cuda=cuda)
    assert chosen == expected


def test_a_missing_model_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load_chat_model(tmp_path / "nowhere")


def test_an_unknown_engine_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="auto, openvino or transformers"):
        load_chat_model(tmp_path, "llamafile")  # type: ignore[arg-type]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no GGUF"):
        load_chat_model(tmp_path, "openvino")


@pytest.mark.parametrize(("url", "model"), [("localhost:1", "m"), ("http://localhost:1", "")])
def test_a_server_needs_an_address_and_a_model(url: str, model: str) -> None:
    with pytest.raises(InvalidInput):
        openai_chat_model(url, model)


class _Server(BaseHTTPRequestHandler):
    """Chat completions: replies with the last message, streamed in pieces if asked to, or with the
    status that it names; an error repeats what was sent, as some servers do."""

    bodies: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(data)
        self.bodies.append(json.dumps(body, ensure_ascii=False))
        text = body["messages"][-1]["content"]
        if text.isdigit():
            key = self.headers["Authorization"]
            self._send(int(text), {"error": {"message": f"{text} {key}", "code": "wrong"}})
        elif body.get("stream"):
            pieces = [text[start : start + 3] for start in range(0, len(text), 3)]
            self._start(200, "text/event-stream")
            for piece in pieces:
                line = json.dumps(self._reply("chat.completion.chunk", delta=piece))
                self.wfile.write(f"data: {line}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")
        else:
            self._send(200, self._reply("chat.completion", message=text))

    def _reply(self, kind: str, **said: str) -> dict[str, Any]:
        ((place, text),) = said.items()
        choice = {"index": 0, place: {"role": "assistant", "content": text}}
        choice["finish_reason"] = None if place == "delta" else "stop"
        return {"id": "1", "object": kind, "created": 0, "model": "any", "choices": [choice]}

    def _send(self, status: int, body: dict[str, Any]) -> None:
        self._start(status, "application/json")
        self.wfile.write(json.dumps(body).encode())

    def _start(self, status: int, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("x-should-retry", "false")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/v1"
        http.shutdown()
        thread.join()


def test_a_compatible_server_answers_without_a_key(server: str) -> None:
    assert load_chat_model(server, model="any").invoke("退货").text == "退货"


def test_personal_data_reaches_no_server_behind_a_mask(server: str) -> None:
    model = MaskedChatModel(inner=openai_chat_model(server, "any"))
    _Server.bodies.clear()
    message = shopper_message("电话0512-62881234。", "我的电话13812345678")
    assert model.invoke([message]).text == message.text  # it echoes what it was sent
    assert "".join(part.text for part in model.stream([message])) == message.text
    assert all("[PHONE_1]" in body and "13812345678" not in body for body in _Server.bodies)
    assert all("0512-62881234" in body and "said_before" not in body for body in _Server.bodies)


def test_a_refusal_repeats_neither_prompt_nor_key(server: str) -> None:
    with pytest.raises(ModelError) as caught:
        openai_chat_model(server, "any", "sk-secret").invoke("400")
    assert str(caught.value) == f"The model server at {server} refused (400, wrong)."


@pytest.mark.parametrize(("status", "error"), [("429", Busy), ("500", ModelError)])
def test_a_servers_failures_become_errors_of_ours(
    server: str, status: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match="model server"):
        openai_chat_model(server, "any").invoke(status)


async def test_a_server_that_is_not_there_is_a_model_error() -> None:
    model = openai_chat_model("http://127.0.0.1:9/v1", "any", timeout_seconds=2)
    with pytest.raises(ModelError, match="can't be reached"):
        await model.ainvoke("hello")
