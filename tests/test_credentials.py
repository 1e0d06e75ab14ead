"""Secrets come from a variable or a file, and out of no text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.credentials import Redactor, known, secret, without_users
from omni_assets.errors import SettingsError

KEY = "sk-canary-0123456789abcdefABCDEF"
text = st.text(max_size=50)


@given(text, text)
def test_a_secret_is_taken_out_wherever_it_stands(before: str, after: str) -> None:
    redactor = Redactor([KEY])
    shown = before + KEY + after
    assert KEY not in redactor.exact(shown)
    assert KEY not in redactor.clause(shown)


@given(st.integers(0, len(KEY) - 8), st.integers(8, len(KEY)))
def test_a_message_holds_no_eight_characters_of_it(start: int, length: int) -> None:
    part = KEY[start : start + max(length, 8)]
    assert part[:8] not in Redactor([KEY]).clause(f'refused: "{part}…", it is no key')


@given(st.text())
def test_other_texts_stay_as_they_are(said: str) -> None:
    redactor = Redactor([KEY])
    assert redactor.exact(said) == said
    assert Redactor([]).clause(said) == said


@pytest.mark.parametrize("word", ["none", "EMPTY", "ollama", "x"])
def test_a_word_that_a_local_server_is_given_is_no_secret(word: str) -> None:
    said = f"there is {word} of it"
    assert Redactor([word]).exact(said) == Redactor([word]).clause(said) == said


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redactor(["abcdefgh", "abcdefghij"]).exact("abcdefghij") == "***"


def test_it_shows_none_itself() -> None:
    assert KEY not in repr(Redactor([KEY]))


def test_a_secret_stands_in_a_variable_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("  hunter2\n")
    assert secret("WORD", {"WORD": " hunter2 "}) == secret("WORD", {"WORD_FILE": str(file)}) == "hunter2"
    assert secret("WORD", {}) == secret("WORD", {"WORD_FILE": ""}) == ""


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (b"", "holds nothing"),
        (b" \n", "holds nothing"),
        (b"hunter2\xff", "is not UTF-8"),
        (b"hunter2" * 10_000, "holds more than 65,536 bytes"),
        (None, "cannot be read: no such file or directory"),
    ],
)
def test_a_file_that_holds_no_secret_is_named_without_it(held: bytes | None, why: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    if held is not None:
        file.write_bytes(held)
    with pytest.raises(SettingsError) as refused:
        secret("WORD", {"WORD_FILE": str(file)})
    assert refused.value.message == f"the file that WORD_FILE names, {file}, {why}."
    assert "hunter2" not in str(refused.value)


def test_both_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WORD and WORD_FILE are both set"):
        secret("WORD", {"WORD": "hunter2", "WORD_FILE": str(tmp_path)})


def test_secrets_are_known_by_the_names_that_they_have(tmp_path: Path) -> None:
    file = tmp_path / "hook"
    file.write_text("https://hooks.example/T0")
    environ = {
        "OMNI_KAFKA_SASL_PASSWORD": "one",
        "OPENAI_API_KEY": "two",
        "OMNI_KAFKA_SSL_KEY_PEM": "three",
        "OMNI_ALERT_WEBHOOK_FILE": str(file),
        "GITHUB_TOKEN_FILE": str(tmp_path / "missing"),
        "OMNI_EXPORT_POSTGRES": "postgresql://u:p@h/d",
        "OMNI_REDIS_URL": "redis://:word@h/0",
        "OMNI_KAFKA_SASL_USERNAME": "omni",
        "KEYBOARD": "de",
        "PATH": "/usr/bin",
    }
    addresses = {"https://hooks.example/T0", "postgresql://u:p@h/d", "redis://:word@h/0"}
    assert set(known(environ)) == {"one", "two", "three"} | addresses


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://me:hunter2@idp.example/token?a=1", "https://***@idp.example/token?a=1"),
        ('from "http://me:hunter2@127.0.0.1:8080": refused', 'from "http://***@127.0.0.1:8080": refused'),
        ("me:hunter2@broker:9092,other:9092", "***@broker:9092,other:9092"),
        ("https://idp.example:8443/a@b", "https://idp.example:8443/a@b"),
        ("at 12:00 mail me@example.com", "at 12:00 mail me@example.com"),
    ],
)
def test_an_address_tells_no_user(said: str, shown: str) -> None:
    assert without_users(said) == shown
