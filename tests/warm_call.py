"""Has `tests/warm.py` run a command with this process's folder, environment and streams, and ends as it ended.

    python -I -S warm_call.py SOCKET [arguments of arb...]

It imports little, or nothing would be gained.
"""

import json
import os
import signal
import socket
import sys

if __name__ == "__main__":
    tell = os.environ.pop("WARM_TELL", "")
    with socket.socket(socket.AF_UNIX) as warm:
        warm.connect(sys.argv[1])
        asked = {"arguments": sys.argv[2:], "cwd": os.getcwd(), "env": dict(os.environ), "leads": bool(tell)}  # noqa: PTH109 - imports little
        socket.send_fds(warm, [b" "], [0, 1, 2])
        warm.sendall(json.dumps(asked).encode() + b"\n")
        with warm.makefile() as told:
            pid = int(told.readline())
            if tell:
                os.write(int(tell), b"%d" % pid)
                os.close(int(tell))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, lambda one, _: os.kill(pid, one))
            code = int(told.readline() or -signal.SIGKILL)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
