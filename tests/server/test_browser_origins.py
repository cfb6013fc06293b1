"""What a real browser makes of the answers to pages of other origins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from rag_cs.server.app import create_app
from tests.builders import make_document
from tests.server.serving import FACT, QUESTION
from tests.server.test_page import ARGUMENTS, CHROMIUM
from tests.server.test_serve import listening
from tests.test_bootstrap import make_system

pytestmark = pytest.mark.slow

ASK = """async ([address, key, question]) => {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
      body: JSON.stringify({ question }),
    });
    return { status: response.status, id: response.headers.get("X-Request-ID"),
             body: await response.json() };
  } catch (error) {
    return { status: 0, body: error.name };
  }
}"""


async def shop(scope: Scope, receive: Receive, send: Send) -> None:
    """A page of another origin."""
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<!DOCTYPE html><title>Shop</title>"})


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
def test_a_page_reads_the_answers_of_the_store_that_allows_it(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    system = make_system(tmp_path, FACT)
    for name in ("mine", "other"):
        document = make_document("returns.md", FACT, title="Returns")
        system.store(name, create=True).ingester.add([document])
    secret, _ = system.keys.create("shopper")
    app = create_app(system)
    app.state.models.ready = True
    with listening(app) as port, listening(shop) as elsewhere, sync_playwright() as playwright:
        origin = f"http://127.0.0.1:{elsewhere}"
        system.keys.origins.set("mine", [origin])
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(origin)

        def ask(store: str, key: str) -> dict[str, Any]:
            address = f"http://127.0.0.1:{port}/v1/stores/{store}/ask"
            told: dict[str, Any] = page.evaluate(ASK, [address, key, QUESTION])
            return told

        answer = ask("mine", secret)
        assert (answer["status"], answer["body"]["answer"]) == (200, FACT)
        assert answer["id"]  # exposed to the page
        refused = ask("mine", "rcs_0_0")
        assert (refused["status"], refused["body"]["status"]) == (401, 401)
        assert ask("other", secret) == {"status": 0, "body": "TypeError"}
        system.keys.origins.set("mine", [])
        page.goto(origin + "/again")
        # The preflight's answer may be remembered for ten minutes; the request is refused anyway.
        assert ask("mine", secret) == {"status": 0, "body": "TypeError"}
        browser.close()
    system.close()
