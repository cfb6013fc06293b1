from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from rag_cs import bootstrap
from rag_cs.cli import app
from rag_cs.stores.conversations import Conversations
from rag_cs.stores.personal import open_personal
from rag_cs.types import Turn
from tests.fakes import HashEmbeddings, ScriptedChatModel

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CS_STORAGE__INDEXES", str(tmp_path / "indexes"))
    monkeypatch.setenv("RAG_CS_STORAGE__MODELS", str(tmp_path / "models"))
    reply = "Unused goods go back within 7 days. The moon is made of cheese."
    monkeypatch.setattr(bootstrap, "load_embeddings", lambda settings: HashEmbeddings())
    monkeypatch.setattr(bootstrap, "load_chat", lambda settings: ScriptedChatModel(reply=reply))


@pytest.fixture
def store(tmp_path: Path) -> str:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "returns.md").write_text(
        "# Returns\n\nUnused goods go back within 7 days."
    )
    done = RUNNER.invoke(app, ["ingest", "--store", "demo", str(tmp_path / "docs")])
    assert done.exit_code == 0, done.output
    assert "added      returns.md  (1 chunks)" in done.output
    return "demo"


def test_search_prints_hits_as_promised(store: str) -> None:
    done = RUNNER.invoke(
        app, ["search", "--store", store, "unused goods", "--top-k", "3", "--json"]
    )
    (hit,) = json.loads(done.stdout)["hits"]
    assert set(hit) == {
        "document_id", "chunk_id", "title", "text", "page", "start", "end", "score",
    }  # fmt: skip
    assert "Unused goods" in RUNNER.invoke(app, ["search", "-s", store, "unused goods"]).stdout


def test_ask_prints_the_answer_and_its_quote(store: str) -> None:
    done = RUNNER.invoke(app, ["ask", "--store", store, "When can unused goods go back?", "--json"])
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["answer"]) == (
        "answered",
        "Unused goods go back within 7 days.",
    )
    assert answer["citations"][0]["quote"] == "Unused goods go back within 7 days."
    plain = RUNNER.invoke(app, ["ask", "--store", store, "When can unused goods go back?"]).stdout
    assert "— Returns: “Unused goods go back within 7 days.”" in plain


def test_a_day_decides_between_versions(store: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.md"
    path.write_text("# Returns\n\nUnused goods go back within 30 days.")
    dates = ["--effective-from", "2026-01-01", "--policy-version", "2", "--policy", "returns"]
    assert RUNNER.invoke(app, ["ingest", "-s", store, str(path), *dates]).exit_code == 0
    search = ["search", "-s", store, "unused goods", "--as-of"]
    assert "30 days" in RUNNER.invoke(app, [*search, "2026-02-01"]).stdout
    before = RUNNER.invoke(app, [*search, "2025-02-01"]).stdout
    assert "7 days" in before
    assert "30 days" not in before
    ask = ["ask", "-s", store, "When can unused goods go back?", "--as-of", "2025-02-01", "--json"]
    assert json.loads(RUNNER.invoke(app, ask).stdout)["citations"][0]["version"] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "--store", "demo", "x", "--as-of", "May"], "as_of is 'May'"),
        (["ask", "--store", "demo", "x", "--as-of", "2026-02-30"], "YYYY-MM-DD"),
        (["ingest", "-s", "demo", ".", "--effective-from", "x"], "effective_from is 'x'"),
        (["search", "--store", "nope", "x"], "There is no store 'nope'"),
        (["ask", "--store", "../x", "x"], "can't name a store"),
        (["search", "--store", "demo", "x", "--top-k", "0"], "top_k is 0"),
        (["search", "--store", "demo", "x", "--top-k", "1000000000"], "between 1 and 100"),
        (["ask", "--store", "demo", "  "], "question is empty"),
        (["ask", "--store", "demo", "x" * 50_000], "50,000 characters"),
        (["ingest", "--store", "demo", "/no/such/file"], "There is no file or folder"),
        (["models", "fetch", "nonsense"], "neither a folder here nor in the catalogue"),
        (["store", "delete", "nope", "--yes"], "There is no store 'nope'"),
    ],
)
def test_bad_input_is_one_sentence_and_status_1(
    store: str, arguments: list[str], message: str
) -> None:
    done = RUNNER.invoke(app, arguments)
    assert done.exit_code == 1
    assert message in done.output
    assert "Traceback" not in done.output


def test_a_file_that_fails_makes_the_status_1_and_the_rest_go_on(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    (tmp_path / "new" / "b.txt").write_text("fine")
    done = RUNNER.invoke(app, ["ingest", "--store", "other", str(tmp_path / "new")])
    assert done.exit_code == 1
    assert "Convert it to DOCX" in done.output
    assert "1 of 2 files are in store 'other'." in done.output


def test_stores_are_listed_and_deleted(store: str) -> None:
    assert json.loads(RUNNER.invoke(app, ["store", "list", "--json"]).stdout) == {
        "stores": ["demo"]
    }
    assert RUNNER.invoke(app, ["store", "delete", "demo"], input="n\n").exit_code == 1
    assert RUNNER.invoke(app, ["store", "delete", "demo", "--yes"]).exit_code == 0
    assert "no store yet" in RUNNER.invoke(app, ["store", "list"]).stdout


def test_the_catalogue_is_listed() -> None:
    listed = json.loads(RUNNER.invoke(app, ["models", "list", "--json"]).stdout)["models"]
    assert {"multilingual-e5-small", "shop-qwen-0.5b"} <= {m["name"] for m in listed}
    assert "Apache-2.0" in RUNNER.invoke(app, ["models", "list"]).stdout


def test_evaluate_makes_questions_once_and_runs_them(store: str, tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_text("question,answer\nMay I return a lamp?,Within 7 days.\n")
    assert RUNNER.invoke(app, ["ingest", "-s", store, str(tmp_path / "faq.csv")]).exit_code == 0
    first = RUNNER.invoke(app, ["evaluate", "--store", store])
    assert first.exit_code == 0, first.output
    kept = tmp_path / "indexes" / store / "evaluation"
    assert f"questions were written to {kept / 'questions.csv'}" in first.stdout
    run = json.loads((kept / "accepted.json").read_text("utf-8"))
    assert {outcome["state"] for outcome in run["outcomes"]} == {"passed"}
    assert "<html" in (kept / "report.html").read_text("utf-8")
    again = RUNNER.invoke(app, ["evaluate", "--store", store])
    assert "0 newly failing, 0 fixed, 0 new, 0 gone" in again.stdout


def test_evaluate_fails_on_a_regression_until_it_is_accepted(store: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("question,document,quote\nunused goods,returns.md,Unused goods go back\n")
    command = ["evaluate", "-s", store, "--questions", str(path)]
    assert RUNNER.invoke(app, command).exit_code == 0
    for number in range(8):
        (tmp_path / f"copy{number}.txt").write_text(f"unused goods unused goods {number}")
    others = [str(tmp_path / f"copy{number}.txt") for number in range(8)]
    assert RUNNER.invoke(app, ["ingest", "-s", store, *others]).exit_code == 0
    failed = RUNNER.invoke(app, command)
    assert failed.exit_code == 1
    assert "1 newly failing" in failed.stdout
    assert RUNNER.invoke(app, [*command, "--accept"]).exit_code == 0
    told = RUNNER.invoke(app, [*command, "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["run"]["outcomes"][0]["state"] == "failed"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,document\n", "mine.csv, line 1 has no column 'quote'"),
        ("question,document,quote\nx,returns.md,\n", "mine.csv, line 2: `quote` is empty"),
        (None, "There is no file"),
    ],
)
def test_evaluate_ends_with_2_on_bad_input(
    store: str, tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "mine.csv"
    if text is not None:
        path.write_text(text)
    done = RUNNER.invoke(app, ["evaluate", "-s", store, "--questions", str(path)])
    assert done.exit_code == 2
    assert message in done.output.replace("\n", " ")


def test_check_tells_where_documents_disagree(store: str, tmp_path: Path) -> None:
    assert "Nothing to correct" in RUNNER.invoke(app, ["check", "-s", store]).stdout
    other = tmp_path / "faq.md"
    other.write_text("# Returns\n\nUnused goods go back within 9 days.")
    done = RUNNER.invoke(app, ["ingest", "-s", store, str(other)])
    assert "disagree with each other or with other documents in 1 places" in done.stdout
    done = RUNNER.invoke(app, ["check", "-s", store])
    assert done.exit_code == 1
    assert "These disagree (duration)" in done.stdout
    done = RUNNER.invoke(app, ["check", "-s", store, "--json"])
    assert len(json.loads(done.stdout)["conflicts"]) == 1
    done = RUNNER.invoke(app, ["check", "-s", store, "--as-of", "tomorrow"])
    assert done.exit_code == 2
    assert "as_of is 'tomorrow'" in done.output


def test_without_a_judge_there_is_nothing_to_calibrate(store: str, tmp_path: Path) -> None:
    pairs = tmp_path / "faq.csv"
    pairs.write_text("question,answer\nWhen is the shop open?,We open at nine on weekdays.\n")
    RUNNER.invoke(app, ["ingest", "-s", store, str(pairs)])
    done = RUNNER.invoke(app, ["evaluate", "-s", store, "--calibrate"])
    assert done.exit_code == 2
    assert "nothing to calibrate" in done.output


def test_a_store_is_backed_up_restored_renamed_and_verified(store: str, tmp_path: Path) -> None:
    file = tmp_path / "demo.zip"
    assert RUNNER.invoke(app, ["store", "backup", store, str(file)]).exit_code == 0
    assert "exists already" in RUNNER.invoke(app, ["store", "backup", store, str(file)]).output
    done = RUNNER.invoke(app, ["store", "restore", str(file), "--as", "copy"])
    assert done.stdout == "Store 'copy' is restored.\n"
    assert RUNNER.invoke(app, ["store", "rename", "copy", "second"]).exit_code == 0
    assert "is sound" in RUNNER.invoke(app, ["store", "verify", "second"]).stdout
    answer = RUNNER.invoke(app, ["ask", "-s", "second", "When can unused goods go back?"])
    assert "Unused goods go back within 7 days." in answer.stdout
    (tmp_path / "indexes" / "second" / "vectors.faiss").write_bytes(b"{}")
    done = RUNNER.invoke(app, ["store", "verify", "second"])
    assert (done.exit_code, "snapshot" in done.stdout) == (1, True)
    assert RUNNER.invoke(app, ["store", "verify", "second", "--repair"]).exit_code == 0


def test_what_was_deleted_is_told_until_the_store_is_compacted(store: str, tmp_path: Path) -> None:
    (tmp_path / "docs" / "returns.md").write_text("# Returns\n\nAsk our staff.")
    RUNNER.invoke(app, ["ingest", "-s", store, str(tmp_path / "docs")])
    verify = ["store", "verify", store, "--absent", "Unused goods go back"]
    done = RUNNER.invoke(app, verify)
    assert "Text of 1 documents that were deleted or replaced" in done.stdout
    done = RUNNER.invoke(app, ["store", "compact", store])
    assert "Nothing is left of 1 documents" in done.stdout
    done = RUNNER.invoke(app, [*verify, "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (
        0, {"faults": [], "deleted_since_compaction": 0, "traces": []},
    )  # fmt: skip
    verify[-1] = "Ask our staff"
    done = RUNNER.invoke(app, verify)
    assert done.exit_code == 1
    assert "The text stands in store.sqlite, from byte" in done.stdout


def test_what_is_promised_is_proved_on_one_s_own_store(store: str) -> None:
    done = RUNNER.invoke(app, ["store", "prove", store])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("ok ") == 9
    assert "What is promised of store 'demo' holds." in done.stdout
    done = RUNNER.invoke(app, ["store", "prove", "nothing"])
    assert (done.exit_code, "no store 'nothing'" in done.output) == (1, True)


def test_other_addresses_are_not_served_without_a_key() -> None:
    done = RUNNER.invoke(app, ["serve", "--host", "0.0.0.0"])
    assert done.exit_code == 1
    assert "rag-cs keys create admin --all-stores" in done.output


def test_keys_are_made_listed_and_revoked() -> None:
    assert "There is no key yet" in RUNNER.invoke(app, ["keys", "list"]).stdout
    assert RUNNER.invoke(app, ["keys", "create", "merchant"]).exit_code == 1
    done = RUNNER.invoke(app, ["keys", "create", "merchant", "-s", "demo", "--label", "Ann"])
    secret = done.stdout.splitlines()[0]
    listed = RUNNER.invoke(app, ["keys", "list"]).stdout
    assert "merchant   demo" in listed
    assert secret not in listed
    (key,) = json.loads(RUNNER.invoke(app, ["keys", "list", "--json"]).stdout)["keys"]
    assert RUNNER.invoke(app, ["keys", "revoke", key["id"]]).exit_code == 0
    assert "revoked" in RUNNER.invoke(app, ["keys", "list"]).stdout
    assert RUNNER.invoke(app, ["keys", "revoke", "nothing"]).exit_code == 1


def test_what_a_store_keeps_of_its_shoppers(store: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> Result:
        return RUNNER.invoke(app, ["privacy", *arguments, "-s", store])

    with open_personal(tmp_path / "indexes" / store, 90) as personal:
        conversations = Conversations(personal._engine)
        for name, subject in (("one", "ann"), ("two", "ann"), ("three", "")):
            conversations.append(name, [Turn("user", "?"), Turn("assistant", "!")], subject=subject)
    assert run("retention").stdout == "Store 'demo' keeps conversations for 90 days.\n"
    assert "for 7 days" in run("retention", "--days", "7").stdout
    assert "0 turns of 0 conversations" in run("purge").stdout
    exported = json.loads(run("export", "--subject", "ann").stdout)["conversations"]
    assert [each["conversation_id"] for each in exported] == ["one", "two"]
    assert exported[0]["turns"][0]["text"] == "?"
    erased = json.loads(run("erase", "--conversation", "one", "--json").stdout)["erased"]
    assert erased == [{"conversation_id": "one", "turns": 2}]
    assert run("erase", "--subject", "ann").stdout == "2 turns of 1 conversations are erased.\n"
    for again in (["--subject", "ann"], ["--conversation", "one"], []):
        done = run("export", *again)
        assert done.exit_code == 1
        assert done.output.startswith("rag-cs: ")
    assert "keeps no conversations" in run("retention", "--days", "0").stdout
    assert "2 turns of 1 conversations" in run("purge").stdout
    assert "for 90 days" in run("retention", "--default").stdout
    assert run("retention", "--days", "-1").exit_code == 1
    assert RUNNER.invoke(app, ["privacy", "purge", "-s", "nope"]).exit_code == 1
