"""Who plays: each feature by itself, or the features of a group together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

import numpy as np

from spalje.attribution.board import Masks
from spalje.attribution.trees import Places
from spalje.errors import BadInput


@dataclass(frozen=True, slots=True, eq=False)
class Players:
    """The players of a game.

    Attributes:
        names: a group's own name, or a feature's; in the order of their first features.
        owner: shape (features,), which player a feature belongs to.
    """

    names: tuple[str, ...]
    owner: Places

    @classmethod
    def of(cls, features: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None) -> Self:
        """Every feature that no group has plays by itself.

        Args:
            features: names, in the model's order.
            groups: name -> features, which act as one.

        Raises:
            BadInput: a group has a feature that there is not, or that another group has, or is called like
                a feature that it does not have.

        Example:
            >>> players = Players.of(["price", "campaign", "mailer"], {"advertising": ["campaign", "mailer"]})
            >>> players.names, players.owner.tolist()
            (('price', 'advertising'), [0, 1, 1])
        """
        group_of: dict[str, str] = {}
        for group, members in (groups or {}).items():
            for member in members:
                if member not in features:
                    near = get_close_matches(member, features, n=1)
                    raise BadInput(
                        f"Group {group!r} has the feature {member!r}, which there is not."
                        + (f" Did you mean {near[0]!r}?" if near else "")
                        + f" There are: {', '.join(features[:30])}{', …' if len(features) > 30 else ''}.",
                        do="Correct the group.",
                    )
                if member in group_of:
                    raise BadInput(
                        f"Feature {member!r} is in the groups {group_of[member]!r} and {group!r}.",
                        do="Leave it in one of them.",
                    )
                group_of[member] = group
        for group in groups or {}:
            if group in features and group_of.get(group) != group:
                raise BadInput(
                    f"Group {group!r} is called like a feature that it does not have.",
                    do="Give it another name.",
                )
        names = tuple(dict.fromkeys(group_of.get(feature, feature) for feature in features))
        place = {name: number for number, name in enumerate(names)}
        owner = np.array([place[group_of.get(feature, feature)] for feature in features], dtype=np.int64)
        return cls(names, owner)

    @property
    def alone(self) -> bool:
        """Whether every feature plays by itself."""
        return len(self.names) == len(self.owner)

    def features(self, masks: Masks) -> Masks:
        """Which features are in coalitions of players, shape (coalitions, features)."""
        return masks if self.alone else np.asarray(masks[:, self.owner])
