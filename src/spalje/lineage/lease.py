"""A lease: the right to work on something for a while, with a number that tells latecomers apart."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by one owner at a time.

    Attributes:
        name: what it is about, for example ``pipeline/fresh-produce/build``.
        owner: who holds it.
        token: rises by one with every taking; a holder with an old token is refused (fencing).
    """

    name: str
    owner: str
    token: int
