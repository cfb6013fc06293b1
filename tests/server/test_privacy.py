"""Personal data over HTTP: what is stored, shown, erased, and that nothing of it leaks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag_cs.bootstrap import System
from rag_cs.generators.masked import MaskedChatModel
from rag_cs.server.app import create_app
from rag_cs.types import Turn
from tests.builders import make_document
from tests.fakes import ScriptedChatModel, make_judge
from tests.server.test_app import HERE, wait_for
from tests.test_bootstrap import make_system

FACT = "Unused goods go back within 7 days; call 0512-62881234 or 13900001111."
TOLD = (
    "我叫张伟远，电话13812345678，身份证11010519491231002X，银行卡6222020212345678909，邮箱zhangwy@example.com，"
    "地址浙江省杭州市西湖区文三路100号3栋502室。My name is Boris Kowalsky, (212) 555-0123, "
    "742 Evergreen Terrace, Springfield, IL 62704. Can unused goods go back?"
)
SECRETS = (
    "张伟远", "13812345678", "11010519491231002X", "6222020212345678909", "zhangwy@example.com",
    "文三路100号", "Kowalsky", "555-0123", "742 Evergreen", "subject-4711",
)  # fmt: skip


@contextmanager
def serving(root: Path, reply: str = FACT) -> Iterator[tuple[TestClient, System]]:
    system = make_system(root / "indexes", reply)
    system.__dict__["judge"] = make_judge(needed=0.0)  # believes every passage
    system.store("demo", create=True).ingester.add([make_document("returns.md", FACT)])
    app = create_app(system, anonymous=True)
    with TestClient(app, HERE, raise_server_exceptions=False) as client:
        wait_for(lambda: client.get("/readyz").status_code == 200)
        yield client, system
    system.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[TestClient, System]]:
    with serving(tmp_path) as pair:
        yield pair


def ask(client: TestClient, question: str, **more: Any) -> dict[str, Any]:
    response = client.post("/v1/stores/demo/ask", json={"question": question, **more})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def stored(system: System, conversation: str) -> list[str]:
    turns = system.store("demo").personal.conversation(conversation).turns
    return [turn.text for turn in turns]


def test_only_masked_turns_are_stored(served: tuple[TestClient, System]) -> None:
    client, system = served
    question, _ = stored(system, ask(client, TOLD)["conversation_id"])
    assert question.startswith(
        "我叫[NAME_1]，电话[PHONE_1]，身份证[ID_1]，银行卡[BANK_1]，邮箱[EMAIL_1]，"
    )
    assert "，地址[ADDRESS_1]。My name is [NAME_2], [PHONE_2], [ADDRESS_2]. Can" in question
    assert not any(secret in question for secret in SECRETS)


def test_what_an_answer_quotes_is_the_store_s_own(served: tuple[TestClient, System]) -> None:
    client, system = served
    answer = ask(client, "Can unused goods go back within 7 days; call 13900001111")
    question, reply = stored(system, answer["conversation_id"])
    assert question.endswith("call [PHONE_1]")
    assert reply == answer["answer"] == FACT


def test_within_a_conversation_what_was_said_is_known_and_nowhere_else(
    served: tuple[TestClient, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, system = served
    heard: list[list[str]] = []
    search = type(system.store("demo").retriever).search

    def listening(retriever: Any, queries: list[str], *more: Any, **named: Any) -> Any:
        heard.append(list(queries))
        return search(retriever, queries, *more, **named)

    monkeypatch.setattr(type(system.store("demo").retriever), "search", listening)
    name = ask(client, "Can unused goods go back? 13812345678")["conversation_id"]
    heard.clear()
    ask(client, "And lamps?", conversation_id=name)
    assert "13812345678" in heard[0][1]
    system.vault.forget("demo", name)
    heard.clear()
    ask(client, "And [PHONE_1] chairs?", conversation_id=name)
    assert "13812345678" not in str(heard)
    assert heard[0][1].count("PHONE") == 1  # as it was typed
    ask(client, "It is 13700000000 now", conversation_id=name)
    texts = stored(system, name)
    assert texts[4] == "And [LITERAL_1] chairs?"
    assert texts[6] == "It is [PHONE_2] now"
    other = ask(client, "Can [PHONE_1] goods go back?")["conversation_id"]
    assert "13812345678" not in str(client.get(f"/v1/stores/demo/conversations/{other}").json())


def test_a_store_that_keeps_nothing_stores_nothing(served: tuple[TestClient, System]) -> None:
    client, system = served
    before = ask(client, TOLD)["conversation_id"]
    system.store("demo").personal.set_retention(0)
    answer = ask(client, TOLD, subject="subject-4711")
    assert answer["conversation_id"] == ""
    for name in (before, "unknown", ""):
        assert ask(client, TOLD, conversation_id=name)["conversation_id"] == ""
    assert len(stored(system, before)) == 2
    system.store("demo").personal.purge()
    assert client.get(f"/v1/stores/demo/conversations/{before}").status_code == 404


def test_export_and_erase_by_conversation(served: tuple[TestClient, System]) -> None:
    client, system = served
    name = ask(client, TOLD)["conversation_id"]
    path = f"/v1/stores/demo/conversations/{name}"
    body = client.get(path).json()
    assert body["conversation_id"] == name
    assert [turn["role"] for turn in body["turns"]] == ["user", "assistant"]
    assert len(system.vault) == 1
    assert client.delete(path).json() == {"erased": [{"conversation_id": name, "turns": 2}]}
    assert len(system.vault) == 0
    for method in ("GET", "DELETE"):
        assert client.request(method, path).status_code == 404
    again = {"question": "And after?", "conversation_id": name}
    assert client.post("/v1/stores/demo/ask", json=again).status_code == 404


def test_export_and_erase_by_subject(served: tuple[TestClient, System]) -> None:
    client, system = served
    subject = "shop/客户 4711"
    first = ask(client, TOLD, subject=subject)["conversation_id"]
    second = ask(client, "Can unused goods go back?", subject=subject)["conversation_id"]
    other = ask(client, TOLD, subject="another")["conversation_id"]
    path = "/v1/stores/demo/subjects/shop%2F客户 4711"
    names = [each["conversation_id"] for each in client.get(path).json()["conversations"]]
    assert sorted(names) == sorted([first, second])
    erased = client.delete(path).json()["erased"]
    assert sorted(each["conversation_id"] for each in erased) == sorted([first, second])
    assert client.get(path).status_code == 404
    assert (
        client.delete(path).json()["detail"] == "Nothing is stored of this subject in this store."
    )
    assert len(stored(system, other)) == 2
    assert len(system.vault) == 1
    too_long = {"question": "?", "subject": "x" * 129}
    assert client.post("/v1/stores/demo/ask", json=too_long).status_code == 422


class ErasingChatModel(ScriptedChatModel):
    """While it thinks, somebody erases every conversation."""

    system: Any = None

    def _stream(self, *arguments: Any, **more: Any) -> Iterator[Any]:
        for kept in list(self.system.vault._stores.get("demo", {})):
            self.system.store("demo").personal.erase_conversation(kept)
            self.system.vault.forget("demo", kept)
        yield from super()._stream(*arguments, **more)


def test_what_is_erased_while_an_answer_is_written_does_not_come_back(
    served: tuple[TestClient, System],
) -> None:
    client, system = served
    name = ask(client, TOLD)["conversation_id"]
    system.__dict__["chat"] = ErasingChatModel(reply=FACT, system=system)
    question = "Unused goods go back within 7 days; call 13812345678 or who?"
    assert ask(client, question, conversation_id=name)["answer"] == FACT
    assert client.get(f"/v1/stores/demo/conversations/{name}").status_code == 404
    assert len(system.vault) == 0


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("route", ["ask", "chat"])
def test_a_generator_elsewhere_hears_what_the_store_says_and_nothing_of_the_shopper(
    served: tuple[TestClient, System], route: str, stream: bool
) -> None:
    client, system = served
    inner = ScriptedChatModel(reply=f"{FACT} Dear [NAME_1].")
    system.__dict__["chat"] = MaskedChatModel(inner=inner)
    told = "I'm Anna Muster. 13812345678"
    asked = "Unused goods go back within 7 days; call Anna Muster or 13812345678"
    if route == "ask":
        name = ask(client, told)["conversation_id"]
        path, body = "/v1/stores/demo/ask", {"question": asked, "conversation_id": name}
    else:
        messages = [{"role": "user", "content": told}, {"role": "user", "content": asked}]
        path, body = "/v1/chat/completions", {"model": "demo", "messages": messages}
    response = client.post(path, json={**body, "stream": stream})
    assert response.status_code == 200
    assert FACT in response.text
    heard = inner.prompts[-1][-1].text
    assert FACT in heard
    assert heard.endswith("Unused goods go back within 7 days; call [NAME_1] or [PHONE_1]")


def test_nothing_personal_and_no_key_is_in_logs_files_or_metrics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(tmp_path) as (client, system):
        key, _ = system.keys.create("merchant", ["demo"])
        headers = {"Authorization": f"Bearer {key}"}
        name = ask(client, TOLD, subject="subject-4711")["conversation_id"]
        ask(client, TOLD, conversation_id=name, subject="subject-4711")
        streamed = {"question": TOLD, "stream": True}
        assert client.post("/v1/stores/demo/ask", json=streamed, headers=headers).is_success
        messages = [{"role": "user", "content": TOLD}]
        chat = {"model": "demo", "messages": messages}
        assert client.post("/v1/chat/completions", json=chat, headers=headers).is_success
        assert client.post("/v1/stores/demo/search", json={"query": TOLD}).is_success
        assert client.get("/v1/stores/demo/subjects/subject-4711", headers=headers).is_success
        assert client.get(f"/v1/stores/demo/ask?question={TOLD}").status_code == 405
        for broken in (
            {"question": [TOLD]},
            {"question": TOLD * 50},
            {"question": TOLD, "as_of": TOLD},
        ):
            assert client.post("/v1/stores/demo/ask", json=broken).status_code == 422

        def fails(_: Any, _name: str, turns: list[Turn], *__: Any, **___: Any) -> bool:
            raise ValueError(turns[0].text + TOLD)

        monkeypatch.setattr(type(system.store("demo").conversations), "append", fails)
        failed = client.post("/v1/stores/demo/ask", json={"question": TOLD})
        assert failed.status_code == 500
        assert not any(secret in failed.text for secret in SECRETS)
        metrics = client.get("/metrics").text
    records = "\n".join(
        f"{each.getMessage()} {each.exc_text} {each.args}"
        for each in caplog.records
        if not each.name.startswith("httpx")  # the test's own client
    )
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert "failed: builtins.ValueError" in records
    assert b"[PHONE_1]" in files
    for secret in (*SECRETS, key, key.split("_", 2)[2]):
        assert secret not in records
        assert secret.encode() not in files
        assert secret not in metrics
