"""What explains a model: the way that suits it, chosen and prepared once, then used for any rows."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa

from spalje.attribution.attributions import Attributions
from spalje.attribution.background import Background
from spalje.attribution.design import Design, leverage_design, usual_budget
from spalje.attribution.exact import attribute_exactly, every_coalition
from spalje.attribution.game import Tally, play
from spalje.attribution.kernel_shap import Told, attribute, nobody
from spalje.attribution.link import LINKS, Link
from spalje.attribution.players import Players
from spalje.attribution.proxy import LARGEST
from spalje.attribution.tree_model import Answers, TreeModel, Unfit
from spalje.attribution.tree_shap import TreeShap
from spalje.errors import BadInput

#: ``kernel``: any model, by sampling coalitions; ``tree``: exact, from the trees in the model; ``path``: exact
#: in the path-dependent game, which needs no background; ``exact``: all coalitions; ``auto``: tree or kernel.
Method: TypeAlias = Literal["auto", "kernel", "tree", "path", "exact"]

#: Rows that are explained first, to find out how many coalitions a standard error takes.
PILOT = 48


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """A model, a background, and the way in which predictions are explained.

    Attributes:
        model: that is explained.
        background: against which.
        players: who is given values.
        link: the unit.
        method: never ``auto``.
        reason: why this method, in words; empty where it was asked for.
        design: the coalitions, of the method ``kernel``.
        trees: of the methods ``tree`` and ``path``.
        shap: what tells their values.
        tally: what it took so far.
    """

    model: Answers
    background: Background
    players: Players
    link: Link
    method: Method
    reason: str
    design: Design | None
    trees: TreeModel | None
    shap: TreeShap | None
    tally: Tally

    @classmethod
    def of(
        cls,
        model: Answers,
        rows: pa.Table,
        background: Background,
        *,
        players: Players | None = None,
        method: Method = "auto",
        link: Link = "identity",
        coalitions: int | None = None,
        error: float | None = None,
        rng: np.random.Generator | None = None,
    ) -> "Explainer":
        """Choose and prepare.

        Args:
            model: to be asked.
            rows: that are to be explained, or some like them; at least one.
            background: of the same features.
            players: whose the features are; None: each plays by itself.
            method: see ``Method``.
            link: the unit of the attributions.
            coalitions: that are played for each row, 2 or more; None: ``usual_budget``, or as ``error`` says.
            error: the mean standard error that values may have, in standard deviations of the predictions,
                above 0; coalitions are added until it is met, up to 8,190.
            rng: draws coalitions.

        Raises:
            BadInput: the method does not suit the model; says why, and what does.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        who = players or Players.of(rows.column_names)
        made = cls(model, background, who, link, "kernel", "", None, None, None, Tally())
        if method == "exact":
            return replace(made, method="exact")
        if method != "kernel":
            try:
                trees = TreeModel.of(model, rows, background, link)
            except Unfit as why:
                if method != "auto":
                    raise BadInput(
                        f"method={method!r} does not suit this model: {why}.",
                        do="Use method='kernel', which suits any model.",
                    ) from why
                made = replace(made, reason=f"kernel, since {why}")
            else:
                way: Method = "tree" if method == "auto" else method
                reason = (
                    "tree, since its trees were found to add up to its predictions"
                    if method == "auto"
                    else ""
                )
                shap = trees.shap(who) if way == "tree" else trees.shap_of_paths(who)
                return replace(made, method=way, reason=reason, trees=trees, shap=shap)
        budget = coalitions or usual_budget(len(who.names))
        made = replace(made, design=leverage_design(len(who.names), budget, rng))
        if error is None or coalitions is not None:
            return made
        return _precise(made, rows, error, rng)

    def explain(self, rows: pa.Table, told: Told = nobody) -> Attributions:
        """What each player added to the prediction for each row; see the methods' own descriptions.

        Args:
            rows: the features, at least one row.
            told: how many rows are done, block by block.
        """
        if self.trees is not None and self.shap is not None:
            found = self.trees.explain(self.shap, self.model, rows, self.players)
            told(rows.num_rows)
            return found
        names = self.players.names
        masks = every_coalition(len(names)) if self.design is None else self.design.masks
        game = play(self.model.stream, rows, self.background, masks, self.players, self.link)
        if self.design is None:
            found = attribute_exactly(game, names)
            told(rows.num_rows)
        else:
            found = attribute(game, self.design, names, told)
        self.tally.asked += game.tally.asked
        self.tally.unanswered += game.tally.unanswered
        self.tally.restless = max(self.tally.restless, game.restless)
        return found

    def evaluations(self, rows: int) -> int:
        """Synthetic rows that the model is asked for at most, to explain so many rows."""
        if self.trees is not None:
            return 0
        coalitions = 1 << len(self.players.names) if self.design is None else len(self.design.masks)
        return rows * coalitions * len(self.background.weights)


def _precise(made: Explainer, rows: pa.Table, error: float, rng: np.random.Generator) -> Explainer:
    """With as many coalitions as the error takes, found out on a few rows."""
    few = rows.take(np.unique(np.linspace(0, rows.num_rows - 1, PILOT).astype(np.int64)))
    spread = float(np.nanstd(LINKS[made.link](made.model.predict(rows.slice(0, 10_000))))) or 1.0
    while made.design is not None and not made.design.complete:
        errors = made.explain(few).errors
        if errors is None or float(np.nanmean(errors)) <= error * spread:
            break
        wanted = 2 * len(made.design.masks)
        if wanted >= 2 * LARGEST:
            break
        made = replace(made, design=leverage_design(len(made.players.names), wanted, rng))
    return made
