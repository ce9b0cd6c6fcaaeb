#!/usr/bin/env python3
"""Answers as ``podman`` does, as far as Spaljé asks; a "container" is a process that outlives the one that started it.

Where CONTAINERS_STAND_IN points it keeps images and containers, and writes down every call. Of a container it checks
what an engine would: the image is there, each mounted folder exists, the folder it starts in and what its words name
are mounted.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PLACE = Path(os.environ["CONTAINERS_STAND_IN"])


def fail(said: str, code: int = 125) -> None:
    sys.stderr.write(f"Error: {said}\n")
    sys.exit(code)


def info() -> None:
    print(json.dumps({"host": {"security": {"rootless": False}}}))


def build(words: list[str]) -> None:
    options = dict(word.removeprefix("--").partition("=")[::2] for word in words[:-1])
    context, file = Path(words[-1]), Path(options["file"])
    print(f"STEP 1: building {options['tag']}")
    if "RUN false" in file.read_text():
        fail("building at STEP 'RUN false': exit status 1", 1)
    image = {
        "size": file.stat().st_size,
        "files": sorted(str(p.relative_to(context)) for p in context.rglob("*")),
    }
    (PLACE / options["tag"].replace("/", "+")).write_text(json.dumps(image))


def image(verb: str, words: list[str]) -> None:
    path = PLACE / words[-1].replace("/", "+")
    if not path.is_file():
        fail(f"{words[-1]}: image not known")
    if verb == "rm":
        path.unlink()
    elif words[1] == "{{.Size}}":
        print(json.loads(path.read_text())["size"])


def run(words: list[str]) -> int:
    options = [word for word in words if word.startswith("--") and words.index(word) < count_options(words)]
    name, *command = words[count_options(words) :]
    if not (PLACE / name.replace("/", "+")).is_file():
        fail(f"{name}: image not known")
    pairs = [word.removeprefix("--").partition("=")[::2] for word in options]
    mounts = [dict(p.partition("=")[::2] for p in value.split(",")) for key, value in pairs if key == "mount"]
    given = dict(pairs)
    for path in (given["workdir"], *(word for word in command if word.startswith("/"))):
        if not any(Path(path).is_relative_to(mount["target"]) for mount in mounts):
            fail(f"{path}: no such file or directory", 127)
    if not all(Path(mount["source"]).exists() and mount["source"] == mount["target"] for mount in mounts):
        fail("a mounted folder does not exist")
    shell = f'echo $$ > {PLACE / given["name"]}; "$@"; echo $? > {PLACE / given["name"]}.code.aside; mv {PLACE / given["name"]}.code.aside {PLACE / given["name"]}.code'
    subprocess.Popen(
        ["sh", "-c", shell, "sh", sys.executable, *command],
        cwd=given["workdir"],
        env={"PATH": "/usr/bin:/bin", "IN_THE_IMAGE": "1"},
        start_new_session=True,
    )
    os.close(0)
    code = PLACE / f"{given['name']}.code"
    while not code.exists():
        time.sleep(0.01)
    return int(code.read_text())


def count_options(words: list[str]) -> int:
    return next(index for index, word in enumerate(words) if not word.startswith("--"))


def remove(name: str) -> None:
    """Kill a container."""
    path = PLACE / name
    if path.exists() and not (PLACE / f"{name}.code").exists():
        os.killpg(int(path.read_text()), signal.SIGKILL)
        (PLACE / f"{name}.code").write_text("137")


def main(words: list[str]) -> int:
    with (PLACE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"words": words, "environ": dict(os.environ)}) + "\n")
    match words:
        case ["info", *_]:
            info()
        case ["build", *rest]:
            build(rest)
        case ["image", verb, *rest]:
            image(verb, rest)
        case ["run", *rest]:
            return run(rest)
        case ["rm", "--force", "--time=0", name]:
            remove(name)
        case _:
            fail(f"unknown command {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
