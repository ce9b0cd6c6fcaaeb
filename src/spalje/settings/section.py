"""What the sections of the settings are made of."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

#: Servers on this very machine: what goes to them is not on any network.
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variable(name: str) -> str:
    """A variable's name. What was written instead may be the secret itself, so nothing repeats it."""
    if not _VARIABLE.fullmatch(name):
        raise ValueError("it must be the name of an environment variable, not what stands in it")
    return name


def _place(text: str) -> str:
    if not text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must be like https://spalje.example.org")
    if re.search(r"[\s<>\"|\x00-\x1f\x7f]", text) or parts.username or parts.password:
        raise ValueError("it must be like https://spalje.example.org, and holds no spaces and no password")
    return text.rstrip("/")


def is_readable(url: str) -> bool:
    """Whether everybody on the way could read what is sent to an address: ``http://`` to another machine.

    Example:
        >>> is_readable("http://git.example.org"), is_readable("http://[::1]:8080"), is_readable("https://a.example")
        (True, False, False)
    """
    return url.startswith("http://") and urlsplit(url).hostname not in LOOPBACK


#: The name of an environment variable that holds a secret.
Variable = Annotated[str, AfterValidator(_variable)]
#: An address of a page, without a password, a query or a fragment; empty: there is none.
Place = Annotated[str, AfterValidator(_place)]


class Section(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")
