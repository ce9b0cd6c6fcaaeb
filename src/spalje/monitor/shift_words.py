"""What moved, the inputs or the relation of inputs and truth, in plain words."""

from collections.abc import Mapping
from typing import Any

from spalje.monitor.wording import percent
from spalje.quality.shift import Part, Shift

_SAYS: Mapping[str, str] = {
    "inputs": "The inputs moved: these rows are harder or easier, and what the model learned still holds.",
    "relation": "The relation of inputs and truth moved: what the model learned no longer holds.",
    "both": "Both moved, the inputs and their relation to the truth.",
    "neither": "The mean loss moved no further than by chance, by the inputs or their relation to the truth.",
    "unclear": "The inputs hardly overlap with those of the baseline, so that it cannot be told what moved.",
}


def sentence(shift: Shift, score: str) -> str:
    """For a person.

    Args:
        shift: what was found.
        score: what the score is called.

    Example:
        >>> found = Shift("relation", 0.30, Part(0.02, -0.03, 0.07), Part(0.28, 0.2, 0.36), 0.9, weighted=True)
        >>> print(sentence(found, "Poisson deviance"))  # doctest: +NORMALIZE_WHITESPACE
        The relation of inputs and truth moved: what the model learned no longer holds. Of +0.3 in mean loss the
        inputs explain +0.02 (-0.03 to +0.07), and +0.28 (+0.2 to +0.36) they do not.
    """
    loss = "squared error" if score == "RMSE" else "loss"
    overlap = "" if shift.weighted else f" Overlap with the baseline: {percent(shift.overlap)}."
    return (
        f"{_SAYS[shift.word]} Of {shift.total:+.2g} in mean {loss} the inputs explain {_part(shift.inputs)}, and "
        f"{_part(shift.relation)} they do not.{overlap}"
    )


def figures(shift: Shift, said: str) -> dict[str, Any]:
    """As strict JSON values."""
    return {
        "word": shift.word,
        "summary": said,
        "total": shift.total,
        "covariate": shift.inputs.value,
        "covariate_low": shift.inputs.low,
        "covariate_high": shift.inputs.high,
        "concept": shift.relation.value,
        "concept_low": shift.relation.low,
        "concept_high": shift.relation.high,
        "overlap": shift.overlap,
        "weighted": shift.weighted,
    }


def _part(part: Part) -> str:
    return f"{part.value:+.2g} ({part.low:+.2g} to {part.high:+.2g})"
