"""YAML from outside: no deeper than what people write, and read once."""

from functools import lru_cache
from typing import Any

import yaml  # type: ignore[import-untyped]

_DEEPEST = 20


@lru_cache(maxsize=64)
def plain_yaml(text: str, *, aliases: bool) -> Any:
    """What a YAML document says, made of mappings, lists and plain values. Nobody may change what is returned.

    Args:
        text: the document.
        aliases: whether aliases and tags are allowed: with them a small file can mean a very large one.

    Raises:
        ValueError: it is too deep, or uses what is not allowed.
        yaml.YAMLError: it is no YAML, or not one document.

    Example:
        >>> plain_yaml("a: {b: 1}", aliases=False)
        {'a': {'b': 1}}
        >>> plain_yaml("[" * 30, aliases=False)
        Traceback (most recent call last):
        ...
        ValueError: it is more than 20 levels deep
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if not aliases and (isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None)):
            raise ValueError("it uses aliases or tags")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"it is more than {_DEEPEST} levels deep")
    return yaml.safe_load(text)
