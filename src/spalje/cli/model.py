"""``spalje model``: the versions of a project's model and what people decided about them."""

import json
from collections.abc import Mapping
from typing import Any

from cyclopts import App
from rich.console import Console
from rich.text import Text

from spalje.cli.model_promote import announce
from spalje.cli.options import Common, person, split_id
from spalje.cli.output import coloured, console, print_json, table
from spalje.registry.approval import decide, verify
from spalje.registry.version import ModelVersion, VersionStatus
from spalje.workspace import Workspace, now

app = App(name="model", help="Model versions: list, show, approve, reject, compare.")

app.command("spalje.cli.model_promote:promote", name="promote")


@app.command(name="list")
def list_(project: str, *, common: Common = Common()) -> None:
    """All versions of a project's model, newest first.

    Args:
        project: the project.
    """
    workspace = common.open()
    workspace.metadata.projects.get(project)
    versions = workspace.metadata.versions.list(project)
    if common.json:
        print_json(versions)
        return
    serving = workspace.metadata.versions.latest_approved(project)
    rows = [
        (
            v.id,
            coloured(v.status),
            "serves" if serving and v.number == serving.number else "",
            v.content.commit[:10],
            v.content.author,
            f"{v.created_at:%Y-%m-%d %H:%M}",
            v.history[-1].reason,
        )
        for v in versions
    ]
    console().print(
        table(("version", "status", "", "commit", "author", "registered (UTC)", "last word"), rows)
    )


@app.command
def show(version: str, *, common: Common = Common()) -> None:
    """Everything a version was made of, how it scored, and its history.

    Args:
        version: PROJECT/NUMBER.
    """
    workspace = common.open()
    found = workspace.metadata.versions.get(*split_id(version, "model version"))
    verify(found)
    steps = workspace.metadata.steps.all(found.content.run)
    attributions = _attributions(workspace, found)
    compared = _comparison(workspace, found)
    if common.json:
        print_json(
            {
                "version": found,
                "attributions": attributions,
                "comparison": compared,
                "serving": workspace.metadata.versions.latest_approved(found.content.project),
                "steps": list(steps.values()),
            }
        )
        return
    out, content = console(), found.content
    out.print(Text.assemble((found.id, "bold"), " ", coloured(found.status)))
    facts = {
        "made by": f"{content.run}  (spalje run show {content.run})",
        "commit": f"{content.commit} by {content.author}",
        "repository": content.repository,
        "environment": content.environment[:16],
        "cost": f"{content.cost:.4f} {workspace.settings.currency}",
        "manifest": content.manifest_digest,
        "model": content.model,
        "evaluation": content.evaluation,
        **{f"data: {name}": digest for name, digest in content.data.items()},
        **{f"baseline: {name}": digest for name, digest in content.baselines.items()},
    }
    for name, value in facts.items():
        out.print(Text.assemble((f"  {name:26}", "dim"), str(value)), soft_wrap=True)
    out.print(table(("metric", "value"), sorted(content.metrics.items()), title="\nEvaluation"))
    if compared is not None:
        _show_comparison(out, compared)
    if attributions:
        total = sum(attributions.values()) or 1.0
        rows = [
            (name, value, f"{value / total:.1%}", "█" * round(30 * value / max(attributions.values())))
            for name, value in list(attributions.items())[:12]
        ]
        out.print(
            table(("feature", "mean |φ|", "share", ""), rows, title="\nFeature attributions (target's unit)")
        )
    history = [
        (entry.number, coloured(entry.status), entry.who, f"{entry.at:%Y-%m-%d %H:%M}", entry.reason)
        for entry in found.history
    ]
    out.print(
        table(("", "status", "who", "when (UTC)", "why"), history, title="\nHistory (hash chain verified)")
    )


@app.command
def approve(
    version: str,
    *,
    reason: str,
    by: str | None = None,
    tell_airflow: bool = True,
    common: Common = Common(),
) -> None:
    """Approve a version: from then on batches are predicted with it.

    Args:
        version: PROJECT/NUMBER.
        reason: why, for the record.
        by: who approves; default: SPALJE_USER or the operating system's user.
        tell_airflow: tell the Airflow of the settings, if there is one; not when it is Airflow that asks.
    """
    _decide(version, VersionStatus.APPROVED, reason, by, common, airflow=tell_airflow)


@app.command
def reject(version: str, *, reason: str, by: str | None = None, common: Common = Common()) -> None:
    """Reject a version, or take an approved one back: the version approved before it serves again.

    Args:
        version: PROJECT/NUMBER.
        reason: why, for the record.
        by: who rejects; default: SPALJE_USER or the operating system's user.
    """
    _decide(version, VersionStatus.REJECTED, reason, by, common)


def _decide(
    version: str,
    wanted: VersionStatus,
    reason: str,
    by: str | None,
    common: Common,
    *,
    airflow: bool = False,
) -> None:
    workspace = common.open()
    project, number = split_id(version, "model version")
    found = workspace.metadata.versions.get(project, number)
    verify(found)
    approval = decide(
        found, wanted, person(by), reason, now(), project=workspace.metadata.projects.get(project)
    )
    workspace.metadata.versions.decide(project, number, found, approval)
    after = workspace.metadata.versions.get(project, number)
    told = announce(workspace, after, approval.who, airflow=airflow)
    if common.json:
        print_json(after)
        return
    serving = workspace.metadata.versions.latest_approved(project)
    compared = _comparison(workspace, after)
    if wanted is VersionStatus.APPROVED and compared is not None and compared["outcome"] == "worse":
        console().print(Text(f"Mind: {compared['summary']}", style="yellow"))
    console().print(
        Text.assemble(
            (after.id, "bold"), " is ", coloured(after.status), f" by {approval.who}: {approval.reason}"
        )
    )
    console().print(
        f"Batches are predicted with {serving.id} now."
        if serving
        else "No version is approved now: inference is refused."
    )
    for sentence in told:
        console().print(sentence)


@app.command
def compare(version: str, other: str, *, common: Common = Common()) -> None:
    """Two versions side by side: metrics, data, code, attributions.

    Args:
        version: PROJECT/NUMBER.
        other: PROJECT/NUMBER, or only the NUMBER of the same project.
    """
    workspace = common.open()
    one = workspace.metadata.versions.get(*split_id(version, "model version"))
    two = workspace.metadata.versions.get(
        *split_id(other if "/" in other else f"{one.content.project}/{other}", "model version")
    )
    metrics = comparison(one, two)
    same = {
        "commit": one.content.commit == two.content.commit,
        "data": one.content.data == two.content.data,
        "environment": one.content.environment == two.content.environment,
        "model": one.content.model == two.content.model,
    }
    if common.json:
        print_json({"versions": [one.id, two.id], "metrics": metrics, "same": same})
        return
    out = console()
    rows = [(name, a, b, _change(a, b)) for name, (a, b) in metrics.items()]
    out.print(table(("metric", one.id, two.id, "change"), rows))
    for name, equal in same.items():
        out.print(Text.assemble((f"  {name:14}", "dim"), "the same" if equal else "different"))


def comparison(one: ModelVersion, two: ModelVersion) -> dict[str, tuple[float | None, float | None]]:
    """Metric -> its values in both versions, None where a version lacks it."""
    names = sorted({*one.content.metrics, *two.content.metrics})
    return {name: (one.content.metrics.get(name), two.content.metrics.get(name)) for name in names}


def _comparison(workspace: Workspace, version: ModelVersion) -> dict[str, Any] | None:
    """What its build found when it held the version against the one that served; None when it did not."""
    for state in workspace.metadata.steps.all(version.content.run).values():
        if state.kind == "compare" and "report" in state.outputs:
            path = workspace.artifacts.open(state.outputs["report"]) / "comparison.json"
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
    return None


def _show_comparison(out: Console, compared: Mapping[str, Any]) -> None:
    """The version beside the one that served when it was built."""
    out.print(Text("\nBeside the version that served when it was built", style="italic"), justify="center")
    out.print(coloured(compared["outcome"]), Text(compared["summary"]))
    rows = [
        (name, champion, challenger, _change(champion, challenger))
        for name, (champion, challenger) in compared.get("metrics", {}).items()
    ]
    if rows:
        out.print(table(("metric, on the same rows", "serving", "this version", "change"), rows))


def _attributions(workspace: Workspace, version: ModelVersion) -> dict[str, float]:
    """Feature -> global attribution of the version's baseline, largest first."""
    digest = version.content.own_baselines.get("attribution")
    if digest is None:
        return {}
    analysis = json.loads((workspace.artifacts.open(digest) / "analysis.json").read_text(encoding="utf-8"))
    (label, *_) = analysis["explanations"]["kernel_shap"].values()
    return dict(sorted(label["global_shap_values"].items(), key=lambda pair: -abs(pair[1])))


def _change(a: float | None, b: float | None) -> str:
    return "" if not a or b is None else f"{(b - a) / abs(a):+.1%}"
