"""What locust runs for load.py: shoppers who search, ask, think, and ask again.

Settings come from the environment: RAG_CS_LOAD_OUT is the file for what each request took,
RAG_CS_LOAD_THINK the seconds between two questions, at the most.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, between, events, task

OUT = Path(os.environ["RAG_CS_LOAD_OUT"])
THINK_SECONDS = float(os.environ.get("RAG_CS_LOAD_THINK", "60"))
KEY = os.environ.get("RAG_CS_LOAD_KEY", "")
# Questions of the demo store: FAQ pairs, the generator's, and some that nothing answers.
QUESTIONS = (
    "几天之内可以退货？",
    "买了不满意，运费谁出？",
    "发票怎么开？",
    "会员有什么优惠？",
    "HK-170怎么除水垢？",
    "礼品卡有效期多久？",
    "How much does standard shipping cost?",
    "How long is the warranty?",
    "What does error E4 mean?",
    "How do I clean the coffee machine?",
    "Do you offer gift wrapping?",
    "Who won the match yesterday?",
)
_numbers = itertools.count()
_begun = time.time()
_requests: list[dict[str, Any]] = []


class Shopper(FastHttpUser):
    """One visitor, with a conversation of their own."""

    wait_time = between(THINK_SECONDS / 4, THINK_SECONDS)
    connection_timeout = 10.0
    network_timeout = 120.0

    def on_start(self) -> None:
        """Each begins at another question."""
        self.number = next(_numbers)
        self.asked = self.number
        self.conversation = ""

    @task(2)
    def search(self) -> None:
        """Look for passages."""
        self._send("search", {"query": self._question(), "top_k": 5}, ("hits",))

    @task(2)
    def ask(self) -> None:
        """Ask, now and then in the same conversation."""
        body: dict[str, Any] = {"question": self._question()}
        if self.conversation and self.asked % 3 == 0:
            body["conversation_id"] = self.conversation
        answer = self._send("ask", body, ("status", "answer", "citations", "conversation_id"))
        self.conversation = answer.get("conversation_id", self.conversation)

    @task(1)
    def ask_as_a_stream(self) -> None:
        """Ask, and read the sentences as they come."""
        self._send("ask", {"question": self._question(), "stream": True}, ())

    def _question(self) -> str:
        self.asked += 1
        # Another number each time, so that no cache answers for the models.
        return f"{QUESTIONS[self.asked % len(QUESTIONS)]} ({self.asked})"

    def _send(self, kind: str, body: dict[str, Any], needed: tuple[str, ...]) -> dict[str, Any]:
        name = "stream" if body.get("stream") else kind
        headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
        begun = time.time()
        with self.client.post(
            f"/v1/stores/demo/{kind}", json=body, headers=headers, name=name, catch_response=True
        ) as response:
            text = response.text or ""
            took = time.time() - begun
            refused = response.status_code in (429, 503)
            sound = response.status_code == 200 and (
                "event: answer" in text if name == "stream" else _has(text, needed)
            )
            _requests.append(
                {
                    "kind": name, "shopper": self.number, "at": begun - _begun, "seconds": took,
                    "status": response.status_code, "sound": sound,
                    "retry_after": (response.headers or {}).get("Retry-After", ""),
                    "problem": "" if sound else (text[-300:] or str(response.error)),
                }
            )  # fmt: skip
            if sound or refused:
                response.success()
            else:
                response.failure(f"{response.status_code}: {text[:200]}")
        return dict(json.loads(text)) if sound and needed else {}


def _has(text: str, needed: tuple[str, ...]) -> bool:
    try:
        return set(needed) <= set(json.loads(text))
    except ValueError:
        return False


def write(**_: Any) -> None:
    """What each request took, for load.py."""
    OUT.write_text(json.dumps({"begun": _begun, "requests": _requests}), "utf-8")


events.quitting.add_listener(write)  # type: ignore[no-untyped-call]
