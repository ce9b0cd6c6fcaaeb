"""Whether a column that is missing may be there under another name."""

from spalje.monitor.comparison import Case
from spalje.monitor.distance import distances

#: A new column this close to a missing one, or closer, may be the same under another name.
ALIKE = 0.1


def renamed(case: Case, missing: str) -> str | None:
    """A new column that may be a missing one under another name: of its kind, and much like it."""
    then = case.baseline.columns.get(missing)
    if then is None:
        return None
    new = {
        name: now
        for name, now in case.batch.columns.items()
        if name not in case.constraints.columns and now.inferred_type == then.inferred_type
    }
    apart = zip(new, distances([(now, then) for now in new.values()]), strict=True)
    near = [(far.simple, name) for name, far in apart if far is not None and far.simple <= ALIKE]
    return min(near)[1] if near else None
