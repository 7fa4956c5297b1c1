"""Where a fault of our own happened, in words that may stand in a log: kind and place, never what it says."""

from __future__ import annotations

import traceback
from pathlib import Path


def fault_location(fault: BaseException) -> str:
    """Kind and place of a fault, for a log line: never its text, which may hold a part of a request."""
    while isinstance(fault, BaseExceptionGroup) and len(fault.exceptions) == 1:
        fault = fault.exceptions[0]
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if "proxy_core" in Path(frame.filename).parts] or frames
    if not ours:
        return type(fault).__name__
    path = Path(ours[-1].filename)
    return f"{type(fault).__name__} at {path.parent.name}/{path.name}:{ours[-1].lineno}"
