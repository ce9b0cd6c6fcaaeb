"""Waiting for a step that another process executes, without a worker."""

import asyncio
import codecs
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from spalje.airflow.command import Lines, answer
from spalje.airflow.place import Place

#: Seconds that stopping a step may take.
_CANCEL_S = 30.0
#: Bytes that are read at once of what a command says.
_PIECE = 65536


class StepTrigger(BaseTrigger):
    """Waits for the end of a step by one ``spalje step wait``, whose lines go to the task's log.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step's name.
        python: the Python that has Spaljé.
        workspace: the workspace's folder, which the triggerer sees too.
        since: when the execution began, in ISO format: an earlier try's end is not what is waited for.
    """

    def __init__(self, *, run: str, step: str, python: str, workspace: str, since: str) -> None:
        super().__init__()
        self.run_id, self.step, self.place, self.since = run, step, Place(python, workspace), since

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What makes it again in the triggerer."""
        words = {"run": self.run_id, "step": self.step, "since": self.since}
        place = {"python": self.place.python, "workspace": self.place.workspace}
        return f"{type(self).__module__}.{type(self).__qualname__}", {**words, **place}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and tell how the step ended."""
        child = await self._start("step", "wait", self.run_id, self.step, "--log", "--since", self.since)
        try:
            lines = Lines(self.log.info)
            out, _ = await asyncio.gather(child.stdout.read(), _listen(child.stderr, lines))
            ended = answer(await child.wait(), out.decode(errors="replace"), lines.error)
        finally:
            with suppress(ProcessLookupError):
                child.kill()
        yield TriggerEvent({"code": ended.code, "said": ended.said, "error": dict(ended.error)})

    async def on_kill(self) -> None:
        """Stop the step: a person has ended the task."""
        child = await self._start("step", "cancel", self.run_id, self.step)
        with suppress(TimeoutError):
            await asyncio.wait_for(child.communicate(), _CANCEL_S)

    async def _start(self, *words: str) -> Any:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *self.place.words(*words),
            env=self.place.environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        )


async def _listen(stream: Any, lines: Lines) -> None:
    """Tell the lines of a stream, however long they are."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    while piece := await stream.read(_PIECE):
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        for line in whole:
            lines.take(line)
    lines.take(rest + decoder.decode(b"", final=True))
