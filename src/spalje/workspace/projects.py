"""What a workspace does about projects: hosts, templates, creation, deletion and updates put together."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property, partial
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from spalje.errors import NotFound
from spalje.execution.lease import Heartbeat
from spalje.project import git
from spalje.project.mirror import Mirrors
from spalje.registry.project import Project
from spalje.settings import EMBEDDED, Settings
from spalje.storage.metadata import Metadata

if TYPE_CHECKING:
    from spalje.project.creation.creation import Created
    from spalje.project.creation.deletion import Deletion
    from spalje.project.creation.undertaking import Told
    from spalje.project.git_hosts.embedded import Order
    from spalje.project.git_hosts.port import GitHost, Remote
    from spalje.project.hook import Role
    from spalje.project.template.catalog import Catalog
    from spalje.project.template.snapshot import Snapshots
    from spalje.project.template.template import Template
    from spalje.project.update.update import Place, Render, Updater


@dataclass(frozen=True)
class Projects:
    """Makes projects, renews and undoes them, and reaches their repositories.

    Attributes:
        folder: the workspace.
        settings: what it was told.
        metadata: where projects are recorded.
        heartbeat: holds leases for this process.
        clock: gives the time, UTC.
    """

    folder: Path
    settings: Settings
    metadata: Metadata
    heartbeat: Heartbeat
    clock: Callable[[], datetime]

    @cached_property
    def mirrors(self) -> Mirrors:
        """Repositories of other machines, here."""
        return Mirrors(self.folder / "git" / ".mirrors", self.remote)

    def host(self, name: str, order: "Order | None" = None) -> "GitHost":
        """A Git host.

        Args:
            name: what the settings call it; ``embedded``: the one in the workspace.
            order: starts the embedded one's CI for an approval; None: it cannot be started.

        Raises:
            NotFound: the settings have no such host.
        """
        from spalje.project.git_hosts.open import open_host
        from spalje.project.hook import HookSpec

        if name != EMBEDDED and name not in self.settings.git_hosts:
            raise NotFound(
                "Git host",
                name,
                [EMBEDDED, *self.settings.git_hosts],
                do="Describe it in settings.toml; see docs/git-hosts.md.",
            )
        return open_host(
            name,
            self.settings.git_hosts.get(name),
            folder=self.folder / "git",
            hook=HookSpec.of(sys.executable, self.folder),
            environ=os.environ,
            order=order,
        )

    def remote(self, repository: str) -> "Remote":
        """How Git reaches the repository of a project, by its address."""
        from spalje.project.creation.repository_steps import repository_name

        for project in self.metadata.projects.all():
            if repository in {project.build_repository, project.deploy_repository}:
                role: Role = "build" if repository == project.build_repository else "deploy"
                return self.host(project.host).remote(repository_name(project.name, role))
        raise NotFound("project with the repository", repository)

    @cached_property
    def catalog(self) -> "Catalog":
        """The templates that projects can be created from."""
        from spalje.project.template.catalog import Catalog

        def credentials(source: str) -> Mapping[str, str]:
            for name, host in self.settings.git_hosts.items():
                if source.startswith(f"{host.address.rstrip('/')}/"):
                    return self.host(name).remote("template").environ
            return {}

        return Catalog(
            self.folder / "catalog.toml", self.folder / "git" / ".catalog", self.settings.teams, credentials
        )

    @cached_property
    def snapshots(self) -> "Snapshots":
        """The versions of templates that were ever used."""
        from spalje.project.template.snapshot import Snapshots

        return Snapshots(self.folder / "git" / ".templates.git", self.folder / "sources" / "templates")

    def create(
        self, wanted: Project, author: str, into: Path | None = None, tell: "Told | None" = None
    ) -> "Created":
        """Create a project from its template, or go on with a creation that was interrupted.

        Args:
            wanted: as wanted: its host, template, answers, people; the template's version where it is not to be the
                newest. The rest is filled in.
            author: who the first commits are by, "Name <mail>".
            into: a folder to clone both repositories into.
            tell: told how far it has come.

        Raises:
            SpaljeError: see ``spalje.project.creation.creation.Creation.create``.
        """
        from spalje.project.creation.creation import Creation
        from spalje.project.creation.undertaking import quiet

        creation = Creation(
            metadata=self.metadata,
            host=self.host(wanted.host),
            settings=self.settings.git_hosts.get(wanted.host),
            template=partial(self._template, wanted.template, person=wanted.created_by),
            keep=self.snapshots.keep,
            alone=self.heartbeat.hold,
            environ=os.environ,
            clock=self.clock,
            new_mark=lambda: token_hex(8),
        )
        return creation.create(wanted, git.Author.parse(author), into, tell or quiet)

    @cached_property
    def deletion(self) -> "Deletion":
        """Deletes projects."""
        from spalje.project.creation.deletion import Deletion

        return Deletion(
            metadata=self.metadata,
            hosts=self.host,
            alone=self.heartbeat.hold,
            logs=(self.folder / "runs", self.folder / "ci"),
            clock=self.clock,
        )

    def template(self, name: str, version: str | None = None) -> "Template":
        """A version of a template, kept from now on.

        Args:
            name: as in the catalog.
            version: which; None: the newest.

        Raises:
            NotFound: there is no such template or version.
            BadInput: it cannot be read.
        """
        return self.snapshots.keep(self._template(name, version))

    def _template(self, name: str, version: str | None, person: str | None = None) -> "Template":
        """A version of a template: as it was kept, else as the catalog offers it, to a person where one is named."""
        offered = self.catalog.find(name, person)
        if version is not None and version in self.snapshots.versions(name):
            return self.snapshots.get(name, version, trusted=offered.trusted)
        if version not in (None, offered.version):
            offered = self.catalog.find(name, person, version)
        return self.snapshots.look(offered)

    def template_versions(self, name: str) -> tuple[str, ...]:
        """The versions of a template up to the newest on offer, oldest first, also those that are only in use.

        Raises:
            NotFound: there is no such template.
            BadInput: it cannot be read.
        """
        from spalje.project.template.card import in_order

        offered = self.catalog.versions(name)
        known = sorted({*offered, *self.snapshots.versions(name)}, key=in_order)
        return tuple(version for version in known if in_order(version) <= in_order(offered[-1]))

    def place(self, project: Project, role: "Role") -> "Place":
        """One of a project's repositories: on its host, and here with all its branches as they are now.

        Raises:
            NotFound, HostFailed, BadInput: the host is not known, could not be reached, or refused.
        """
        from spalje.project.creation.repository_steps import repository_name
        from spalje.project.update.update import Place

        url = project.build_repository if role == "build" else project.deploy_repository
        bare = self.mirrors.local(url, git.BRANCH)
        return Place(self.host(project.host), repository_name(project.name, role), bare)

    def updater(
        self,
        author: str,
        *,
        dry: bool = False,
        render: "Render | None" = None,
        queue: "Callable[[str, Role, str, str], None] | None" = None,
    ) -> "Updater":
        """Brings newer templates to projects.

        Args:
            author: who the commits are by, "Name <mail>".
            dry: push nothing and propose nothing.
            render: renders; None: one rendering after the other.
            queue: see ``spalje.project.update.update.Updater``.

        Raises:
            UsageError: the author is no person.
        """
        from spalje.project.template.rendering import rendered
        from spalje.project.update.update import Updater

        return Updater(
            cache(self.template),
            self.place,
            render or partial(rendered, recorded=True),
            git.Author.parse(author),
            dry=dry,
            queue=queue,
        )
