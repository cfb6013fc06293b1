from __future__ import annotations

from rag_cs.privacy import Finding, Vault, find_personal

PHONE = "13812345678"
FOUND = [Finding(0, 11, "PHONE")]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_only_the_conversation_gives_back_what_was_said_in_it() -> None:
    vault = Vault(60)
    assert vault.hide("one", "a", PHONE, FOUND) == "[PHONE_1]"
    assert vault.restore("one", "a", "[PHONE_1]") == PHONE
    assert vault.restore("one", "b", "[PHONE_1]") == "[PHONE_1]"
    assert vault.restore("two", "a", "[PHONE_1]") == "[PHONE_1]"
    vault.hide("one", "b", "[PHONE_1]", find_personal("[PHONE_1]"))
    assert vault.restore("one", "b", "[LITERAL_1]") == "[PHONE_1]"


def test_values_are_forgotten_some_time_after_their_last_use() -> None:
    clock = Clock()
    vault = Vault(60, clock=clock)
    vault.hide("one", "a", PHONE, FOUND)
    clock.now = 50
    assert vault.restore("one", "a", "[PHONE_1]") == PHONE
    clock.now = 109
    assert vault.restore("one", "a", "[PHONE_1]") == PHONE
    clock.now = 170
    assert vault.restore("one", "a", "[PHONE_1]") == "[PHONE_1]"
    assert len(vault) == 0


def test_sweeping_drops_what_nobody_asks_for() -> None:
    clock = Clock()
    vault = Vault(60, clock=clock)
    vault.hide("one", "a", PHONE, FOUND)
    vault.hide("two", "a", PHONE, FOUND)
    clock.now = 61
    vault.sweep()
    assert len(vault) == 0


def test_after_that_an_old_placeholder_gets_no_other_meaning() -> None:
    vault = Vault(60)
    hidden = vault.hide("one", "a", PHONE, FOUND, earlier="电话[PHONE_1]")
    assert hidden == "[PHONE_2]"
    assert vault.restore("one", "a", "[PHONE_1]") == "[PHONE_1]"


def test_a_store_that_is_full_forgets_its_own_oldest() -> None:
    vault = Vault(60, most=2)
    for name in "abc":
        vault.hide("one", name, PHONE, FOUND)
    vault.hide("two", "a", PHONE, FOUND)
    assert vault.restore("one", "a", "[PHONE_1]") == "[PHONE_1]"
    assert vault.restore("one", "c", "[PHONE_1]") == PHONE
    assert vault.restore("two", "a", "[PHONE_1]") == PHONE


def test_conversations_without_values_take_no_place() -> None:
    vault = Vault(60)
    vault.hide("one", "a", "nothing")
    assert len(vault) == 0


def test_forgetting_a_conversation_or_a_store() -> None:
    vault = Vault(60)
    for store in ("one", "two"):
        for conversation in ("a", "b"):
            vault.hide(store, conversation, PHONE, FOUND)
    vault.forget("one", "a")
    assert vault.restore("one", "a", "[PHONE_1]") == "[PHONE_1]"
    vault.forget("two")
    vault.forget("three", "a")
    assert len(vault) == 1
