"""Which run of another orchestrator's holds a pipeline, while none of its steps is being executed."""

from datetime import timedelta

import pytest
from recorder import Recorder

from spalje.errors import Conflict
from spalje.execution.claim import CLAIM_S, Claims
from spalje.execution.lease import Heartbeat
from spalje.execution.owner import this_process
from spalje.lineage.run import Run, Status


@pytest.fixture
def claims(record: Recorder) -> Claims:
    return Claims(Heartbeat(record.metadata, this_process(), 30, record.now))


def claim(claims: Claims, run: Run) -> None:
    claims.take(run.project, run.pipeline, str(run.key))


def test_a_pipeline_is_one_runs_until_it_lets_go(record: Recorder, claims: Claims):
    first, second = record.run(key="a"), record.run(key="b")
    claim(claims, first)
    claim(claims, first)
    with pytest.raises(Conflict, match="held by key/a"):
        claim(claims, second)
    with pytest.raises(Conflict), claims.heartbeat.hold("pipeline/fresh/build"):
        pass
    claims.release(second)
    with pytest.raises(Conflict):
        claim(claims, second)
    claims.release(first)
    claim(claims, second)


def test_who_executes_the_run_is_handed_its_pipeline_which_is_never_free_between(
    record: Recorder, claims: Claims
):
    first, second = record.run(key="a"), record.run(key="b")
    name = "pipeline/fresh/build"
    claim(claims, first)
    old = claims.of(first)
    with claims.heartbeat.hold(name, old) as held:
        assert held.token == old.token + 1
        for run in (first, second):
            with pytest.raises(Conflict):
                claim(claims, run)
        with pytest.raises(Conflict), claims.heartbeat.hold(name, old):
            pass  # it can be handed over once
    claim(claims, second)
    with pytest.raises(Conflict), claims.heartbeat.hold(name, claims.of(first)):
        pass


def test_while_a_step_is_executed_the_pipeline_is_kept(record: Recorder, claims: Claims):
    first, second = record.run(key="a"), record.run(key="b")
    record.time += timedelta(days=1)
    with claims.kept(first):
        record.time += timedelta(seconds=CLAIM_S - 100)
        with pytest.raises(Conflict):
            claim(claims, second)
    record.time += timedelta(seconds=CLAIM_S - 100)
    with pytest.raises(Conflict):
        claim(claims, second)
    with claims.kept(record.run()):
        pass  # the embedded runner's: it holds its own lease


def test_a_run_that_gives_no_sign_of_life_makes_way_and_is_over(record: Recorder, claims: Claims):
    first, second = record.run(key="a"), record.run(key="b")
    claim(claims, first)
    record.time += timedelta(seconds=CLAIM_S + 1)
    claim(claims, second)
    gone = record.metadata.runs.get(first.id)
    assert gone.status is Status.CANCELLED
    assert "another run has taken its place" in str(gone.error)
    with pytest.raises(Conflict):
        claim(claims, first)


def test_one_that_comes_late_still_has_what_nobody_took(record: Recorder, claims: Claims):
    run = record.run(key="a")
    claim(claims, run)
    record.time += timedelta(days=2)
    claim(claims, run)
    assert record.metadata.runs.get(run.id).status is Status.WAITING
