"""Numbers as people read them, for the sentences of verdicts."""


def rows(number: int) -> str:
    """A count.

    Example:
        >>> rows(8400)
        '8,400'
    """
    return f"{number:,}"


def percent(share: float) -> str:
    """A share as a percentage, with as many decimals as it takes to see that it is not 0 or 100 %.

    Example:
        >>> [percent(share) for share in (0.1433, 0.012, 0.0005, 0.99996, 1.0, 0.0)]
        ['14.3 %', '1.2 %', '0.05 %', '99.996 %', '100 %', '0 %']
    """
    small = min(share, 1.0 - share)
    decimals = 1
    while 0 < small * 100 < 10.0**-decimals and decimals < 6:
        decimals += 1
    return f"{share * 100:.{decimals}f}".rstrip("0").rstrip(".") + " %"


def number(value: float) -> str:
    """A number of a column, to four digits; whole numbers in full up to fifteen digits.

    Example:
        >>> [number(value) for value in (1180, 0.28384, 240.0, 1234567.89, 1e300, -9)]
        ['1,180', '0.2838', '240', '1,234,568', '1e+300', '-9']
    """
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def short(value: float) -> str:
    """A figure, to three digits.

    Example:
        >>> [short(value) for value in (0.71349, 1180.4, -0.0002)]
        ['0.713', '1,180', '-0.0002']
    """
    return number(float(f"{value:.3g}"))


def part(found: int, total: int) -> str:
    """Some of all.

    Example:
        >>> part(1204, 8400)
        '1,204 of 8,400 values (14.3 %)'
    """
    return f"{rows(found)} of {rows(total)} values ({percent(found / total)})"
