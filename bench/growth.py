"""How time and memory grow with the number of packages: everything is resolved, downloaded and verified, nothing installed."""

import statistics

import contestants as who
import table as tables


def table(world, options, folder):
    lines = []
    for count, name in sorted(world.sets.items()):
        base = folder / "growth" / str(count)
        who.forget(base)
        ours = DryRun("slsa-pip", base, world, who.template(folder, options.python))
        seconds, memory = zip(*(measured(ours, name) for _ in range(options.rounds)))
        most = max(memory) / 1e6
        lines.append([str(count), f"{statistics.median(seconds):.2f}", f"{statistics.median(seconds) / count * 1000:.1f}", f"{most:.0f}", f"{most / count:.2f}"])
        who.forget(base)
    return tables.markdown(["packages", "s", "ms a package", "peak MB", "MB a package"], lines)


class DryRun(who.Ours):
    def words(self, requirement):
        return super().words(requirement) + ["--dry-run"]


def measured(ours, requirement):
    import resource
    import subprocess
    import time

    subprocess.run([ours.prepare_script("cold")], check=True, env=ours.place.environment)
    script = ours.run_script(requirement)
    begin = time.monotonic()
    child = subprocess.Popen([script], env=ours.place.environment)
    most = 0
    while child.poll() is None:
        most = max(most, high_water(child.pid))
        time.sleep(0.002)
    if child.returncode:
        raise SystemExit((ours.work / "err").read_text(errors="replace"))
    took = time.monotonic() - begin
    return took, most or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def high_water(pid):
    """The most memory that this process, without those that it started, has held."""
    try:
        with open(f"/proc/{pid}/status") as file:
            found = [line.split()[1] for line in file if line.startswith("VmHWM:")]
    except OSError:
        return 0
    return int(found[0]) * 1024 if found else 0
