"""Secrets of this machine: kept from child processes, and out of what is written or shown."""

import base64
import functools
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, quote_plus, unquote

SECRET_NAME = re.compile(
    r"KEY|SECRET|TOKEN(?!S)|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|AUTH(?!OR)", re.IGNORECASE
)
"""Variables with such names hold secrets,"""
PLAIN_NAME = re.compile(r"SSH_AUTH_SOCK|GIT_CONFIG_KEY_\d+|GNOME_KEYRING_\w+|DBUS_\w+")
"""but for these."""
SHORTEST = 8
"""Shorter values are words that stand everywhere."""
WORD = re.compile(r"/.*|[A-Za-z]{1,11}|[\d.]{1,11}")
"""A path, a plain word or a small number is no secret, whatever its variable is called."""
IN_URL = re.compile(r"\w://[^/\s:@]*:([^/\s@]+)@")
HIDDEN = "***"

_hiding = threading.Lock()


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return bool(SECRET_NAME.search(name)) and not PLAIN_NAME.fullmatch(name)


def own_environment() -> dict[str, str]:
    """This process's environment as it is now; other threads may change it meanwhile."""
    found = ((name, os.environ.get(name)) for name in list(os.environ))
    return {name: value for name, value in found if value is not None}


def secret_values(environ: Mapping[str, str]) -> frozenset[str]:
    """Values of variables whose names say that they are secret, and passwords in addresses."""
    named = {value.strip() for name, value in environ.items() if is_secret_name(name)}
    in_urls = {part for value in environ.values() for part in IN_URL.findall(value)}
    found = named | in_urls | {unquote(part) for part in in_urls}
    return frozenset(v for v in found if len(v) >= SHORTEST and not WORD.fullmatch(v))


def child_environment(
    environ: Mapping[str, str] | None = None, *, keep: Iterable[str] = ()
) -> dict[str, str]:
    """An environment for a child process: this one without secrets, under whatever name.

    `keep` names variables that the child is meant to have.
    """
    everything = own_environment() if environ is None else environ
    kept = set(keep)
    named = {value for name, value in everything.items() if is_secret_name(name)}
    secrets = named & secret_values(everything)
    return {
        name: value
        for name, value in everything.items()
        if name in kept or not (is_secret_name(name) or any(secret in value for secret in secrets))
    }


def blank_secrets(*, keep: Iterable[str] = ()) -> dict[str, str]:
    """Empty values for what `child_environment` leaves out, for who can only add variables."""
    now = own_environment()
    return dict.fromkeys(now.keys() - child_environment(now, keep=keep).keys(), "")


@contextmanager
def secrets_hidden() -> Iterator[None]:
    """Hide secrets from children that a foreign package starts as it is imported."""
    with _hiding:
        now = own_environment()
        hidden = {name: now[name] for name in now.keys() - child_environment(now).keys()}
        for name in hidden:
            os.environ.pop(name, None)
        try:
            yield
        finally:
            os.environ.update(hidden)


def spellings(secret: str) -> frozenset[str]:
    """A secret as it is, and as JSON, URLs and base64 spell it, wherever in a text it stands."""
    raw = secret.encode(errors="surrogateescape")
    return frozenset(
        {
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            quote(raw),
            quote(raw, safe=""),
            quote_plus(raw),
            *_in_base64(raw),
        }
    )


def _in_base64(raw: bytes) -> Iterator[str]:
    """What does not depend on what stands before and after, for each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        first, last = -(-8 * before // 6), 8 * (before + len(raw)) // 6
        yield encoded[first:last]
        yield encoded[first:last].translate(str.maketrans("+/", "-_"))


class Mask:
    """Replaces secrets in texts. Any thread may call."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` are values; each is also found as JSON, URLs and base64 spell it."""
        spelled = {form for secret in secrets for form in spellings(secret)}
        # The longest first: a secret may begin like another.
        self._forms = tuple(sorted(spelled, key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text without secrets."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text


def environment_mask() -> Mask:
    """A mask of what is secret in this process's environment now."""
    return _mask_of(secret_values(own_environment()))


@functools.lru_cache(maxsize=4)
def _mask_of(secrets: frozenset[str]) -> Mask:
    return Mask(secrets)
