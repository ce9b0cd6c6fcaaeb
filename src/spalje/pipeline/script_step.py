"""The steps that run the user's own programs: process, train, transform, evaluate."""

from collections.abc import Mapping, Sequence

from spalje.errors import BadInput
from spalje.pipeline.definition import ArtifactKind
from spalje.pipeline.step import Comparison, Setting, Source, Step


class Process(Step):
    """Run a script that turns folders into folders.

    The script gets ``--<input> DIR``, ``--<output> DIR`` and ``--<parameter> VALUE`` (underscores
    become hyphens), and the same as ``SPALJE_INPUT_<NAME>``, ``SPALJE_OUTPUT_<NAME>`` and
    ``SPALJE_PARAMETER_<NAME>``. A parameter that is null is left out.

    Args:
        name: the step's name.
        script: the program, relative to the repository.
        inputs: name -> what it reads.
        outputs: name -> what it writes: ``table``, ``folder``, ``report`` ...
        parameters: name -> value or ``Parameter``.
        after: steps that must succeed first although nothing of theirs is read.
        when: run only if a metric compares as said.
        cache: reuse an earlier success with the same code, inputs and settings.
        timeout_s: seconds of wall time after which it is stopped.
        environment: where the user's code runs: ``current``, ``uv`` or ``container``. Default: where the model that
            the step opens was trained, if that is in this pipeline; else as ``spalje.toml`` says.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import Input, Parameter
        >>> preprocess = Process(
        ...     "preprocess",
        ...     script="src/preprocess.py",
        ...     inputs={"journey": Input("journey", kind="folder")},
        ...     outputs={"train": "table", "evaluation": "table"},
        ...     parameters={"today": Parameter("today", type="date"), "stores": 60},
        ... )
        >>> preprocess["train"].kind
        'table'
        >>> preprocess["trian"]  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        spalje.errors.NotFound: There is no output of step 'preprocess' called 'trian'. Did you mean...
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        script: str,
        inputs: Mapping[str, Source] | None = None,
        outputs: Mapping[str, ArtifactKind],
        parameters: Mapping[str, Setting] | None = None,
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
    ) -> None:
        super().__init__(
            "process",
            name,
            script=script,
            reads=inputs or {},
            outputs=outputs,
            settings={"parameters": parameters or {}},
            after=after,
            when=when,
            cache=cache,
            timeout_s=timeout_s,
            environment=environment,
        )


class Train(Step):
    """Train a model with a script under the contract of SageMaker's script mode.

    Outputs: ``model`` (the model with its inference code) and ``output`` (what the script wrote
    to ``SM_OUTPUT_DATA_DIR``, and the training curves).

    Args:
        name: the step's name.
        script: the training program, relative to the repository.
        inference: the file with ``model_fn`` and ``predict_fn``, relative to the repository.
        channels: name -> what the script finds in ``SM_CHANNEL_<NAME>``.
        hyperparameters: name -> value or ``Parameter``; in ``SM_HPS`` and as ``--name value``.
        metrics: name of a curve -> regular expression whose one group is the number in a log line.
        after, when, cache, timeout_s, environment: as for ``Process``.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import Input
        >>> train = Train(
        ...     "train",
        ...     script="src/train.py",
        ...     inference="src/inference.py",
        ...     channels={"train": Input("history", kind="table")},
        ...     hyperparameters={"learning_rate": 0.05},
        ...     metrics={"validation-rmse": r"validation-rmse: ([0-9.]+)"},
        ... )
        >>> train["model"].kind
        'model'
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        script: str,
        inference: str,
        channels: Mapping[str, Source],
        hyperparameters: Mapping[str, Setting] | None = None,
        metrics: Mapping[str, str] | None = None,
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
    ) -> None:
        super().__init__(
            "train",
            name,
            script=script,
            reads=channels,
            settings={
                "inference": inference,
                "hyperparameters": hyperparameters or {},
                "metrics": metrics or {},
            },
            after=after,
            when=when,
            cache=cache,
            timeout_s=timeout_s,
            environment=environment,
        )


class Transform(Step):
    """Predict with a model for every row of a table; the output is ``predictions``.

    Args:
        name: the step's name.
        model: a trained model, or the approved version's.
        data: the table to predict for.
        after, when, cache, timeout_s, environment: as for ``Process``.
        **settings: further settings of the kind.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import ApprovedVersion, Input
        >>> day = Input("day", kind="table")
        >>> transform = Transform("transform", model=ApprovedVersion()["model"], data=day)
        >>> list(transform.spec.outputs)
        ['predictions']
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        model: Source,
        data: Source,
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
        **settings: Setting,
    ) -> None:
        super().__init__(
            "transform",
            name,
            reads={"model": model, "data": data},
            settings=settings,
            after=after,
            when=when,
            cache=cache,
            timeout_s=timeout_s,
            environment=environment,
        )


class Evaluate(Step):
    """Run a script that says how good predictions are; the output is ``report``.

    The script gets its inputs and parameters as a ``Process`` does, with ``--predictions`` among
    them, and writes ``metrics.json`` (a flat map of names to numbers) into ``--report``.

    Args:
        name: the step's name.
        script: the program, relative to the repository.
        predictions: the table of predictions.
        inputs: name -> what else it reads.
        parameters: name -> value or ``Parameter``.
        after, when, cache, timeout_s, environment: as for ``Process``.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import Input
        >>> scored = Input("scored", kind="table")
        >>> evaluate = Evaluate("evaluate", script="src/evaluate.py", predictions=scored)
        >>> better = evaluate.metric("rmse") < 0.9
        >>> better.condition.operator, better.condition.value
        ('<', 0.9)
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        script: str,
        predictions: Source,
        inputs: Mapping[str, Source] | None = None,
        parameters: Mapping[str, Setting] | None = None,
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
    ) -> None:
        if "predictions" in (inputs or {}):
            raise BadInput(
                f"Step '{name}': inputs has 'predictions', which is given by predictions=.",
                do="Call the other input something else.",
            )
        super().__init__(
            "evaluate",
            name,
            script=script,
            reads={"predictions": predictions, **(inputs or {})},
            settings={"parameters": parameters or {}},
            after=after,
            when=when,
            cache=cache,
            timeout_s=timeout_s,
            environment=environment,
        )
