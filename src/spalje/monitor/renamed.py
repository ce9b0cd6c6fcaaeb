"""Whether a column that is missing may be there under another name."""

from spalje.monitor.comparison import Case, distance

#: A new column this close to a missing one, or closer, may be the same under another name.
ALIKE = 0.1


def renamed(case: Case, missing: str) -> str | None:
    """A new column that may be a missing one under another name: of its kind, and much like it."""
    then = case.baseline.columns.get(missing)
    if then is None:
        return None
    near: list[tuple[float, str]] = []
    for name, now in case.batch.columns.items():
        if name in case.constraints.columns or now.inferred_type != then.inferred_type:
            continue
        apart = distance(now, then)
        if apart is not None and apart.simple <= ALIKE:
            near.append((apart.simple, name))
    return min(near)[1] if near else None
