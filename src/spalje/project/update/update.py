"""Bringing a newer template to the repositories of a project: a branch and a pull request each."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spalje.errors import BadInput, NotFound, Refused, SpaljeError, UsageError
from spalje.project import git
from spalje.project.git import BRANCH, Author
from spalje.project.git_hosts.embedded import QUEUED
from spalje.project.git_hosts.port import GitHost
from spalje.project.hook import Role
from spalje.project.template.card import in_order
from spalje.project.template.question import OURS, check_answers
from spalje.project.template.rendering import ANSWERS
from spalje.project.template.template import Template
from spalje.project.update.branch import UpdateBranch, UpdateMark, look
from spalje.project.update.merge import merge
from spalje.project.update.recorded_answers import RecordedAnswers, read_recorded_answers
from spalje.project.update.repository_update import Outcome, RepositoryUpdate
from spalje.project.update.scratch import Scratch
from spalje.project.update.text import UpdateText
from spalje.registry.project import Project
from spalje.settings import EMBEDDED

#: Renders a template for a project's repository with recorded answers into a folder; the answers that were used.
Render = Callable[[Template, str, Role, Mapping[str, Any], Path], dict[str, Any]]


#: What no answer is.
_NEVER = object()


@dataclass(frozen=True, slots=True)
class Place:
    """A repository on its host.

    Attributes:
        host: the host.
        name: what the repository is called there.
        bare: a bare repository here with all its branches as they are now.
    """

    host: GitHost
    name: str
    bare: Path


@dataclass(frozen=True, slots=True)
class Updater:
    """Updates repositories.

    Attributes:
        version: a version of a template by its name and version, as it was used.
        place: finds a project's repository.
        render: renders.
        author: who the commits are by.
        dry: whether nothing is pushed and nothing proposed.
        queue: queues what a push to the embedded host asks for (project, repository, branch, commit), in place of the
            repository's hook, which would take a process for each; None: the hook does it.
    """

    version: Callable[[str, str], Template]
    place: Callable[[Project, Role], Place]
    render: Render
    author: Author
    dry: bool = False
    queue: Callable[[str, Role, str, str], None] | None = None

    def update(
        self, project: Project, role: Role, to: Template, given: Mapping[str, Any] | None = None
    ) -> RepositoryUpdate:
        """Update one of a project's repositories; what goes wrong is an outcome.

        Args:
            project: whose.
            role: which.
            to: the version that it shall have: a snapshot.
            given: answers that differ from those recorded, or to new questions.
        """
        was: list[str] = []
        try:
            return self._update(project, role, to, given or {}, was.append)
        except SpaljeError as error:
            return RepositoryUpdate(
                role,
                "failed",
                was[0] if was else None,
                to.version,
                said=str(error),
                do=error.do,
                code=error.exit_code,
            )

    def _update(
        self,
        project: Project,
        role: Role,
        to: Template,
        given: Mapping[str, Any],
        tell_version: Callable[[str], None],
    ) -> RepositoryUpdate:
        place = self.place(project, role)
        main = git.resolve(place.bare, f"refs/heads/{BRANCH}")
        recorded = read_recorded_answers(
            place.bare, main, project=project.name, role=role, template=project.template
        )
        tell_version(recorded.version)
        if in_order(to.version) < in_order(recorded.version):
            said = f"main is at {to.name} {recorded.version}, which is newer than {to.version}."
            do = "Going back is not an update: revert the merge of the newer version."
            return RepositoryUpdate(role, "newer", recorded.version, to.version, said=said, do=do)
        if recorded.version == to.version and not given:
            return RepositoryUpdate(role, "current", recorded.version, to.version)
        branch = look(place.bare, to.version, main)
        standing = self._standing(place, role, branch, main, recorded, to, given)
        if standing is not None:
            return standing
        if branch.state == "ours" and branch.mark:
            given = {**branch.mark.answers, **given}
        with Scratch.over(place.bare) as scratch:
            text = self._work_out(scratch, project, role, main, recorded, to, given, branch.name)
            merged = text.merged
            outcome: Outcome = "would" if merged.changes else "same"
            pull_request = None
            if outcome == "would" and not self.dry:
                secret = {question.name for question in to.questions if question.secret}
                told = {name: value for name, value in given.items() if name not in secret}
                mark = UpdateMark(
                    to.name, recorded.version, to.version, merged.tree, len(merged.conflicts), told
                )
                commit = self._push(scratch, place, branch, main, mark, text)
                if commit is not None and self.queue is not None and place.host.name == EMBEDDED:
                    self.queue(project.name, role, branch.name, commit)
                pull_request = place.host.propose(place.name, branch.name, BRANCH, text.title, text.body)
                outcome = "proposed"
        return RepositoryUpdate(
            role,
            outcome,
            recorded.version,
            to.version,
            len(merged.conflicts),
            merged,
            text.answered,
            text.dropped,
            pull_request,
            self._older(place, branch) if pull_request else "",
        )

    def _work_out(
        self,
        scratch: Scratch,
        project: Project,
        role: Role,
        main: str,
        recorded: RecordedAnswers,
        to: Template,
        given: Mapping[str, Any],
        branch: str,
    ) -> UpdateText:
        """Render both versions, and merge."""
        with tempfile.TemporaryDirectory(prefix="spalje-render-") as aside:
            old, new = Path(aside) / "old", Path(aside) / "new"
            self._render_old(project, role, recorded, to, old)
            used = self.render(to, project.name, role, {**recorded.answers, **check_answers(to, given)}, new)
            merged = merge(
                scratch,
                scratch.tree_of(old),
                scratch.tree(main),
                scratch.tree_of(new),
                was=f"{to.name}-{recorded.version}",
                becomes=f"{to.name}-{to.version}",
                settled=(ANSWERS,),
            )
        answered = {
            name: value
            for name, value in sorted(used.items())
            if name not in OURS and recorded.answers.get(name, _NEVER) != value
        }
        return UpdateText(
            template=to.name,
            owner=to.owner,
            was=recorded.version,
            becomes=to.version,
            changelog=to.changelog,
            branch=branch,
            merged=merged,
            answered=answered,
            dropped=tuple(sorted(recorded.answers.keys() - used.keys())),
        )

    def _render_old(
        self, project: Project, role: Role, recorded: RecordedAnswers, to: Template, folder: Path
    ) -> None:
        """What the repository was made as; what goes wrong with it is the fault of what it has recorded."""
        try:
            before = self.version(project.template, recorded.version)
        except NotFound as error:
            raise BadInput(
                f"main says that it is at {to.name} {recorded.version}, which this workspace does not know: {error}",
                do=f"Offer that version in the catalog again, or correct {ANSWERS}.",
            ) from None
        try:
            self.render(before, project.name, role, recorded.answers, folder)
        except UsageError as error:
            raise BadInput(
                f"{ANSWERS} in main holds what {to.name} {recorded.version} does not allow: {error}",
                do=f"Take back the last good one, commit and push: git log -- {ANSWERS}",
            ) from None

    def _standing(
        self,
        place: Place,
        role: Role,
        branch: UpdateBranch,
        main: str,
        recorded: RecordedAnswers,
        to: Template,
        given: Mapping[str, Any],
    ) -> RepositoryUpdate | None:
        """What there is to say where the branch is there and stays as it is; None: it is to be made (again)."""
        mark = branch.mark
        if branch.state == "foreign":
            people = ", ".join(branch.people[:3])
            raise Refused(
                f"{place.name} has a branch {branch.name} that is not Spaljé's; it is by {people}.",
                do="Rename or delete it; it is left as it is.",
            )
        if mark is None or branch.state == "merged":
            return None
        done = branch.state == "continued"
        same = (branch.parent, mark.was, mark.becomes) == (main, recorded.version, to.version) and not given
        if not done and not same:
            return None
        proposal = next(
            (one for one in place.host.pull_requests(place.name) if one.source == branch.name), None
        )
        if not done and proposal is None:
            return None  # interrupted between the push and the proposal, or closed since
        said = f"{', '.join(branch.people)} has added commits to {branch.name}." if done else ""
        return RepositoryUpdate(
            role,
            "continued" if done else "standing",
            recorded.version,
            to.version,
            0 if done else mark.conflicts,
            pull_request=proposal,
            said=said,
        )

    def _push(
        self,
        scratch: Scratch,
        place: Place,
        branch: UpdateBranch,
        main: str,
        mark: UpdateMark,
        text: UpdateText,
    ) -> str | None:
        """See that the branch is main and one commit; the commit, None: it was so."""
        if branch.state == "ours" and branch.parent == main and branch.mark == mark:
            return None
        commit = scratch.commit(mark.tree, main, message=text.message(str(mark)), author=self.author)
        remote = place.host.remote(place.name)
        quiet = {QUEUED: "1"} if self.queue is not None else {}
        scratch.push(commit, remote.url, branch.name, over=branch.tip, environ={**remote.environ, **quiet})
        return commit

    def _older(self, place: Place, branch: UpdateBranch) -> str:
        """What to say of updates to older versions that are still open."""
        if not branch.others:
            return ""
        open_ = [
            f"#{one.number}" for one in place.host.pull_requests(place.name) if one.source in branch.others
        ]
        return (
            f"{place.name}: this update holds the earlier {', '.join(open_)}, which can be closed."
            if open_
            else ""
        )
