"""Which variables of this process others may see: users' scripts few, the programs that make environments some."""

import os
from collections.abc import Iterable

#: Variables of ours that a user's process may see. Everything else, secrets above all, stays here.
TO_SCRIPTS = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
)

#: What programs need that fetch packages and images: who we are, and the way through the network.
TO_TOOLS = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "SSH_AUTH_SOCK",
    "NETRC",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)

#: The way through the network.
PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def passed_on(names: Iterable[str], prefixes: tuple[str, ...] = ()) -> dict[str, str]:
    """Those of this process's variables that have one of the names, or begin with one of the prefixes."""
    wanted = set(names)
    return {
        name: value
        for name, value in os.environ.items()
        if name in wanted or (prefixes and name.startswith(prefixes))
    }


def proxies() -> dict[str, str]:
    """This process's proxies, in capitals or not."""
    return {name: value for name, value in os.environ.items() if name.upper() in PROXIES}


def for_scripts() -> dict[str, str]:
    """The variables that a user's process on this machine starts with.

    Threads of OpenMP that wait do not spin, unless this process was told otherwise: on a machine that has other
    work as well, spinning makes a training take twenty times as long.
    """
    return {
        "OMP_WAIT_POLICY": "PASSIVE",
        **passed_on(TO_SCRIPTS),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
