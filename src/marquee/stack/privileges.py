"""Whom the database server runs as: PostgreSQL refuses to run as root.

A plain user runs everything. Root hands the database's folder to `nobody` and starts the server as `nobody`,
by util-linux's `setpriv`. Nothing else on the machine changes: no account is added, no folder opened.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from marquee.domain.errors import ConfigurationError

# Lets `nobody` pass through folders that only root may enter (a checkout in /root). `no_setuid_fixup` keeps
# the capability across the change of user.
_THROUGH_CLOSED_FOLDERS = (
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=+dac_override",
    "--securebits=+no_setuid_fixup",
)
_WITHOUT_CAPABILITIES = ("--inh-caps=-all",)


@dataclass(frozen=True, slots=True)
class Account:
    """A system account, and the words before a command that make it run as that account."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder."""
        if self.prefix:
            os.chown(path, self.uid, self.gid)


def database_account(program: Path, folder: Path) -> Account:
    """The account that the database server runs as.

    Args:
        program: an executable of the server; the account must be able to run it.
        folder: the existing folder that the server's data folder is in; the account must be able to enter it.

    Raises:
        ConfigurationError: this is root, and `setpriv` or the account `nobody` is missing.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    setpriv = _setpriv()
    if setpriv is None:
        raise ConfigurationError(
            "PostgreSQL does not run as root, and `setpriv` is missing to start it as another user.",
            hint="Install util-linux, or start Marquee as a plain user.",
        )
    uid, gid = _nobody()
    drop = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    plain = (*drop, *_WITHOUT_CAPABILITIES)
    if _can_reach(plain, program, folder):
        return Account(uid, gid, plain)
    return Account(uid, gid, (*drop, *_THROUGH_CLOSED_FOLDERS))


def die_with_parent(command: tuple[str, ...], signal_name: str) -> tuple[str, ...]:
    """The command, to be sent a signal by the kernel when the process that starts it dies, however it dies.

    Without `setpriv` (a system other than Linux) the command is returned as it is; what is left running is
    then found and ended by the next start.
    """
    setpriv = _setpriv()
    if setpriv is None:
        return command
    if command[0] == setpriv:  # the signal must be set after the user has changed, which clears it
        return (setpriv, f"--pdeathsig={signal_name}", *command[1:])
    return (setpriv, f"--pdeathsig={signal_name}", *command)


@cache
def _setpriv() -> str | None:
    """Where a `setpriv` that knows `--pdeathsig` is (BusyBox's does not)."""
    path = shutil.which("setpriv")
    if path is None:
        return None
    trial = subprocess.run([path, "--pdeathsig=TERM", "true"], capture_output=True, check=False)
    return path if trial.returncode == 0 else None


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise ConfigurationError(
            "PostgreSQL does not run as root, and this system has no account `nobody` to run it as.",
            hint="Start Marquee as a plain user.",
        ) from error
    return entry.pw_uid, entry.pw_gid


def _can_reach(prefix: tuple[str, ...], program: Path, folder: Path) -> bool:
    """Whether an account can run the program and enter the folder: tried, for modes are not everything."""
    trials = ([str(program), "--version"], ["ls", "-d", f"{folder}/."])
    return all(
        subprocess.run([*prefix, *trial], capture_output=True, cwd="/", check=False).returncode == 0
        for trial in trials
    )
