"""ZenML's side of the overhead benchmark: its local stack, caching off."""

import sys

from zenml import pipeline, step


@step
def begin() -> bytes:
    return bytes(1024)


@step
def hand_on(data: bytes) -> bytes:
    return data


@pipeline(enable_cache=False)
def linear(steps: int):
    data = begin()
    for _ in range(1, steps):
        data = hand_on(data)


if __name__ == "__main__" and sys.argv[1] == "run":
    linear(int(sys.argv[3]))
