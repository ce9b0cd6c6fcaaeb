"""The days on which a replay makes a batch, and the parameter that tells a pipeline which day it is."""

from datetime import date, timedelta

from spalje.errors import BadInput
from spalje.pipeline.definition import Definition


def days(first: date, last: date, every: int) -> tuple[date, ...]:
    """Every so many days from the first to the last, both inclusive.

    Raises:
        BadInput: there are fewer than two.

    Example:
        >>> [str(day) for day in days(date(2017, 10, 30), date(2017, 11, 15), 7)]
        ['2017-10-30', '2017-11-06', '2017-11-13']
    """
    if every < 1:
        raise BadInput(f"--every is {every}: batches are at least a day apart.", do="Give 1 or more.")
    found = tuple(first + timedelta(days=n) for n in range(0, (last - first).days + 1, every))
    if len(found) < 2:
        raise BadInput(
            f"From {first} to {last} there are {len(found)} batches {every} days apart; a replay needs two.",
            do="Give a later --to, or a smaller --every.",
        )
    return found


def date_parameter(definition: Definition) -> str:
    """The pipeline's parameter of type date: what a replay sets.

    Raises:
        BadInput: it has none, or several of which not exactly one is required.
    """
    dates = [spec for spec in definition.parameters if spec.type == "date"]
    required = [spec for spec in dates if spec.required]
    for found in (dates, required):
        if len(found) == 1:
            return found[0].name
    names = ", ".join(spec.name for spec in dates) or "none"
    raise BadInput(
        f"Pipeline '{definition.name}' cannot be replayed: it has to have one parameter of type date, "
        f"the day it is run for; it has {names}.",
        do='Give the recipe Parameter("today", type="date"), and cut the data off there.',
    )
