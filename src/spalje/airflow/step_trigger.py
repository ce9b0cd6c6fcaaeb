"""Waiting for a step that another process executes, without a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from spalje.airflow.command import answer
from spalje.airflow.place import Place

#: Seconds that stopping a step may take.
_CANCEL_S = 30.0


class StepTrigger(BaseTrigger):
    """Waits for the end of a step by one ``spalje step wait``, whose lines go to the task's log.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step's name.
        python: the Python that has Spaljé.
        workspace: the workspace's folder, which the triggerer sees too.
    """

    def __init__(self, *, run: str, step: str, python: str, workspace: str) -> None:
        super().__init__()
        self.run_id, self.step, self.place = run, step, Place(python, workspace)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What makes it again in the triggerer."""
        words = {"run": self.run_id, "step": self.step}
        place = {"python": self.place.python, "workspace": self.place.workspace}
        return f"{type(self).__module__}.{type(self).__qualname__}", {**words, **place}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and tell how the step ended."""
        child = await self._start("step", "wait", self.run_id, self.step, "--log")
        try:
            out, last = await asyncio.gather(child.stdout.read(), self._listen(child.stderr))
            ended = answer(await child.wait(), out.decode(errors="replace"), last)
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

    async def _listen(self, lines: Any) -> str:
        """Say each line but an error's; give the last."""
        last = ""
        async for line in lines:
            if last:
                self.log.info(last)
            last = line.decode(errors="replace").rstrip("\n")
        if last and not last.startswith('{"error"'):
            self.log.info(last)
        return last
