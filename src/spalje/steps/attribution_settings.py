"""What can be set for the attribution monitor, in a baseline step and in a check step."""

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spalje.attribution.link import Link
from spalje.errors import BadInput, NotFound
from spalje.monitor.attribution_drift import MARGIN, MIN_ROWS, Policy


class BaselineSettings(BaseModel):
    """Settings of a baseline step.

    Attributes:
        rows: that are explained, drawn from the data.
        method: how predictions are explained: ``tree`` (exact, from the trees in the model), ``kernel`` (any
            model), ``exact`` (all coalitions, up to 12 features), or ``auto``: tree where it suits the model.
        samples: coalitions that are played for each row by the method ``kernel``: more are more exact and take
            longer. At least twice the number of features are played.
        link: the unit of attributions: ``identity`` (the prediction's own), ``logit`` or ``log``.
        groups: name -> features that act as one.
        clusters: rows of the background; None: as many as are worth having, see ``most_clusters``.
        most_clusters: at most so many then. What a check takes is in proportion to them.
        aggregate: how global attributions are made: Clarify's ``agg_method``.
        seed: of everything that is drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(2000, ge=1)
    method: Literal["auto", "kernel", "tree", "exact"] = "auto"
    samples: int = Field(128, ge=2)
    link: Link = "identity"
    groups: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    clusters: int | None = Field(None, ge=1, le=1000)
    most_clusters: int = Field(5, ge=1, le=1000)
    aggregate: Literal["mean_abs", "median", "mean_sq"] = "mean_abs"
    seed: int = Field(0, ge=0)


class CheckSettings(BaseModel):
    """Settings of a check step; coalitions and background are the baseline's.

    Attributes:
        policy: whose rules decide.
        rows: that are explained, drawn from the batch.
        min_rows: that have to be explained, unless the batch has fewer.
        margin: the part of the explanation that may change place, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Policy = "calibrated"
    rows: int = Field(2000, ge=1)
    min_rows: int = Field(MIN_ROWS, ge=1)
    margin: float = Field(MARGIN, gt=0, lt=1)

    @model_validator(mode="after")
    def _enough_rows(self) -> Self:
        if self.rows < self.min_rows:
            raise ValueError(f"rows ({self.rows:,}) must be at least min_rows ({self.min_rows:,})")
        return self


_Kind = TypeVar("_Kind", bound=BaseModel)


def read_settings(kind: type[_Kind], settings: Mapping[str, Any]) -> _Kind:
    """A step's settings for the attribution monitor; ``monitor`` itself is let be.

    Raises:
        NotFound: a setting that there is not.
        BadInput: a value that is not allowed.

    Example:
        >>> read_settings(BaselineSettings, {"monitor": "attribution", "samples": 512}).samples
        512
    """
    given = {name: value for name, value in settings.items() if name != "monitor" and value is not None}
    for name in given:
        if name not in kind.model_fields:
            raise NotFound("setting of the attribution monitor", name, kind.model_fields)
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        what = (
            f"{name}={first['input']!r}: {first['msg']}"
            if name
            else first["msg"].removeprefix("Value error, ")
        )
        raise BadInput(
            f"The attribution monitor cannot be set up so: {what}.", do="Correct the step in pipeline.py."
        ) from error
