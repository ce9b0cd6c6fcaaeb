"""Which double is which host's, and the settings that lead to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from git_host_doubles.bitbucket_cloud import BitbucketCloudRoutes
from git_host_doubles.bitbucket_data_center import BitbucketDataCenterRoutes
from git_host_doubles.description import description
from git_host_doubles.double import OWNER, SECRET, TOKEN, USER, Double, serving
from git_host_doubles.gitea import GiteaRoutes
from git_host_doubles.github import GitHubRoutes
from git_host_doubles.gitlab import GitLabRoutes
from spalje.settings import GitHostSettings

ROUTES = {
    "bitbucket-cloud": BitbucketCloudRoutes,
    "bitbucket-data-center": BitbucketDataCenterRoutes,
    "gitea": GiteaRoutes,
    "github": GitHubRoutes,
    "gitlab": GitLabRoutes,
}
#: What the settings name.
ENVIRON = {"HOST_TOKEN": TOKEN, "HOST_USER": USER, "HOOK_SECRET": SECRET}


@contextmanager
def double_of(kind: str) -> Iterator[Double]:
    with serving(kind, ROUTES[kind], description(kind)) as double:
        yield double


def settings_for(double: Double, **changes: object) -> GitHostSettings:
    cloud = {"user_env": "HOST_USER", "project": "RETAIL"} if double.kind == "bitbucket-cloud" else {}
    said = {
        "kind": double.kind,
        "url": double.address,
        "owner": OWNER.upper() if double.kind == "bitbucket-data-center" else OWNER,
        "token_env": "HOST_TOKEN",
        "webhook_url": "https://spalje.example.org",
        "webhook_secret_env": "HOOK_SECRET",
        **cloud,
        **changes,
    }
    return GitHostSettings.model_validate(said)
