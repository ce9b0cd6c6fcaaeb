"""Figures for Prometheus, in its text format (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4)."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from spalje.errors import BadInput

#: Labels and their value.
Sample: TypeAlias = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with all its samples.

    Attributes:
        name: of the metric.
        kind: a counter never falls while the workspace lives; a gauge may.
        help: one line.
        samples: labels and value of each, in order.
    """

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: tuple[Sample, ...]


def exposition(families: tuple[Family, ...]) -> str:
    r"""Metrics as text; what has no sample is left out.

    Example:
        >>> print(exposition((Family("batches", "gauge", "So many.", (({"project": 'a"b'}, 2.0),)),)), end="")
        # HELP batches So many.
        # TYPE batches gauge
        batches{project="a\"b"} 2
    """
    lines: list[str] = []
    for family in families:
        if not family.samples:
            continue
        lines += [f"# HELP {family.name} {_help(family.help)}", f"# TYPE {family.name} {family.kind}"]
        for labels, value in family.samples:
            named = ",".join(f'{name}="{_label(text)}"' for name, text in labels.items())
            lines.append(f"{family.name}{{{named}}} {_number(value)}")
    return "".join(f"{line}\n" for line in lines)


def write(text: str, file: Path) -> None:
    """Write metrics to a file, whole or not at all, for node_exporter's textfile collector.

    Raises:
        BadInput: the file's name does not end in ``.prom``, which the collector wants, or it cannot be written.
    """
    if file.suffix != ".prom":
        raise BadInput(
            f"{file} does not end in .prom: node_exporter would not read it.",
            do="Name it spalje.prom, for example.",
        )
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise BadInput(
            f"{file} cannot be written: {error.strerror}.",
            do="Name a file in a folder that is there and yours.",
        ) from None


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
