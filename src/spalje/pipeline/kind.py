"""The kinds of step: what each reads and writes. The table that recipe, lint and runner share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from spalje.pipeline.definition import ArtifactKind, StepSpec


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of step is made of.

    Attributes:
        needs: port -> what its artifact must hold. A port that ends in ``*`` stands for any
            number of ports with that prefix (``verdict_*``), at least one.
        may: ports that can be left out.
        open: whether further ports of any name may be read: the inputs that a user's script names.
        gives: outputs that the kind always has.
        script: whether it runs a program of the user's.
        cached: whether an earlier success with the same key may be reused. False where the step
            has an effect beyond its outputs (registering, deciding).
    """

    needs: Mapping[str, ArtifactKind] = field(default_factory=dict)
    may: Mapping[str, ArtifactKind] = field(default_factory=dict)
    gives: Mapping[str, ArtifactKind] = field(default_factory=dict)
    open: bool = False
    script: bool = False
    cached: bool = True


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        # any inputs, any declared outputs
        "process": Kind(open=True, script=True),
        # each channel is an input; settings: hyperparameters, metrics (name -> pattern), inference (script)
        "train": Kind(gives={"model": "model", "output": "folder"}, open=True, script=True),
        "transform": Kind(needs={"model": "model", "data": "table"}, gives={"predictions": "table"}),
        # reads predictions with the truth in them, writes metrics.json and what else it likes
        "evaluate": Kind(needs={"predictions": "table"}, gives={"report": "report"}, open=True, script=True),
        # two models on the same rows whose truth is known: the one that serves, and the one just built
        "compare": Kind(
            needs={"champion": "model", "data": "table", "predictions": "table"}, gives={"report": "report"}
        ),
        # its settings say which monitor
        "baseline": Kind(
            may={"data": "table", "predictions": "table", "model": "model"}, gives={"baseline": "baseline"}
        ),
        "check": Kind(
            needs={"baseline": "baseline"},
            may={
                "data": "table",
                "predictions": "table",
                "model": "model",
                "ground_truth": "table",
                "history": "folder",
                "estimated": "verdict",
            },
            gives={"verdict": "verdict"},
        ),
        "register": Kind(
            needs={"model": "model", "evaluation": "report", "baseline_*": "baseline"}, cached=False
        ),
        # an inference run publishes a batch; a quality run (with ground_truth) concludes on one
        "decide": Kind(
            needs={"verdict_*": "verdict"},
            may={"features": "table", "predictions": "table", "output": "table", "ground_truth": "table"},
            gives={"decision": "report"},
            cached=False,
        ),
    }
)

#: kind -> monitor -> the ports that it reads beside those that the kind always needs
MONITORS: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "baseline": MappingProxyType(
            {
                "data_quality": frozenset({"data"}),
                "model_quality": frozenset({"predictions"}),
                "attribution": frozenset({"model", "data"}),
            }
        ),
        "check": MappingProxyType(
            {
                "data_quality": frozenset({"data"}),
                "model_quality": frozenset({"predictions", "ground_truth"}),
                "attribution": frozenset({"model", "data"}),
                "estimated_quality": frozenset({"data", "predictions"}),
            }
        ),
    }
)


def runs_users_code(step: StepSpec) -> bool:
    """Whether a step runs a script or a model of the user's, or keeps one."""
    kind = KINDS[step.kind]
    ports = {**kind.needs, **kind.may}
    return kind.script or any(ports.get(port) == "model" for port in step.inputs)
