"""The whole HTTP interface, asked what its schema allows and what it forbids: no 5xx, and no answer
that the schema doesn't have. `RAG_CS_SCHEMA_EXAMPLES` says how many requests an operation gets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rag_cs.server.app import create_app
from tests.test_bootstrap import make_system

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "prove_interface.py"
EXAMPLES = os.environ.get("RAG_CS_SCHEMA_EXAMPLES", "10")


@pytest.mark.slow
def test_every_answer_is_in_the_schema() -> None:
    command = [sys.executable, str(SCRIPT), "--examples", EXAMPLES]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-1_000:]
    assert "Tested: " in done.stdout


def test_the_schema_says_how_errors_look_and_what_names_stores_have(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    with TestClient(create_app(system), "http://127.0.0.1") as client:
        schema = client.get("/openapi.json").json()
        assert client.get("/openapi.json").json() == schema
    system.close()
    search = schema["paths"]["/v1/stores/{store}/search"]["post"]
    problem = search["responses"]["4XX"]["content"]["application/problem+json"]
    assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "422" not in search["responses"]
    assert search["parameters"][0]["schema"]["pattern"].startswith("^")
    assert search["security"] == [{"key": []}]
    models = schema["paths"]["/v1/models"]["get"]["responses"]["5XX"]["content"]
    assert list(models) == ["application/json"]
    assert "security" not in schema["paths"]["/livez"]["get"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    query = schema["components"]["schemas"]["SearchRequest"]["properties"]["query"]
    assert query["maxLength"] == 2_000


def test_a_method_that_a_path_lacks_is_told_which_it_has(tmp_path: Path) -> None:
    system = make_system(tmp_path)
    with TestClient(create_app(system, anonymous=True), "http://127.0.0.1") as client:
        for path in ("/v1/stores/demo/documents", "/v1/stores/demo/documents/x"):
            refused = client.put(path)
            assert refused.status_code == 405
            others = {"POST"} if path.endswith("s") else {"DELETE"}
            assert set(refused.headers["Allow"].split(", ")) == {"GET"} | others
        assert client.get("/v1/stores/").status_code == 404
    system.close()
