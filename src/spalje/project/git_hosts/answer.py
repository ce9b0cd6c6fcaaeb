"""What a host answered: read with care, for it may be another program than the settings say."""

import json
from dataclasses import dataclass, field
from typing import Any

from spalje.project.git_hosts.failure import HostFailed


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered.

    Attributes:
        status: the code.
        content: what its JSON says; None: there is none.
        more: whether there is a next page, by the header ``Link``.
        said: what it says for a person, without secrets, when the code is no success.
        strange: what is raised where something else was expected.
    """

    status: int
    content: Any
    more: bool
    said: str
    strange: HostFailed = field(repr=False)

    @property
    def one(self) -> dict[str, Any]:
        """The object that it is; a field that is asked for and is not there is an error, too.

        Raises:
            HostFailed: it is something else.
        """
        if not isinstance(self.content, dict):
            raise self.strange
        return self.content

    @property
    def many(self) -> list[dict[str, Any]]:
        """The objects that it is a list of.

        Raises:
            HostFailed: it is something else.
        """
        return self._objects(self.content)

    @property
    def values(self) -> list[dict[str, Any]]:
        """The objects of the list that is under ``values`` in it.

        Raises:
            HostFailed: it is something else.
        """
        return self._objects(self.one["values"])

    def _objects(self, content: Any) -> list[dict[str, Any]]:
        if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
            raise self.strange
        return content


class _Part(dict[str, Any]):
    """An object of an answer: what is missing in it is the host's fault, and said so."""

    def __init__(self, content: dict[str, Any], strange: HostFailed) -> None:
        super().__init__(content)
        self._strange = strange

    def __missing__(self, key: str) -> Any:
        raise HostFailed(f"{self._strange} It lacks '{key}'.", do=self._strange.do)


def content_of(body: bytes, status: int, strange: HostFailed) -> Any:
    """What an answer's JSON says; None: there is none.

    Args:
        body: its bytes.
        status: the code: what is wrong anyhow need not be JSON.
        strange: what is raised for what is none, or lacks a field that is asked for.

    Raises:
        HostFailed: it is no JSON.
    """
    if not body:
        return None
    try:
        return json.loads(body, object_hook=lambda one: _Part(one, strange))
    except (ValueError, RecursionError):
        if status >= 300:
            return None
        raise strange from None


def said_in(text: str) -> str:
    """What a host says about a refusal, out of the places where hosts say it.

    Example:
        >>> said_in('{"error": {"message": "No such workspace."}}'), said_in("<html>Oh</html>"), said_in("Busy")
        ('No such workspace.', '', 'Busy')
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "" if "<html" in text[:1000].lower() else text
    if not isinstance(content, dict):
        return str(content)
    parts: list[str] = []
    error = content.get("error")
    if isinstance(error, dict):
        parts += [str(error.get(key)) for key in ("message", "detail") if error.get(key)]
    elif error:
        parts.append(str(error))
    if content.get("message"):
        parts.append(str(content["message"]))
    errors = content.get("errors")
    for one in errors if isinstance(errors, list) else []:
        parts.append(str(one.get("message") or one) if isinstance(one, dict) else str(one))
    return "; ".join(dict.fromkeys(parts)) or str(content)
