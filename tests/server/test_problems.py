from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from rag_cs.server import problems


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    problems.install(app)

    @app.get("/fails/{name}")
    def fails(name: str) -> None:
        raise ValueError(name)

    @app.get("/breaks")
    def breaks() -> StreamingResponse:
        def pieces() -> object:
            yield b"some"
            raise ValueError("13812345678")

        return StreamingResponse(pieces())  # type: ignore[arg-type]

    return TestClient(app)  # raises what gets past the app


def test_a_fault_of_ours_is_a_problem_and_its_message_goes_nowhere(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/fails/13812345678")
    assert (response.status_code, response.json()["title"]) == (500, "Internal Server Error")
    assert "It was logged" in response.json()["detail"]
    (record,) = [each for each in caplog.records if each.name == problems.__name__]
    assert "GET /fails/{name} failed: builtins.ValueError at" in record.getMessage()
    assert record.exc_info is None
    assert "13812345678" not in record.getMessage()


def test_a_fault_in_the_middle_of_a_response_is_logged_too(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/breaks").content == b"some"
    assert "GET /breaks failed: builtins.ValueError" in caplog.text
    assert "13812345678" not in caplog.text
