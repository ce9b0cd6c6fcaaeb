"""A run fails and somebody is told, once: through the real command line, a real mail server and a real webhook."""

import json
from datetime import UTC, datetime
from pathlib import Path

import small_project
from command import Command, Said
from receivers import closed_port, hook, mailbox

from spalje.standard_webhook import verify

KEY = "whsec_" + "QUJD" * 10
SETTINGS = """
[[alerts.email]]
host = "127.0.0.1"
port = {port}
security = "none"
from = "spalje@shop.example"
to = ["ops@shop.example"]

[[alerts.webhook]]
kind = "signed"
url_env = "HOOK"
secret_env = "KEY"
"""
BROKEN = {"src/double.py": 'raise SystemExit("no luck <script> today")\n'}


def test_a_run_that_fails_is_told_once_also_when_it_fails_again(tmp_path: Path):
    workspace = small_project.create(tmp_path, BROKEN)
    settings = workspace.folder / "settings.toml"
    settings.write_text(SETTINGS.format(port=closed_port()))
    command = Command(workspace.folder, tmp_path)

    with mailbox() as box, hook() as server:

        def spalje(*words: str) -> Said:
            said = command(*words, HOOK=f"{server.address}/T0SECRET", KEY=KEY)
            assert "T0SECRET" not in said.out + said.error
            assert KEY not in said.out + said.error
            return said

        start = ("run", "start", "build", "--project", "small", "--input", f"raw={tmp_path / 'raw'}")
        failed = spalje(*start)
        assert failed.code == 1, "as it would be without alerts"
        (told,) = (line for line in failed.error.splitlines() if line.startswith("spalje: alert"))
        assert (
            "channel 'email': The mail server 127.0.0.1 of the channel 'email' could not be reached" in told
        )
        (posted,) = server.posted
        verify(posted.headers, posted.body, KEY, datetime.now(UTC))
        assert json.loads(posted.body)["data"]["events"][0]["subject"] == "small/build/1"

        settings.write_text(SETTINGS.format(port=box.port))
        assert spalje("alert", "send", "--now").code == 0
        (mail,) = box.mails
        assert mail["Subject"] == "[Spaljé] small: 1 failed run"
        text = mail.get_body(("plain",)).get_content()
        assert "small/build/1 failed. Step 'left' failed:" in text
        assert "See: spalje run show small/build/1" in text
        assert "no luck <script> today" in text, "the last line of the log, where the error stands"
        assert "spalje run resume small/build/1" in text

        assert spalje("run", "resume", "small/build/1").code == 1
        assert spalje("alert", "check").code == 0
        assert (len(box.mails), len(server.posted)) == (1, 1)

        assert spalje(*start).code == 1
        assert [one["Subject"] for one in box.mails] == [mail["Subject"]] * 2, "another run is another event"
        assert box.mails[1]["Message-ID"] != mail["Message-ID"]
        assert spalje("alert", "list").out.count("email ✓, signed ✓") == 2
