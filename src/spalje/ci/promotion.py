"""Approvals out: the deploy repository's CI hears of every decision about a version."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from spalje.errors import Refused
from spalje.project.git import BRANCH
from spalje.project.git_hosts.embedded import Order
from spalje.project.git_hosts.port import GitHost
from spalje.registry.ci_job import Job, NewJob
from spalje.registry.project import Project
from spalje.registry.version import ModelVersion, VersionStatus


@dataclass(frozen=True, slots=True)
class Promotion:
    """Starts the CI of deploy repositories, the way of each host.

    Attributes:
        host: opens a Git host by its name; the second is what the embedded one starts.
        tip: the last commit of a branch of a repository in the workspace: (repository, branch) -> hash.
        queue: queues jobs of the workspace's own CI.
    """

    host: Callable[[str, Order], GitHost]
    tip: Callable[[str, str], str]
    queue: Callable[[Iterable[NewJob]], tuple[Job, ...]]

    def promote(self, project: Project, version: ModelVersion, by: str) -> str:
        """Start the CI of the project's deploy repository because of what was decided about a version.

        It changes nothing in the registry, and may be repeated.

        Args:
            project: whose version it is.
            version: as it stands now.
            by: who asks.

        Returns:
            What was started, for a person.

        Raises:
            Refused: nobody has decided about the version yet.
            HostFailed, BadInput: the host could not be reached, or refused; the decision stands.
        """
        if version.status is VersionStatus.PENDING:
            raise Refused(
                f"{version.id} is pending: nobody has decided about it.",
                do=f'Decide: spalje model approve {version.id} --reason "…"',
            )

        def order(_: str, branch: str, __: Mapping[str, str]) -> str:
            commit = self.tip(project.deploy_repository, branch)
            (job,) = self.queue([NewJob(project.name, "deploy", "promotion", branch, commit, by)])
            return f"job {job.sequence} (spalje ci watch {job.sequence})"

        variables = {"SPALJE_MODEL_VERSION": version.id, "SPALJE_STATUS": version.status.value}
        host = self.host(project.host, order)
        return host.trigger(short_name(project.deploy_repository), BRANCH, variables)


def short_name(repository: str) -> str:
    """What a repository is called on its host.

    Example:
        >>> short_name("https://git.example.org/grocer/fresh-deploy.git"), short_name("/srv/git/fresh-deploy.git")
        ('fresh-deploy', 'fresh-deploy')
    """
    return urlsplit(repository).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
