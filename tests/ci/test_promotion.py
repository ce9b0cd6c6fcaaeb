"""Every decision about a version reaches the deploy repository's CI, each host's own way."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from recorder import Recorder

from spalje.ci.promotion import Promotion
from spalje.errors import Refused
from spalje.project.git_hosts.embedded import EmbeddedHost
from spalje.project.git_hosts.failure import HostFailed
from spalje.registry.approval import decide
from spalje.registry.version import ModelVersion, VersionStatus


class Host:
    """Notes what it was asked, or is down."""

    def __init__(self, *, down: bool = False) -> None:
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self.down = down

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        if self.down:
            raise HostFailed("hub answered 503.")
        self.asked.append((repository, branch, variables))
        return "https://hub.example.org/runs/7"


def decided(record: Recorder, wanted: VersionStatus) -> ModelVersion:
    version = record.version()
    metadata = record.metadata
    approval = decide(
        version, wanted, "eva", "Because.", record.now(), project=metadata.projects.get("fresh")
    )
    metadata.versions.decide("fresh", version.number, version, approval)
    return metadata.versions.get("fresh", version.number)


@pytest.mark.parametrize("wanted", [VersionStatus.APPROVED, VersionStatus.REJECTED])
def test_a_host_is_told_which_version_and_what_was_decided(record: Recorder, wanted: VersionStatus) -> None:
    hosts = {"hub": Host()}
    project = replace(
        record.metadata.projects.get("fresh"),
        host="hub",
        deploy_repository="https://hub.example.org/g/fresh-deploy.git",
    )
    promotion = Promotion(lambda name, _: hosts[name], lambda *_: "", record.metadata.jobs.add)
    version = decided(record, wanted)
    for _ in range(2):
        assert promotion.promote(project, version, "eva") == "https://hub.example.org/runs/7"
    variables = {"SPALJE_MODEL_VERSION": "fresh/1", "SPALJE_STATUS": wanted.value}
    assert hosts["hub"].asked == [("fresh-deploy", "main", variables)] * 2
    assert record.metadata.jobs.list() == ()


def test_in_the_workspace_it_is_a_job(record: Recorder, tmp_path: Path) -> None:
    project = record.metadata.projects.get("fresh")
    EmbeddedHost(tmp_path).create("fresh-deploy", "")
    version = decided(record, VersionStatus.APPROVED)
    tips = {("/git/fresh-deploy.git", "main"): "d" * 40}
    promotion = Promotion(
        lambda _, order: EmbeddedHost(tmp_path, order=order),
        lambda *place: tips[place],
        lambda jobs: record.metadata.jobs.add(jobs, record.now()),
    )
    assert promotion.promote(project, version, "eva") == "job 1 (spalje ci watch 1)"
    (job,) = record.metadata.jobs.list()
    assert (job.what, job.repository, job.branch, job.commit, job.ordered_by) == (
        "promotion", "deploy", "main", "d" * 40, "eva",
    )  # fmt: skip


def test_nothing_is_told_of_what_nobody_decided(record: Recorder) -> None:
    promotion = Promotion(pytest.fail, lambda *_: pytest.fail("asked"), record.metadata.jobs.add)
    with pytest.raises(Refused, match="fresh/1 is pending"):
        promotion.promote(record.metadata.projects.get("fresh"), record.version(), "eva")


def test_a_host_that_is_down_says_so(record: Recorder) -> None:
    project = replace(record.metadata.projects.get("fresh"), host="hub")
    promotion = Promotion(lambda *_: Host(down=True), lambda *_: "", record.metadata.jobs.add)
    version = decided(record, VersionStatus.APPROVED)
    with pytest.raises(HostFailed):
        promotion.promote(project, version, "eva")
    assert record.metadata.versions.latest_approved("fresh").number == version.number
