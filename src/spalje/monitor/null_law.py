"""How much good batches differ from each other, and how a new one compares: the calibrated test.

The new batch is put among the good batches of its season, and every batch's distance to all the others
is taken in the same way (full conformal prediction; Vovk, Gammerman and Shafer, "Algorithmic Learning in
a Random World", 2005). Each distance is put in units of its own spread over all batches; a batch's
furthest figure stands for it (Westfall and Young, "Resampling-Based Multiple Testing", 1993). The share
of batches that are at least as far off as the new one is its p-value. If good batches are exchangeable,
p <= alpha happens in at most a share alpha of them, for any distribution, any number of figures, and any
dependence among them.

With seasons every batch is held against its own season's, and ranked among all: so a year of days gives
p-values down to 1/366, not 1/53. That is exact on average over the seasons, and for each season as far
as the spread of the distances is the same in all.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from spalje.drift.cells import Floats
from spalje.drift.spread import Chance, Figures, Scores, standardise
from spalje.monitor.family import Family
from spalje.monitor.history import History, PastBatch
from spalje.monitor.peers import Block, Peers
from spalje.profile.sketch import Sketch

#: Good batches that a season must have for a batch to be held against it.
FEWEST = 3
#: Batches of each season that are used, the latest: two years of weeks, a year of days, so that a yearly
#: wave is among what good batches do.
MOST = {"none": 100, "weekday": 53, "month": 62}
#: Distances this near to each other, in spreads, count as equal: rounding decides nothing.
NEAR = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a batch of one season is held against, and everything that depends on the history alone.

    Attributes:
        history: what it was made of.
        season_key: the season.
        batches: those used: of other seasons, then of this one, each the oldest first.
        own: how many of them are of this season.
        peers: those of this season.
        others: figures of the other seasons' batches; None without seasons.
        by_chance: what chance makes of the figures of each block.
    """

    history: History
    season_key: str | None
    batches: tuple[PastBatch, ...]
    own: int
    peers: Peers
    others: tuple[Block, ...] | None
    by_chance: tuple[Chance, ...]

    @classmethod
    def of(cls, history: History, season_key: str | None = None, min_rows: int = 200) -> Self | None:
        """Of the good batches of a history that are counted into its latest cells.

        Args:
            history: the batches before the one that is to be checked, see ``History.before``.
            season_key: the season of that one, see ``History.key``.
            min_rows: batches with fewer rows are not used.

        Returns:
            None when the season has fewer than ``FEWEST`` such batches.
        """
        usable = [batch for batch in history.references() if batch.sketch.rows >= min_rows]
        grid = next((batch.sketch.grid for batch in reversed(usable)), "")
        usable = _complete([batch for batch in usable if batch.sketch.grid == grid])
        seasons: dict[str | None, list[PastBatch]] = {}
        for batch in usable:
            seasons.setdefault(history.key(batch.at), []).append(batch)
        kept = {key: batches[-MOST[history.season] :] for key, batches in seasons.items()}
        own = kept.get(season_key, [])
        if len(own) < FEWEST:
            return None
        rest = [batches for key, batches in kept.items() if key != season_key and len(batches) >= FEWEST]
        family = Family.of([batch.sketch for batch in (*own, *(each for part in rest for each in part))])
        peers = _peers(family, own)
        others = [_peers(family, batches).blocks() for batches in rest]
        joined = None
        if others:
            joined = tuple(reduce(_after, parts) for parts in zip(*others, strict=True))
        return cls(
            history,
            season_key,
            (*(batch for part in rest for batch in part), *own),
            len(own),
            peers,
            joined,
            peers.by_chance(),
        )

    @property
    def grid(self) -> str:
        """Fingerprint of the cells that its batches are counted into."""
        return self.batches[-1].sketch.grid

    def law(self, sketch: Sketch) -> "NullLaw":
        """Put a batch, counted into the same cells, among them."""
        blocks = self.peers.blocks_with(sketch)
        if self.others is not None:
            blocks = tuple(own.beside(other) for own, other in zip(blocks, self.others, strict=True))
        return NullLaw(
            self.peers.family,
            tuple(block.figures for block in blocks),
            tuple(
                standardise(block.figures, block.units, chance)
                for block, chance in zip(blocks, self.by_chance, strict=True)
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a new batch stands among good ones.

    Attributes:
        furthest: shape (batches,), of the good batches, their furthest figure in spreads.
        own: the same of the new batch.
        p: share of all batches, the new one among them, that are at least as far off.
    """

    furthest: Floats
    own: float
    p: float

    def critical(self, alpha: float) -> float | None:
        """Spreads beyond which p <= alpha; None when so few batches cannot say.

        Example:
            >>> place = Place(np.array([1.0, 2.0, 5.0]), 3.0, 0.5)
            >>> place.critical(0.5), place.critical(0.2)
            (2.01, None)
        """
        allowed = int(alpha * (len(self.furthest) + 1) + 1e-9)
        return float(np.sort(self.furthest)[-allowed]) + NEAR if allowed else None

    def as_far(self, z: float) -> int:
        """How many of the good batches have any figure that is at least so many spreads off."""
        return int(np.count_nonzero(self.furthest >= z - NEAR))


@dataclass(frozen=True, slots=True, eq=False)
class NullLaw:
    """The figures of good batches and, the last of them, a new one.

    Attributes:
        family: what is measured.
        blocks: figures, shape (figures, batches) each.
        scores: the same, standardised.
    """

    family: Family
    blocks: tuple[Figures, ...]
    scores: tuple[Scores, ...]

    def place(self, watched: NDArray[np.bool_]) -> Place:
        """Where the new batch stands, going by some of the figures.

        Args:
            watched: shape (figures,), which count.
        """
        parts, first = [], 0
        for score in self.scores:
            seen = watched[first : first + len(score.z)]
            parts.append((score.z if seen.all() else score.z[seen]).max(axis=0, initial=-np.inf))
            first += len(seen)
        worst = np.max(parts, axis=0).astype(np.float64)
        as_far = np.count_nonzero(worst[:-1] >= worst[-1] - NEAR)
        return Place(worst[:-1], float(worst[-1]), (1 + int(as_far)) / len(worst))

    def newest(self, of: Literal["usual", "chance", "spread"]) -> Floats:
        """Of the new batch's size, shape (figures,); see ``Scores``."""
        found: Floats = np.concatenate([getattr(score, of) for score in self.scores])
        return found


def _peers(family: Family, batches: Sequence[PastBatch]) -> Peers:
    return Peers.of(family, [batch.sketch for batch in batches])


def _after(one: Block, two: Block) -> Block:
    return two.beside(one)


def _complete(batches: Sequence[PastBatch]) -> list[PastBatch]:
    """Those with every column that at least half of them have."""
    having = Counter(name for batch in batches for name in batch.sketch.cells)
    usual = {name for name, number in having.items() if 2 * number >= len(batches)}
    return [batch for batch in batches if usual <= batch.sketch.cells.keys()]
