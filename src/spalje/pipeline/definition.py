"""The definition: a pipeline as plain values, what a recipe compiles to and what runs.

It is stored, shown and translated for other orchestrators; it holds no code and no paths outside
the repository, only names.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from spalje.fingerprint import fingerprint
from spalje.pipeline.problem import Problem

#: What a folder of files holds: Parquet rows, a packaged model, an evaluation or other document,
#: a monitor's baseline, a verdict, or anything else.
ArtifactKind = Literal["table", "model", "report", "baseline", "verdict", "folder"]

#: Where users' scripts can run.
ENVIRONMENTS = ("current", "uv", "container")

#: A word for a pipeline, step, parameter, input or output.
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]

Scalar = bool | int | float | str

ParameterType = Literal["string", "integer", "float", "boolean", "date"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceLine(_Frozen):
    """Where in the recipe something was written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class ParameterSpec(_Frozen):
    """A value from outside, given when a run is started.

    Not given, it is its default; without a default it is null, unless it is required. A date is
    the text YYYY-MM-DD.
    """

    name: Name
    type: ParameterType
    default: Scalar | None = None
    required: bool = False
    help: str = ""
    where: SourceLine


class InputSpec(_Frozen):
    """An artifact from outside.

    ``source`` says who brings it: ``given`` by whoever starts the run (or ``[inputs]`` of
    ``spalje.toml``), ``version`` from the model version pinned at the start of the run
    (names ``version.model``, ``version.data_quality``, ``version.model_quality``,
    ``version.attribution``), ``batch`` from the published batch that the run is about
    (``batch.features``, ``batch.predictions``), ``earlier`` from the batches that went out before
    (``earlier.data_quality``).
    """

    name: Annotated[str, Field(pattern=r"^((version|batch|earlier)\.)?[A-Za-z][A-Za-z0-9_-]{0,63}$")]
    kind: ArtifactKind
    source: Literal["given", "version", "batch", "earlier"] = "given"
    #: Whether a run goes on, with an empty folder, where no version is approved yet.
    optional: bool = False
    help: str = ""
    where: SourceLine


class Reference(_Frozen):
    """An artifact: an output of a step, or an input of the pipeline. Exactly one of the two."""

    step: str | None = None
    output: str | None = None
    input: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.input is None) == (self.step is None or self.output is None):
            raise ValueError("a reference names either a step and its output, or an input")
        return self

    def __str__(self) -> str:
        return self.input or f"{self.step}.{self.output}"


class ParameterReference(_Frozen):
    """Stands in a step's settings for the parameter's value in this run.

    Deeper in a setting (a hyperparameter, say) it stands as the same JSON, ``{"parameter": name}``.
    """

    parameter: str


def _parameters_in(setting: Any) -> Iterator[str]:
    if isinstance(setting, ParameterReference):
        yield setting.parameter
    elif isinstance(setting, Mapping):
        if set(setting) == {"parameter"}:
            yield setting["parameter"]
        else:
            for inner in setting.values():
                yield from _parameters_in(inner)
    elif isinstance(setting, list | tuple):
        for inner in setting:
            yield from _parameters_in(inner)


class Condition(_Frozen):
    """The step runs only if a metric of a report compares as said; otherwise it is skipped."""

    report: Reference
    metric: str
    operator: Literal["<", "<=", ">", ">="]
    value: float


class StepSpec(_Frozen):
    """One box of a pipeline.

    Attributes:
        kind: one of the kinds in ``spalje.pipeline.kind.KINDS``.
        script: the user's program, relative to the repository, for the kinds that run one.
        inputs: port -> where its artifact comes from.
        outputs: output -> what it holds.
        settings: the kind's own settings; a ``ParameterReference`` is replaced at run time.
        after: steps that must have succeeded first although nothing of theirs is read.
        when: run only under this condition.
        cache: reuse an earlier success with the same key.
        timeout_s: seconds of wall time after which the step is stopped; None: no limit.
        environment: where its script or model runs; None: see ``Definition.environment_of``.
        where: the recipe's line.
    """

    name: Name
    kind: str
    script: str | None = None
    inputs: dict[str, Reference] = Field(default_factory=dict)
    outputs: dict[str, ArtifactKind] = Field(default_factory=dict)
    settings: dict[str, ParameterReference | Any] = Field(default_factory=dict)
    after: tuple[str, ...] = ()
    when: Condition | None = None
    cache: bool = True
    timeout_s: Annotated[float, Field(gt=0)] | None = None
    environment: str | None = None
    where: SourceLine

    @property
    def needs(self) -> frozenset[str]:
        """The names of the steps that must succeed before this one."""
        references = [*self.inputs.values(), *([self.when.report] if self.when else [])]
        return frozenset(ref.step for ref in references if ref.step is not None) | frozenset(self.after)

    @property
    def parameters(self) -> frozenset[str]:
        """The names of the parameters that its settings refer to, however deep."""
        return frozenset(_parameters_in(list(self.settings.values())))


class Definition(_Frozen):
    """A compiled pipeline."""

    format: Literal[1] = 1
    name: Name
    problem: Problem
    environment: str = "current"
    parameters: tuple[ParameterSpec, ...] = ()
    inputs: tuple[InputSpec, ...] = ()
    #: Where given inputs are found unless the run says otherwise ([inputs] of spalje.toml).
    locations: dict[str, str] = Field(default_factory=dict)
    steps: tuple[StepSpec, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of the definition's canonical JSON."""
        return fingerprint(self.model_dump(mode="json"))

    def step(self, name: str) -> StepSpec:
        """The step of that name.

        Raises:
            KeyError: there is none.
        """
        return next(step for step in self.steps if step.name == name)

    def environment_of(self, name: str) -> str:
        """Where the user's code of a step runs.

        In the step's own environment; else, where it opens a model that a step of this pipeline made, in that
        step's; else in the repository's.

        Raises:
            KeyError: there is no such step.
        """
        step = self.step(name)
        if step.environment is not None:
            return step.environment
        for source in step.inputs.values():
            maker = next((one for one in self.steps if one.name == source.step), None)
            if maker is not None and maker.environment and maker.outputs.get(str(source.output)) == "model":
                return maker.environment
        return self.environment
