"""Numbers of a column as people read them: days as dates, moments as dates and times."""

from datetime import UTC, date, datetime, timedelta

from spalje.monitor import wording
from spalje.profile.kind import Kind

#: Day 0 of a column of days, and second 0 of one of moments.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value(kind: Kind, number: float) -> str:
    """A number of a column of some kind.

    Example:
        >>> value(Kind.DATE, 17471), value(Kind.TIMESTAMP, 1509494400), value(Kind.REAL, 0.28384)
        ('2017-11-01', '2017-11-01 00:00', '0.2838')
        >>> value(Kind.DURATION, 5400), value(Kind.DATE, 1e12)
        ('1:30:00', '1,000,000,000,000')
    """
    try:
        if kind is Kind.DATE:
            return date.fromordinal(_EPOCH.toordinal() + round(number)).isoformat()
        if kind is Kind.TIMESTAMP:
            return f"{_EPOCH + timedelta(seconds=number):%Y-%m-%d %H:%M}"
        if kind is Kind.DURATION:
            return str(timedelta(seconds=round(number)))
    except (ValueError, OverflowError):
        pass  # before year 1 or after year 9999
    return wording.number(number)


def share(part: float) -> str:
    """A share as a percentage; rounding of floats does not take it below 0 or above 100 %.

    Example:
        >>> share(0.1433), share(-1e-17), share(1.0000000001)
        ('14.3 %', '0 %', '100 %')
    """
    return wording.percent(min(1.0, max(0.0, part)))


def distance(figure: float) -> str:
    """A distance between 0 and 1, always with as many digits, so that they stand under each other.

    Example:
        >>> distance(0.18349), distance(0.0004)
        ('0.183', '0.000')
    """
    return f"{figure:.3f}"
