"""Opening a host: from what the settings say of it to what speaks to it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from spalje.project.git_hosts.bitbucket_cloud import BitbucketCloud
from spalje.project.git_hosts.bitbucket_data_center import BitbucketDataCenter
from spalje.project.git_hosts.credential import Credential
from spalje.project.git_hosts.embedded import EmbeddedHost, Order
from spalje.project.git_hosts.gitea import Gitea
from spalje.project.git_hosts.github import GitHub
from spalje.project.git_hosts.gitlab import GitLab
from spalje.project.git_hosts.port import GitHost
from spalje.project.hook import HookSpec
from spalje.settings import GitHostKind, GitHostSettings

_KINDS: Mapping[GitHostKind, Callable[[Credential], GitHost]] = {
    "bitbucket-cloud": BitbucketCloud,
    "bitbucket-data-center": BitbucketDataCenter,
    "github": GitHub,
    "gitlab": GitLab,
    "gitea": Gitea,
}


def open_host(
    name: str,
    settings: GitHostSettings | None,
    *,
    folder: Path,
    hook: HookSpec,
    environ: Mapping[str, str],
    order: Order | None = None,
) -> GitHost:
    """The host. Nothing is asked of it yet, and no token read.

    Args:
        name: what the settings call it.
        settings: what they say; None: it is the embedded one.
        folder: where the embedded one keeps repositories.
        hook: what pushes to the embedded one call.
        environ: the variables in which tokens are.
        order: starts the embedded one's CI for an approval; None: nothing does.
    """
    if settings is None:
        return EmbeddedHost(folder, hook) if order is None else EmbeddedHost(folder, hook, order)
    return _KINDS[settings.kind](Credential(name, settings, environ))
