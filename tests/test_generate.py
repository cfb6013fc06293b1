from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag_cs.errors import Busy, InvalidInput, ModelError
from rag_cs.generate import choose_engine, load_chat_model, openai_chat_model


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
    """Chat completions: replies with the last message, or with the status that it names."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        self.send_response(int(text) if text.isdigit() else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-should-retry", "false")
        self.end_headers()
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        reply = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"]}
        self.wfile.write(json.dumps({**reply, "choices": [choice]}).encode())

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
