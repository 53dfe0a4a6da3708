"""Runs a command and prints what it cost: wall seconds, CPU seconds, peak KiB.

Python alone: ``python -S -E bench/launch.py COMMAND ...``. A process of its own that imports next
to nothing, because Linux counts the memory of whoever starts a program as the program's.
"""

import os
import sys
import time

if __name__ == "__main__":
    began = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    print(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
    sys.exit(os.waitstatus_to_exitcode(status) != 0)
