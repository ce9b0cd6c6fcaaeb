"""A model version in Markdown, for the person who approves or rejects it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

#: So many features are shown, the strongest first.
FEATURES = 10
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def card(shown: Mapping[str, Any], page: str = "") -> str:
    r"""What ``spalje model show`` says of a version: who made it, how it scores, and where it came from.

    Args:
        shown: the JSON of ``spalje model show``.
        page: the address of the page of the run that built it; empty: there is none.

    Example:
        >>> content = {"run": "p/build/1", "commit": "c" * 40, "author": "Eva <eva@shop.example>"}
        >>> content |= {"repository": "/git/p-build.git", "metrics": {"rmse": 0.5}, "data": {}}
        >>> entry = {"status": "pending", "who": "Eva", "reason": "Registered."}
        >>> version = {"id": "p/1", "status": "pending", "content": content, "history": [entry]}
        >>> card({"version": version}).partition(" of ")[0]
        '**p/1** is pending. Trained by Eva \\<eva@shop.example\\>, at commit cccccccccc'
    """
    version, content = shown["version"], shown["version"]["content"]
    run = text(content["run"])
    made = (
        f"**{text(version['id'])}** is {version['status']}. Trained by {text(content['author'])}, at commit "
        f"{content['commit'][:10]} of {text(content['repository'])}, by the run {f'[{run}]({page})' if page else run}."
    )
    parts = [
        made,
        _decided(version["history"][1:]),
        _compared(shown.get("comparison")),
        _metrics(version, shown.get("serving")),
        _attributions(shown.get("attributions") or {}),
        _origin(version["id"], content["data"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(value: object) -> str:
    r"""A value as Markdown shows it, on one line, without any sign that means something there.

    Example:
        >>> text("store|week"), text("<b>_x_</b>"), text(0.83712), text(None)
        ('store\\|week', '\\<b\\>\\_x\\_\\</b\\>', '0.837', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def _decided(history: Iterable[Mapping[str, Any]]) -> str:
    """What people decided before."""
    return "\n".join(
        f"- {entry['status']} by {text(entry['who'])}: {text(entry['reason'])}" for entry in history
    )


def _compared(comparison: Mapping[str, Any] | None) -> str:
    """The version beside the one that served when it was built."""
    if not comparison:
        return ""
    said = (
        f"### Beside the version that serves: {text(comparison['outcome'])}\n\n{text(comparison['summary'])}"
    )
    rows = [
        (name, serving, this, _change(serving, this))
        for name, (serving, this) in comparison.get("metrics", {}).items()
    ]
    heads = ("metric, on the same rows", "serving", "this version", "change")
    return f"{said}\n\n{_table(heads, rows)}" if rows else said


def _metrics(version: Mapping[str, Any], serving: Mapping[str, Any] | None) -> str:
    """Its own evaluation, beside the one that the version that serves now had when it was built."""
    metrics = sorted(version["content"]["metrics"].items())
    if serving is None or serving["id"] == version["id"]:
        return f"### Evaluation\n\n{_table(('metric', 'value'), metrics)}"
    other = serving["content"]["metrics"]
    rows = [(name, other.get(name), value) for name, value in metrics]
    heads = (
        "metric, each on its own evaluation set",
        f"{text(serving['id'])}, which serves now",
        "this version",
    )
    return f"### Evaluation\n\n{_table(heads, rows)}"


def _attributions(attributions: Mapping[str, float]) -> str:
    """The features that move its predictions most, by their mean absolute attribution."""
    if not attributions:
        return ""
    sizes = {name: abs(value) for name, value in attributions.items()}
    total, most = sum(sizes.values()) or 1.0, max(sizes.values()) or 1.0
    rows = [
        (name, value, f"{value / total:.1%}", "█" * round(20 * value / most))
        for name, value in list(sizes.items())[:FEATURES]
    ]
    heads = ("feature", "mean attribution", "share", "")
    return f"### What moves its predictions\n\n{_table(heads, rows)}"


def _origin(version: str, data: Mapping[str, str]) -> str:
    """What it was made from, and how to see more."""
    rows = [(name, f"sha256:{digest[:12]}") for name, digest in data.items()]
    commands = (f"spalje model show {version}", f"spalje lineage show model:{version}")
    block = "\n".join(f"- `{command}`" for command in commands)
    table = f"{_table(('data', 'content'), rows)}\n\n" if rows else ""
    return f"### Where it came from\n\n{table}Everything about it:\n\n{block}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(heads), *([text(cell) for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _change(old: float | None, new: float | None) -> str:
    return "" if not old or new is None else f"{(new - old) / abs(old):+.1%}"
