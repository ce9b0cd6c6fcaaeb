"""A pipeline as a recipe writes it, and what it compiles to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from spalje.errors import BadInput
from spalje.pipeline.definition import Definition, SourceLine
from spalje.pipeline.finding import explain
from spalje.pipeline.input import Input
from spalje.pipeline.parameter import Parameter
from spalje.pipeline.problem import Problem
from spalje.pipeline.step import Step
from spalje.pipeline.where import caller


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps that run together, under a name.

    Its inputs and parameters are those that its steps use.

    Args:
        name: ``build``, ``inference``, ``quality`` or another word.
        steps: all of its steps; they run in the order in which they need each other.

    Raises:
        BadInput: something in ``steps`` is not a step.

    Example:
        >>> from spalje.pipeline import Input, Process
        >>> clean = Process("clean", script="clean.py", inputs={"raw": Input("raw", kind="folder")},
        ...                 outputs={"rows": "table"})
        >>> problem = Problem(type="regression", target="units", features=("price",), keys=("store",))
        >>> Pipeline("build", steps=[clean]).define(problem).inputs[0].name
        'raw'
    """

    name: str
    steps: Sequence[Step] = field(kw_only=True)
    where: SourceLine = field(default_factory=caller, kw_only=True)

    def __post_init__(self) -> None:
        for step in self.steps:
            if not isinstance(step, Step):
                raise BadInput(
                    f"steps of pipeline '{self.name}' has {step!r}, a {type(step).__name__}, not a step.",
                    do="List the steps themselves: steps=[preprocess, train].",
                )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that its steps use, in the order of their first use."""
        return tuple(dict.fromkeys(found for step in self.steps for found in step.parameters))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs that its steps read, in the order of their first use."""
        read = [source for step in self.steps for source in step.reads.values() if isinstance(source, Input)]
        given = dict.fromkeys(source for source in read if source.source == "given")
        pinned = {source.name: source for source in reversed(read) if source.source != "given"}
        return (*given, *reversed(pinned.values()))

    def define(
        self,
        problem: Problem,
        *,
        environment: str = "current",
        locations: Mapping[str, str] | None = None,
        unused: Iterable[Parameter] = (),
    ) -> Definition:
        """The pipeline as plain values.

        Args:
            problem: the ``[problem]`` of ``spalje.toml``.
            environment: where the user's scripts run.
            locations: input -> where it is found unless a run says otherwise.
            unused: parameters that the recipe declares and no step uses, for the lint to name.

        Raises:
            BadInput: the pipeline's name is not allowed.
        """
        inputs = tuple(found.spec for found in self.inputs)
        names = {found.name for found in inputs if found.source == "given"}
        try:
            return Definition(
                name=self.name,
                problem=problem,
                environment=environment,
                parameters=tuple(found.spec for found in (*self.parameters, *unused)),
                inputs=inputs,
                locations={name: place for name, place in (locations or {}).items() if name in names},
                steps=tuple(step.spec for step in self.steps),
            )
        except ValidationError as error:
            (loc, said), *_ = explain(error)
            raise BadInput(f"Pipeline '{self.name}': {'.'.join(loc)} {said}.") from error
