"""Several programs on one queue, one store call at a time, in an order that a test chooses; some are killed."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


class Killed(BaseException):
    """As kill -9: nothing that comes after is done, giving back a lease neither."""


class Actor:
    """A program in a thread that stops before every call of a store."""

    def __init__(self, name: str, program: Callable[["Actor"], object]) -> None:
        self.name, self.killed, self.ended, self.failure = name, False, False, None
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(program,), daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def _run(self, program: Callable[["Actor"], object]) -> None:
        try:
            self.stop()
            program(self)
        except Killed:
            pass
        except BaseException as error:
            self.failure = error
        self.ended = True
        self._stopped.release()

    def stop(self) -> None:
        """Called by the program: wait for the next turn."""
        if self.killed:
            raise Killed
        self._stopped.release()
        self._go.acquire()
        if self.killed:
            raise Killed

    def turn(self) -> None:
        """Let it do one thing."""
        self._go.release()
        self._stopped.acquire()

    def kill(self) -> None:
        self.killed = True
        self.turn()


class Watched:
    """A store, or all of them, whose calls are an actor's turns."""

    def __init__(self, inner: Any, actor: Actor, told: Callable[[str, tuple], None]) -> None:
        self._inner, self._actor, self._told = inner, actor, told

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Watched(found, self._actor, self._told)

        def call(*words: Any, **more: Any) -> Any:
            self._actor.stop()
            result = found(*words, **more)
            self._told(name, words)
            return result

        return call


@dataclass
class Stage:
    """All programs."""

    actors: list[Actor] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)

    def enter(self, name: str, program: Callable[[Actor], object]) -> None:
        self.actors.append(Actor(f"{name}-{len(self.actors)}", program))

    def alive(self, owner: str) -> bool:
        return owner not in self.dead

    def going(self) -> list[Actor]:
        return [actor for actor in self.actors if not actor.ended]

    def play(self, choices: Iterator[int]) -> None:
        """Give turns as chosen, then to each in turn; a negative choice kills."""
        for choice in choices:
            going = self.going()
            if not going:
                return
            actor = going[abs(choice) % len(going)]
            if choice < 0:
                self.dead.add(actor.name)
                actor.kill()
            else:
                actor.turn()
        while going := self.going():
            for actor in going:
                if not actor.ended:
                    actor.turn()
