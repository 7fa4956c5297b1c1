"""Processes of this machine, by their numbers."""

from __future__ import annotations


def is_alive(pid: int, *, same_user: bool = False) -> bool:
    """Return whether a process has this number; with ``same_user`` only if it is one of this user's.

    psutil is imported at the first call, since most starts ask for no process.
    """
    import psutil  # noqa: PLC0415 - see above

    if not 0 < pid < 2**31 or not psutil.pid_exists(pid):
        return False
    try:
        return not same_user or psutil.Process(pid).username() == psutil.Process().username()
    except psutil.Error:  # it has ended meanwhile, or the system tells nothing of another user's
        return False
