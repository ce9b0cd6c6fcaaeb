import pytest

from spalje.pipeline.finding import DoesNotCompile
from spalje.pipeline.project_file import line_of, read


@pytest.fixture
def file(repository):
    return repository / "spalje.toml"


def findings(file):
    with pytest.raises(DoesNotCompile) as raised:
        read(file)
    return [str(finding) for finding in raised.value.findings]


def test_a_good_file_is_read(file):
    found = read(file)
    assert found.project.name == "fresh-produce"
    assert found.project.environment == "current"
    assert found.problem.features == ("price", "lag_7")
    assert found.inputs == {"journey": "data/journey"}


def test_what_containers_may_is_read(file):
    file.write_text(file.read_text() + '\n[environment.container]\nnetwork = "bridge"\nmemory_gib = 1.5\n')
    container = read(file).environment.container
    assert (container.network, container.memory_gib, container.dockerfile) == ("bridge", 1.5, "Dockerfile")


def test_a_table_within_a_table_is_found_by_its_line(file):
    file.write_text(file.read_text() + '\n[environment.container]\ncpus = 2\nnetwork = "lan"\n')
    line = 1 + file.read_text().splitlines().index('network = "lan"')
    (said,) = findings(file)
    assert said.startswith(f"spalje.toml:{line}:")
    assert "[environment] container.network" in said
    assert "'none', 'bridge' or 'host'" in said


def test_tables_of_other_programs_are_left_alone(file):
    file.write_text(file.read_text() + "\n[resources]\ncpu = 2\n")
    assert read(file).project.name == "fresh-produce"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'type = "regression"',
            'type = "regresion"',
            "spalje.toml:7: [problem] type is 'regresion': input should be",
        ),
        ('target = "units"', 'targte = "units"', "spalje.toml:8: [problem] targte is not known here."),
        ('target = "units"', "", "spalje.toml:6: [problem] target is missing."),
        (
            'name = "fresh-produce"',
            'name = "Fresh produce"',
            "spalje.toml:2: [project] name is 'Fresh produce'",
        ),
        ('owner = "Greens"', "owner = 3", "spalje.toml:4: [project] owner is 3"),
        ('features = ["price", "lag_7"]', "features = []", "spalje.toml:9: [problem] features is []"),
        ('time = "day"', 'time = "date"', "spalje.toml:6: [problem] time 'date' must be one of the keys"),
        ('journey = "data/journey"', "journey = 3", "spalje.toml:15: [inputs] journey is 3"),
        ("[problem]", "[problme]", "spalje.toml:1: [problem] is missing."),
        ('title = "Fresh produce"', 'title = "Fresh', "spalje.toml:3: It is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file, old, new, said):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    assert any(finding.startswith(said) for finding in findings(file)), findings(file)


def test_everything_wrong_is_said_at_once(file):
    text = (
        file.read_text()
        .replace('type = "regression"', 'type = "no"')
        .replace('owner = "Greens"', "owner = 3")
    )
    file.write_text(text)
    assert len(findings(file)) == 2


def test_a_missing_file_is_said(tmp_path):
    assert findings(tmp_path / "spalje.toml")[0].startswith("spalje.toml:1: There is no such file.")


def test_a_file_that_is_no_text_is_said(file):
    file.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in findings(file)[0]


def test_a_key_of_the_same_name_in_another_table_is_not_mistaken():
    text = "[inputs]\nseason = 'x'\n[other]\nseason = 1\n[ problem ]\n\"season\" = 'none'\n"
    assert line_of(text, "problem", "season") == 6
    assert line_of(text, "problem", "time") == 5
    assert line_of(text, "project", "name") == 1
