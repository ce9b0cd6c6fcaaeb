"""Elements of a drawing. Every text is escaped; attributes are numbers and words of ours."""

from collections.abc import Iterable

from markupsafe import Markup, escape

_ATTRIBUTE = Markup(' {}="{}"')
_ELEMENT = Markup("<{0}{1}>{2}</{0}>")


def element(tag: str, *content: str, **attributes: str | float) -> Markup:
    """An element with text or other elements in it.

    Args:
        tag: such as ``rect``.
        content: text, which is escaped, and elements, which are not.
        attributes: ``class_`` for ``class``, and ``stroke_width`` for ``stroke-width``.

    Example:
        >>> element("text", "a < b", x=1.25, class_="quiet")
        Markup('<text x="1.2" class="quiet">a &lt; b</text>')
    """
    written = Markup().join(
        _ATTRIBUTE.format(name.rstrip("_").replace("_", "-"), _written(value))
        for name, value in attributes.items()
    )
    return _ELEMENT.format(tag, written, Markup().join(escape(part) for part in content))


def drawing(
    width: float, height: float, title: str, description: str, content: Iterable[Markup], kind: str
) -> Markup:
    """A drawing that says in words what it shows.

    Args:
        width, height: of what is drawn, in its own unit; a page may scale it.
        title: what it is, one line.
        description: what is to be seen in it.
        content: elements.
        kind: a class of the style sheet.
    """
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *content,
        role="img",
        viewBox=f"0 0 {_written(width)} {_written(height)}",
        class_=kind,
    )


def points(places: Iterable[tuple[float, float]]) -> str:
    """Places as a path's text."""
    return " ".join(f"{_written(x)},{_written(y)}" for x, y in places)


def _written(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.1f}".removesuffix(".0")
