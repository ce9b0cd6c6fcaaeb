"""How the ``git`` program reaches a host: the credentials go in its environment, for one repository alone."""

from urllib.parse import urlsplit

from spalje.project.git_hosts.port import Remote
from spalje.settings import LOOPBACK


def git_access(url: str, authorization: str) -> Remote:
    """A repository with the header that Git shall send there.

    The header belongs to this repository's address only, no redirection is followed, and Git asks nobody else for a
    password: neither a person nor a store of this machine's.

    Args:
        url: the repository's address, without a password.
        authorization: the value of the header.

    Example:
        >>> remote = git_access("https://git.example.org/grocer/fresh-build.git", "Bearer secret")
        >>> remote
        Remote(url='https://git.example.org/grocer/fresh-build.git')
        >>> remote.environ["GIT_CONFIG_KEY_0"]
        'http.https://git.example.org/grocer/fresh-build.git.extraHeader'
    """
    parts = urlsplit(url)
    settings = [
        (f"http.{url}.extraHeader", f"Authorization: {authorization}"),
        (f"http.{url}.followRedirects", "false"),  # else the header would go along, to whomever
        ("credential.helper", ""),
        ("core.askPass", "true"),  # the program of that name: it answers nothing
    ]
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        settings.append(("protocol.http.allow", "always"))
    environ = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return Remote(url, environ)
