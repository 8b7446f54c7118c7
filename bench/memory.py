"""The most memory that a whole tree of processes holds at one time, in bytes (Linux)."""

import os
import subprocess
import time

PAUSE = 0.004


def peak(words, environment):
    """Runs the command; shared pages are counted once (PSS). `None` where there is no /proc."""
    if not os.path.exists("/proc/self/smaps_rollup"):
        return None
    child = subprocess.Popen(words, env=environment)
    most = 0
    while child.poll() is None:
        most = max(most, sum(shares(tree(child.pid))))
        time.sleep(PAUSE)
    return most


def tree(pid):
    found, position = [pid], 0
    while position < len(found):
        for task in listed(f"/proc/{found[position]}/task"):
            found += map(int, read(f"/proc/{found[position]}/task/{task}/children").split())
        position += 1
    return found


def shares(pids):
    """The share of each; of a process that is about to start a program (vfork), and still is its parent's twin, only one."""
    for text in {read(f"/proc/{pid}/smaps_rollup") for pid in pids}:
        for line in text.splitlines():
            if line.startswith("Pss:"):
                yield int(line.split()[1]) * 1024


def listed(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        # The process has ended.
        return ""
