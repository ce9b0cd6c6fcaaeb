"""Everything that a report on a batch's data quality is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from spalje.monitor.verdict import Verdict
from spalje.profile.profile import Profile


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A verdict, and the profiles from which a person sees why.

    Attributes:
        title: what the page is called.
        verdict: of the data quality monitor.
        batch: profile of the batch.
        baseline: profile of the good data that it was held against.
        attributions: feature -> how much it moves predictions, in any unit; None where not known.
        made_at: when the report was made; None: it does not say.
        name: what the batch is called; may be empty.
        at: the day that the batch is for; None where not known.
    """

    title: str
    verdict: Verdict
    batch: Profile
    baseline: Profile
    attributions: Mapping[str, float] | None
    made_at: datetime | None
    name: str = ""
    at: date | None = None
