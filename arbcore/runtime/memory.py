"""Memory of this process, where the system tells it."""

import sys


def peak_rss_mib() -> float | None:
    """Return the largest resident memory so far in MiB, None where the system does not tell."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
