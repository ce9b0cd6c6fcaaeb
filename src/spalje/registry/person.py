"""People, as they are written down: a login, a mail address, or "Name <mail>"."""

import re
import unicodedata

from spalje.registry.project import Project

_WRITTEN = re.compile(r"(?P<name>[^<>]*)<(?P<mail>[^<>]*)>\s*")


def same_person(one: str, other: str) -> bool:
    """Whether two ways of writing may mean the same person; in doubt, yes.

    Names and mail addresses are compared without regard to case; a login without an address is
    compared with the part of an address before the ``@``, too.

    Example:
        >>> same_person("Eva Ek <eva@shop.se>", "EVA@SHOP.SE"), same_person("eva", "Eva Ek <eva@shop.se>")
        (True, True)
        >>> same_person("Eva Ek <eva@shop.se>", "eva ek <private@home.se>"), same_person("eva", "bo")
        (True, False)
    """
    name, mail = _parts(one)
    other_name, other_mail = _parts(other)
    if (name and name == other_name) or (mail and mail == other_mail):
        return True
    logins = {(name, other_mail), (other_name, mail)}
    return any(login and address and login == address.partition("@")[0] for login, address in logins)


def is_one_of(person: str, named: tuple[str, ...]) -> bool:
    """Whether a person is one of those named; in doubt, no.

    Where both are written with a mail address, the addresses must be equal; otherwise the names.

    Example:
        >>> is_one_of("Eva <eva@shop.se>", ("EVA@shop.se",)), is_one_of("eva", ("Eva", "Bo"))
        (True, True)
        >>> is_one_of("Eva <other@home.se>", ("Eva <eva@shop.se>",))
        False
    """
    name, mail = _parts(person)
    for one in named:
        other_name, other_mail = _parts(one)
        same = mail == other_mail if mail and other_mail else bool(name) and name == other_name
        if same:
            return True
    return False


def may_decide(person: str, project: Project) -> bool:
    """Whether a person may approve and reject a project's versions and release its batches."""
    return not project.approvers or is_one_of(person, project.approvers)


def _parts(written: str) -> tuple[str, str]:
    """Name and mail address, normalised; "" for the one that is not given."""
    text = " ".join(unicodedata.normalize("NFKC", written).casefold().split())
    if match := _WRITTEN.fullmatch(text):
        return match["name"].strip(), match["mail"].strip()
    return ("", text) if "@" in text else (text, "")
