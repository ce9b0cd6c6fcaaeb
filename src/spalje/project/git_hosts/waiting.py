"""How long a host wants to be left alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Whoever asks for more is not waited for, seconds.
LONGEST = 60.0
#: A number of seconds larger than this is a moment, counted from 1970.
_MOMENT = 1e8


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until a host wants to be asked again; None: it does not say.

    ``Retry-After`` (seconds or a date) goes before ``X-RateLimit-Reset`` and ``RateLimit-Reset`` (seconds, or seconds
    since 1970: hosts differ).

    Args:
        headers: the answer's, names in small letters.
        now: the time, UTC.

    Example:
        >>> now = datetime(2026, 3, 2, tzinfo=UTC)
        >>> wait_of({"retry-after": "7"}, now), wait_of({"x-ratelimit-reset": str(now.timestamp() + 9)}, now)
        (7.0, 9.0)
    """
    after = headers.get("retry-after", "").strip()
    for text in (after, headers.get("x-ratelimit-reset", ""), headers.get("ratelimit-reset", "")):
        try:
            number = float(text)
        except ValueError:
            continue
        if number != number or number < 0:  # noqa: PLR0124  what is not a number is not even itself
            continue
        return max(0.0, number - now.timestamp()) if number > _MOMENT else number
    try:
        moment = parsedate_to_datetime(after)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def is_rationed(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer says "not now" because too much was asked.

    Example:
        >>> is_rationed(429, {}), is_rationed(403, {"x-ratelimit-remaining": "0"}), is_rationed(403, {})
        (True, True, False)
    """
    return status == 429 or (
        status == 403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")
    )
