"""Whatever people decide, in whatever order, the registry agrees with a model of it in memory."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from recorder import Recorder

from spalje.errors import Conflict, Refused
from spalje.registry.approval import decide, verify
from spalje.registry.version import ModelVersion, VersionStatus
from spalje.storage.metadata import open_metadata

PENDING, APPROVED, REJECTED = VersionStatus


class Registry(RuleBasedStateMachine):
    """Registers and decides, sometimes with an out-of-date view, sometimes after closing and opening again."""

    seen = Bundle("seen")  # versions as somebody saw them at some time

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'metadata.db'}"
        self.record = Recorder(open_metadata(self.url))
        self.project = self.record.project()
        self.histories: dict[int, list[VersionStatus]] = {}
        self.approvals: list[int] = []  # numbers, in the order of their last approval

    def teardown(self) -> None:
        self.record.metadata.close()
        self.folder.cleanup()

    @rule(target=seen)
    def register(self) -> ModelVersion:
        version = self.record.version()
        assert version.number == len(self.histories) + 1
        self.histories[version.number] = [PENDING]
        return version

    @precondition(lambda self: self.histories)
    @rule(target=seen, data=st.data())
    def look(self, data: st.DataObject) -> ModelVersion:
        number = data.draw(st.sampled_from(sorted(self.histories)))
        return self.record.metadata.versions.get("fresh", number)

    @rule(target=seen, version=consumes(seen), wanted=st.sampled_from([APPROVED, REJECTED]))
    def decide(self, version: ModelVersion, wanted: VersionStatus):
        """Decide from what was seen, which may have changed since."""
        history = self.histories[version.number]
        try:
            approval = decide(version, wanted, "Bo", "because", self.record.now(), project=self.project)
        except Refused:
            assert version.status is wanted
            return multiple()
        try:
            after = self.record.metadata.versions.decide("fresh", version.number, version, approval)
        except Conflict:
            assert len(version.history) < len(history)
            return multiple()
        assert len(version.history) == len(history)
        history.append(wanted)
        if version.number in self.approvals:
            self.approvals.remove(version.number)
        if wanted is APPROVED:
            self.approvals.append(version.number)
        return after

    @rule()
    def open_again(self) -> None:
        self.record.metadata.close()
        self.record.metadata = open_metadata(self.url)

    @invariant()
    def the_version_approved_last_serves_and_never_a_rejected_one(self) -> None:
        if not hasattr(self, "record"):
            return
        serving = self.record.metadata.versions.latest_approved("fresh")
        assert (serving.number if serving else None) == (self.approvals[-1] if self.approvals else None)
        assert serving is None or serving.status is APPROVED

    @invariant()
    def replaying_the_history_gives_the_status(self) -> None:
        if not hasattr(self, "record"):
            return
        for version in self.record.metadata.versions.list("fresh"):
            verify(version)
            assert [entry.status for entry in version.history] == self.histories[version.number]
            assert version.status is version.history[-1].status


Registry.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
test_registry = pytest.mark.timeout(120)(Registry.TestCase)
