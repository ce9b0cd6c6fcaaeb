import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from ended import ended

from spalje.errors import BadInput
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.finding import DoesNotCompile

PYTHON = (sys.executable,)


def findings(repository, **more):
    with pytest.raises(DoesNotCompile) as raised:
        compile_recipe(repository, PYTHON, **more)
    assert raised.value.exit_code == 3
    assert all(str(finding) in str(raised.value) for finding in raised.value.findings)
    assert "Traceback" not in str(raised.value)
    return [str(finding) for finding in raised.value.findings]


def spoil(repository, old, new, file="pipeline.py"):
    text = (repository / file).read_text()
    assert old in text
    (repository / file).write_text(text.replace(old, new, 1))
    return repository


def add(repository, text):
    with (repository / "pipeline.py").open("a") as recipe:
        recipe.write(text)
    return repository


def line(repository, text, file="pipeline.py"):
    lines = (repository / file).read_text().splitlines()
    return 1 + next(index for index, found in enumerate(lines) if text in found)


def test_a_recipe_compiles_to_its_pipelines(good):
    definition, repository = good
    assert [step.name for step in definition.steps] == [
        "preprocess", "train", "transform", "evaluate", "normal", "good", "register",
    ]  # fmt: skip
    assert definition.problem.target == "units"
    assert definition.environment == "current"
    assert definition.locations == {"journey": "data/journey"}
    assert {step.where.file for step in definition.steps} == {"pipeline.py"}
    assert definition.step("train").where.line == line(repository, "train = Train(")
    assert definition.step("train").parameters == {"rounds"}


def test_the_digest_does_not_depend_on_the_folder_or_the_moment(good, tmp_path):
    definition, repository = good
    copy = shutil.copytree(repository, tmp_path / "else" / "where")
    assert compile_recipe(copy, PYTHON)["build"].digest == definition.digest


def test_compiling_writes_nothing_into_the_repository(repository):
    (repository / "shared.py").write_text("STORES = 60\n")
    spoil(repository, '"stores": 60', '"stores": shared.STORES')
    spoil(repository, "\njourney =", "\nimport shared\n\njourney =")
    before = sorted(repository.rglob("*"))
    compile_recipe(repository, PYTHON)
    assert sorted(repository.rglob("*")) == before


def test_a_recipe_may_be_split_and_says_where_each_step_stands(repository):
    (repository / "steps").mkdir()
    (repository / "steps" / "extra.py").write_text(
        "from spalje.pipeline import Process\n\n\ndef extra(name):\n"
        '    return Process(name, script="src/train.py", outputs={"a": "table"})\n'
    )
    add(repository, 'from steps.extra import extra\nmore = Pipeline("more", steps=[extra("x")])\n')
    step = compile_recipe(repository, PYTHON)["more"].step("x")
    assert str(step.where) == "steps/extra.py:5"


def test_no_file_of_the_repository_hides_a_module(repository):
    (repository / "json.py").write_text("raise SystemExit('hidden')\n")
    (repository / "pydantic.py").write_text("raise SystemExit('hidden')\n")
    assert compile_recipe(repository, PYTHON)


def test_what_a_recipe_prints_does_not_matter(repository):
    add(repository, "import os, sys\nprint('{}')\nsys.stderr.write('noise')\nos.system('echo more')\n")
    assert compile_recipe(repository, PYTHON)


def test_the_recipe_sees_nothing_of_our_environment(repository, monkeypatch):
    monkeypatch.setenv("SPALJE_SECRET", "s3cret")
    monkeypatch.setenv("PYTHONPATH", str(repository / "src"))
    add(repository, "import os\nassert not {'SPALJE_SECRET', 'PYTHONPATH'} & set(os.environ), 'seen'\n")
    assert compile_recipe(repository, PYTHON)
    add(repository, "assert os.environ['GIVEN'] == 'yes'\n")
    assert compile_recipe(repository, PYTHON, environ={"GIVEN": "yes"})


def test_our_process_never_imports_the_recipe(repository):
    add(repository, f"import os\nopen({str(repository / 'pid')!r}, 'w').write(str(os.getpid()))\n")
    compile_recipe(repository, PYTHON)
    assert int((repository / "pid").read_text()) != os.getpid()
    assert "pipeline" not in sys.modules


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("train = Train(", "train = = Train(", "train = =", "It is not Python: invalid syntax."),
        (
            'preprocess["train"]}',
            'preproces["train"]}',
            'preproces["',
            "NameError: name 'preproces' is not defined.",
        ),
        ('preprocess["train"]}', 'preprocess["trian"]}', '"trian"', "called 'trian'. Did you mean 'train'?"),
        ("src/evaluate.py", "src/evalute.py", "evaluate = Ev", "Did you mean src/evaluate.py?"),
        (
            "data=preprocess",
            'data=Input("x y", kind="table"), more=preprocess',
            "transform = ",
            "is 'x y': a name is",
        ),
        (
            'kind="folder"',
            'kind="foldr"',
            "journey = Input",
            "kind is 'foldr': input should be 'table', 'model'",
        ),
        (
            "inference=",
            "depth=3, inference=",
            "train = Train(",
            "TypeError: Train.__init__() got an unexpected",
        ),
        ("\njourney =", "\nimport lightgbmx\njourney =", "lightgbmx", "No module named 'lightgbmx'."),
        ("\njourney =", "\nraise SystemExit(3)\njourney =", "SystemExit", "SystemExit: 3."),
        ("\njourney =", "\ndef f(): f()\nf()\njourney =", "def f()", "RecursionError"),
        ("default=100", 'default="many"', "rounds = Parameter", "allowed is a whole number"),
        ("< 0.9", "== 0.9", "register = Reg", "must compare a metric with a number."),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(repository, old, new, at, said):
    spoil(repository, old, new)
    (finding,) = findings(repository)
    assert finding.startswith(f"pipeline.py:{line(repository, at)}: ")
    assert said in finding


def test_a_syntax_error_in_a_file_beside_the_recipe_names_that_file(repository):
    (repository / "shared.py").write_text("\n\nx = = 1\n")
    add(repository, "import shared\n")
    assert findings(repository)[0].startswith("shared.py:3: It is not Python")


def test_a_recipe_that_is_no_text_is_said(repository):
    (repository / "pipeline.py").write_bytes(b"\x00\xff")
    assert findings(repository)[0].startswith("pipeline.py:1: ")


def test_everything_wrong_is_said_at_once_and_in_order(repository):
    spoil(repository, "src/preprocess.py", "src/gone.py")
    spoil(repository, "src/evaluate.py", "../../etc/passwd")
    add(repository, 'spare = Parameter("spare")\n')
    found = findings(repository)
    assert [finding.split(": ")[0] for finding in found] == [
        f"pipeline.py:{line(repository, text)}" for text in ("preprocess = ", "evaluate = Ev", "spare = ")
    ]


def test_a_parameter_that_no_pipeline_uses_is_said_once(repository):
    add(repository, 'other = Pipeline("other", steps=[preprocess])\nspare = Parameter("spare")\n')
    (finding,) = findings(repository)
    assert "'spare' is not used by any step" in finding


def test_a_parameter_that_one_pipeline_uses_is_used(repository):
    add(repository, 'other = Pipeline("other", steps=[preprocess])\n')
    found = compile_recipe(repository, PYTHON)
    assert [one.name for one in found["other"].parameters] == ["today"]


def test_a_step_in_no_pipeline_is_said(repository):
    spoil(repository, "normal, good, register]", "good, register]")
    assert any("'normal' is in no pipeline" in finding for finding in findings(repository))


def test_a_step_of_another_pipeline_is_not_taken_for_one_of_the_same_name(repository):
    add(
        repository,
        "again = Process('preprocess', script='src/train.py', outputs={'train': 'table'})\n"
        "late = Baseline('late', monitor='data_quality', data=preprocess['train'])\n"
        "other = Pipeline('other', steps=[again, late])\n",
    )
    (finding,) = findings(repository)
    assert "'late' reads its data from the step 'preprocess' of pipeline.py:" in finding
    assert "pipeline 'other' has another step of that name" in finding


def test_two_pipelines_of_a_name_are_said(repository):
    add(repository, 'other = Pipeline("build", steps=[preprocess])\n')
    assert any("Pipeline 'build' is there twice" in finding for finding in findings(repository))


def test_a_pipeline_under_two_names_is_one(repository):
    add(repository, "again = build\n")
    assert list(compile_recipe(repository, PYTHON)) == ["build"]


def test_a_recipe_without_a_pipeline_is_said(repository):
    (repository / "pipeline.py").write_text("x = 1\n")
    assert findings(repository) == [
        'pipeline.py:1: It defines no Pipeline. Write one: build = Pipeline("build", steps=[…]).'
    ]


def test_a_name_of_a_pipeline_that_is_none_is_said_at_its_line(repository):
    spoil(repository, 'Pipeline("build"', 'Pipeline("the build"')
    assert findings(repository)[0].startswith(
        f"pipeline.py:{line(repository, 'build = Pipe')}: Pipeline 'the build'"
    )


def test_a_location_of_no_input_is_said(repository):
    spoil(repository, "journey = ", "jurney = ", "spalje.toml")
    (finding,) = findings(repository)
    assert finding.startswith(
        f"spalje.toml:{line(repository, 'jurney', 'spalje.toml')}: [inputs] jurney is an input of"
    )
    assert "Did you mean 'journey'?" in finding


@pytest.mark.parametrize("file", ["pipeline.py", "spalje.toml"])
def test_a_missing_file_is_said(repository, file):
    (repository / file).unlink()
    assert findings(repository)[0].startswith(f"{file}:1: There is no such file.")


def test_a_recipe_that_ends_its_process_is_said(repository):
    add(repository, "import os, sys\nprint('bye', file=sys.stderr, flush=True)\nos._exit(0)\n")
    (finding,) = findings(repository)
    assert "It ended its process (code 0) before it was compiled. The last it said: bye" in finding


def test_a_recipe_that_does_not_end_is_stopped_with_what_it_started(repository):
    mark = repository / "started"
    add(
        repository,
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(300)\n",
    )
    (finding,) = findings(repository, timeout_s=2)
    assert "It took longer than 2 s." in finding
    assert ended(int(mark.read_text()))


def test_a_process_that_says_all_is_well_is_not_believed(repository):
    """What the recipe's process prints is checked again by ours."""
    spoil(repository, "src/preprocess.py", "../outside.py")
    add(
        repository, "import spalje.pipeline.compile as c, sys\nsys.modules['__main__'].lint = lambda *a: ()\n"
    )
    (finding,) = findings(repository)
    assert "outside the repository" in finding


def test_a_python_without_spalje_says_so(repository, tmp_path):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True, timeout=60)
    with pytest.raises(BadInput, match=r"cannot run Spaljé: .*No module named") as raised:
        compile_recipe(repository, (str(bare / "bin" / "python"),))
    assert "Add spalje" in raised.value.do


def test_a_python_that_is_not_there_says_so(repository):
    with pytest.raises(BadInput, match="/no/python, could not be started"):
        compile_recipe(repository, ("/no/python",))


def test_the_program_prints_json_and_says_by_its_code_how_it_went(repository):
    words = [
        sys.executable,
        "-P",
        "-m",
        "spalje.pipeline.compile",
        "pipeline.py",
        "--spalje-toml",
        "spalje.toml",
    ]
    fine = subprocess.run(words, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert (fine.returncode, fine.stderr) == (0, "")
    assert '"name":"build"' in fine.stdout
    spoil(repository, "train = Train(", "train = = Train(")
    wrong = subprocess.run(words, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert (wrong.returncode, wrong.stderr) == (3, "")
    assert '"definitions":[]' in wrong.stdout


def test_importing_the_recipe_package_needs_pydantic_only():
    code = (
        "import sys, spalje.pipeline, spalje.pipeline.compile\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    third = {
        "__main__",
        "annotated_types",
        "pydantic",
        "pydantic_core",
        "spalje",
        "typing_extensions",
        "typing_inspection",
    }
    assert set(eval(done.stdout)) <= third | {name for name in eval(done.stdout) if name.startswith("_")}


def test_stopping_us_stops_the_recipe(repository):
    mark = repository / "started"
    add(repository, f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(300)\n")
    code = (
        "import sys\nfrom pathlib import Path\nfrom spalje.pipeline.compile import compile_recipe\n"
        "compile_recipe(Path(sys.argv[1]), (sys.executable,))\n"
    )
    ours = subprocess.Popen([sys.executable, "-c", code, repository], stderr=subprocess.DEVNULL)
    for _ in range(200):
        if mark.exists() and mark.read_text():
            break
        time.sleep(0.05)
    ours.send_signal(signal.SIGINT)
    ours.wait(30)
    assert ended(int(mark.read_text()))
