"""Settings of the steps about model quality."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from spalje.errors import NotFound
from spalje.monitor import model_quality
from spalje.monitor.constraints import checked
from spalje.monitor.measurement import ScoreName
from spalje.steps.judged_rows import Labels, text


class Settings(model_quality.Rule):
    """Settings of the baseline and the check step, beside those of the rule.

    Attributes:
        monitor: which monitor; always this one.
        score: the proper score to watch; None: the one that suits the predictions.
        threshold: from which probability on yes is predicted.
        classes: what the classes are called in the truth, in the order of the prediction columns;
            of a binary problem no and yes. Empty: 0 and 1, or as the columns are called.
        constraint_margin: how far beyond the baseline's metrics the suggested constraints are; 0: the
            metrics themselves, as Model Monitor suggests.
        segments: columns to look at group by group; ``weekday`` is made from the time column.
        thresholds: metric -> threshold of its constraint, in place of the one in constraints.json.
        seed: of everything that is drawn.
    """

    monitor: str = model_quality.MONITOR
    score: ScoreName | None = None
    threshold: float = Field(0.5, gt=0, lt=1)
    classes: tuple[bool | int | float | str, ...] = ()
    constraint_margin: float = Field(0.15, ge=0)
    segments: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = Field(default_factory=dict)
    seed: int = Field(0, ge=0)

    @property
    def labels(self) -> Labels:
        """How the truth of a classification is to be read."""
        return Labels(tuple(text(name) for name in self.classes), self.threshold)


def settings_of(settings: Mapping[str, Any]) -> Settings:
    """The settings of a step.

    Raises:
        NotFound: there is no such setting.
        BadInput: a value is not allowed.
    """
    for name in settings:
        if name not in Settings.model_fields:
            raise NotFound("setting of the model quality monitor", name, Settings.model_fields)
    return checked(Settings, settings, "the settings of the model quality monitor")
