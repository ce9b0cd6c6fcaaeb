"""A step of a recipe: what every kind of step has, its outputs, and conditions on its metrics."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError

from spalje.errors import BadInput, NotFound
from spalje.pipeline.definition import ArtifactKind, Condition, ParameterReference, Reference, StepSpec
from spalje.pipeline.finding import explain
from spalje.pipeline.input import Input
from spalje.pipeline.kind import KINDS
from spalje.pipeline.parameter import Parameter
from spalje.pipeline.where import caller

#: What a step can be told: what JSON can hold, dates, and parameters at any depth.
Setting: TypeAlias = (
    "bool | int | float | str | date | Parameter | Sequence[Setting] | Mapping[str, Setting] | None"
)


class Step:
    """One box of a pipeline. Recipes use its kinds: ``Process``, ``Train`` and so on.

    Attributes:
        spec: the step as the definition holds it.
        reads: port -> the input of the pipeline, or the output of another step, that it reads.
        parameters: the parameters its settings refer to.
    """

    __slots__ = ("parameters", "reads", "spec")

    spec: StepSpec
    reads: Mapping[str, "Input | Output"]
    parameters: tuple[Parameter, ...]

    def __init__(
        self,
        kind: str,
        name: str,
        *,
        reads: Mapping[str, "Source"],
        settings: Mapping[str, Setting] | None = None,
        script: str | None = None,
        outputs: Mapping[str, ArtifactKind] | None = None,
        after: Sequence["Step"] = (),
        when: "Comparison | None" = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
    ) -> None:
        if when is not None and not isinstance(when, Comparison):
            raise BadInput(
                f"Step '{name}': when= is {when!r}; it must compare a metric with a number.",
                do='Write it as in when=evaluate.metric("rmse") < 0.9.',
            )
        self.reads = {port: only_output(source, f"{port} of step '{name}'") for port, source in reads.items()}
        self.parameters = tuple(dict.fromkeys(_parameters_in(settings or {})))
        try:
            self.spec = StepSpec(
                name=name,
                kind=kind,
                script=script,
                inputs={port: source.reference for port, source in self.reads.items()},
                outputs={**KINDS[kind].gives, **(outputs or {})},
                settings={key: _plain(value, key) for key, value in (settings or {}).items()},
                after=tuple(step.spec.name for step in after),
                when=when.condition if when is not None else None,
                cache=cache,
                timeout_s=timeout_s,
                environment=environment,
                where=caller(),
            )
        except ValidationError as error:
            (loc, said), *_ = explain(error)
            raise BadInput(f"Step '{name}': {'.'.join(loc)} {said}.") from error

    def __getitem__(self, output: str) -> "Output":
        """The output of that name.

        Raises:
            NotFound: the step has no such output; says which it has.
        """
        if output not in self.spec.outputs:
            raise NotFound(f"output of step '{self.spec.name}' called", output, self.spec.outputs)
        return Output(self, output)

    def metric(self, name: str) -> "Metric":
        """A metric of the step's report, to be compared with a number for a ``when=``.

        Raises:
            BadInput: the step has no report, or more than one.
        """
        reports = [output for output, kind in self.spec.outputs.items() if kind == "report"]
        if len(reports) != 1:
            raise BadInput(
                f"Step '{self.spec.name}' has {len(reports)} outputs that are reports; a metric is of one.",
                do=f'Use a step with a report, or name the output: step["…"].metric("{name}").',
            )
        return self[reports[0]].metric(name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self.spec.name}')"


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a step, for another step to read."""

    step: Step
    name: str

    @property
    def kind(self) -> ArtifactKind:
        """What it holds."""
        return self.step.spec.outputs[self.name]

    @property
    def reference(self) -> Reference:
        """How a step of the definition names it."""
        return Reference(step=self.step.spec.name, output=self.name)

    def metric(self, name: str) -> "Metric":
        """A metric of this report, to be compared with a number for a ``when=``."""
        return Metric(self.reference, name)


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A number in a report, to be compared.

    Example:
        >>> condition = (Metric(Reference(step="evaluate", output="report"), "rmse") < 0.9).condition
        >>> condition.metric, condition.operator, condition.value
        ('rmse', '<', 0.9)
    """

    report: Reference
    name: str

    def __lt__(self, value: float) -> "Comparison":
        return self._compared("<", value)

    def __le__(self, value: float) -> "Comparison":
        return self._compared("<=", value)

    def __gt__(self, value: float) -> "Comparison":
        return self._compared(">", value)

    def __ge__(self, value: float) -> "Comparison":
        return self._compared(">=", value)

    def _compared(self, operator: Literal["<", "<=", ">", ">="], value: Any) -> "Comparison":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadInput(
                f"Metric '{self.name}' is compared with {value!r}; it must be a finite number.",
                do="Write the number into the recipe.",
            )
        return Comparison(
            Condition(report=self.report, metric=self.name, operator=operator, value=float(value))
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric compared with a number: what ``when=`` takes."""

    condition: Condition

    def __bool__(self) -> bool:
        # `0.5 < metric < 0.9` and `a and b` ask for a truth value, and would lose one of the two
        raise BadInput(
            f"The condition on metric '{self.condition.metric}' has no truth value while the recipe is read.",
            do="Give when= one comparison; two bounds need two steps, or one metric that says both.",
        )


#: What a step can read; a step stands for its only output.
Source: TypeAlias = Input | Output | Step


def only_output(source: Any, what: str) -> "Input | Output":
    """An input or output as it is; a step as its only output.

    Raises:
        BadInput: a step with several outputs, or something that is none of these.
    """
    if isinstance(source, Step):
        outputs = list(source.spec.outputs)
        if len(outputs) != 1:
            raise BadInput(
                f"{what} is step '{source.spec.name}', which has {len(outputs)} outputs"
                + (f": {', '.join(outputs)}." if outputs else "."),
                do="Name the output: " + " or ".join(f'{source.spec.name}["{output}"]' for output in outputs)
                if outputs
                else "Read from another step.",
            )
        return source[outputs[0]]
    if not isinstance(source, Input | Output):
        raise BadInput(
            f"{what} is {source!r} ({type(source).__name__}); it must be an Input or the output of a step.",
            do='Write it as in inputs={"raw": Input("raw", kind="table")} or data=preprocess["train"].',
        )
    return source


def _parameters_in(setting: Any) -> Iterator[Parameter]:
    if isinstance(setting, Parameter):
        yield setting
    elif isinstance(setting, Mapping):
        for inner in setting.values():
            yield from _parameters_in(inner)
    elif isinstance(setting, list | tuple):
        for inner in setting:
            yield from _parameters_in(inner)


def _plain(value: Any, where: str) -> Any:
    """A setting as JSON can hold it; refuses what JSON cannot, and what reads like a parameter."""
    if isinstance(value, Parameter):
        return ParameterReference(parameter=value.name).model_dump()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(inner, f"{where}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        if set(value) == {"parameter"}:
            raise BadInput(
                f"Setting {where} has the single key 'parameter', as a definition writes a Parameter.",
                do="Use another key, or one key more.",
            )
        return {key: _plain(inner, f"{where}.{key}") for key, inner in value.items()}
    raise BadInput(
        f"Setting {where} is {value!r} ({type(value).__name__}), which JSON cannot hold.",
        do="Use null, booleans, finite numbers, text, dates, lists, maps with text keys, or a Parameter.",
    )
