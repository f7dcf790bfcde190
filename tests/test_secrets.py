"""What is secret on this machine, and what becomes of it."""

import base64
import json
import os
import subprocess
import sys
import threading
from urllib.parse import quote

import pytest

from autoloop.records.secrets import (
    Mask,
    blank_secrets,
    child_environment,
    environment_mask,
    secret_values,
    secrets_hidden,
    spellings,
)

KEY = 'sk-canary+0123/456789"\N{LATIN SMALL LETTER E WITH ACUTE}'
ENVIRON = {
    "OPENAI_API_KEY": KEY,
    "hf_token": "hf_canary_token",
    "MAX_TOKENS": "100000000",
    "PATH": "/usr/bin",
    "SSH_AUTH_SOCK": "/run/ssh/agent",
    "GIT_AUTHOR_NAME": "Ann Someone",
    "GIT_CONFIG_KEY_0": "core.editor",
    "AUTH_MODE": "disabled",
    "GOOGLE_APPLICATION_CREDENTIALS": "/home/ann/key.json",
    "CURL_OPTIONS": f"-H 'Authorization: Bearer {KEY}'",
    "HTTPS_PROXY": "http://ann:hunter2-hunter2@proxy:3128",
}


def test_names_say_what_is_secret_and_values_what_is_not() -> None:
    assert secret_values(ENVIRON) == {KEY, "hf_canary_token", "hunter2-hunter2"}


def test_a_child_gets_everything_but_secrets_under_whatever_name() -> None:
    left_out = {"OPENAI_API_KEY", "hf_token", "CURL_OPTIONS", "AUTH_MODE"}
    left_out |= {"GOOGLE_APPLICATION_CREDENTIALS"}

    assert set(child_environment(ENVIRON)) == ENVIRON.keys() - left_out
    assert "hf_token" in child_environment(ENVIRON, keep=["hf_token"])


TEXTS = {
    "plainly": KEY,
    "in JSON": json.dumps({"error": f"Authorization: Bearer {KEY}"}),
    "in a URL": f"https://x/?key={quote(KEY, safe='')}&b",
    "in a path": f"https://x/{quote(KEY)}",
    **{
        f"in base64 after {before!r}": base64.b64encode(f"{before}{KEY}:tail".encode()).decode()
        for before in ("", "a", "ab", "user:")
    },
    "in base64 for URLs": base64.urlsafe_b64encode(f"??>{KEY}".encode()).decode(),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_secret_is_masked_however_it_is_spelled(text: str) -> None:
    masked = Mask([KEY]).text(f"before {text} after")

    assert masked != f"before {text} after"
    assert not any(form in masked for form in spellings(KEY))
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_the_mask_of_the_environment_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_API_KEY", "first-canary-1")
    assert environment_mask().text("first-canary-1 second-canary-2") == "*** second-canary-2"

    monkeypatch.setenv("NEW_API_KEY", "second-canary-2")
    assert environment_mask().text("first-canary-1 second-canary-2") == "first-canary-1 ***"


def test_children_of_foreign_packages_see_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    show = [sys.executable, "-c", "import os; print(os.environ.get('OPENAI_API_KEY'))"]

    with secrets_hidden():
        hidden = subprocess.run(show, capture_output=True, text=True, check=True).stdout
    blank = {**os.environ, **blank_secrets()}
    blanked = subprocess.run(show, env=blank, capture_output=True, text=True, check=True).stdout

    assert (hidden, blanked) == ("None\n", "\n")
    assert os.environ["OPENAI_API_KEY"] == KEY


def test_the_environment_may_change_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMES_AND_GOES", "1")
    over = threading.Event()

    def flip() -> None:
        while not over.is_set():
            os.environ.pop("COMES_AND_GOES", None)
            os.environ["COMES_AND_GOES"] = "1"

    flipping = threading.Thread(target=flip)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    flipping.start()
    try:
        seen = [child_environment() for _ in range(500)]
    finally:
        over.set()
        flipping.join()
        sys.setswitchinterval(interval)

    assert all(environ.keys() >= {"PATH"} for environ in seen)
