"""What a user's process is told by its variables."""

from spalje.execution.environment.passed_on import for_scripts


def test_threads_that_wait_do_not_spin_unless_somebody_says_so(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert for_scripts()["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert for_scripts()["OMP_WAIT_POLICY"] == "ACTIVE"


def test_nothing_else_of_ours_is_passed_on(monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "secret")
    monkeypatch.setenv("SPALJE_WORKSPACE", "/somewhere")
    assert not {"SMTP_PASSWORD", "SPALJE_WORKSPACE"} & for_scripts().keys()
