"""Rounds of hyperfine: in each round everybody runs once, so that what else the machine does meets all of them alike."""

import json
import statistics
import subprocess


class Measured:
    """All rounds of one contestant in one case."""

    def __init__(self):
        self.seconds, self.cpu, self.memory, self.stages = [], [], [], []

    def median(self):
        return statistics.median(self.seconds)

    def stage(self, name):
        values = [stages[name] for stages in self.stages if name in stages]
        return statistics.median(values) if values else None


def ratio(ours, theirs):
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(ours.seconds, theirs.seconds))


def cpu_ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours.cpu, theirs.cpu))


def stage_ratio(ours, own, theirs, others):
    """The same of the sums of some stages; `None` where a program does not say."""
    sums = lambda runs, names: [sum(stages.get(name, 0) for name in names) for stages in runs.stages]
    pairs = [(a, b) for a, b in zip(sums(ours, own), sums(theirs, others)) if a and b]
    return statistics.median(a / b for a, b in pairs) if pairs else None


def run(hyperfine, contestants, requirement, state, rounds, export):
    """Measures `state` (`cold`, `warm`, `no-op`) so many times; the results by the contestants' names."""
    for contestant in contestants:
        if state != "cold":
            contestant.once(requirement, "warm")
    results = {contestant.name: Measured() for contestant in contestants}
    for turn in range(rounds):
        # Each begins a round in turn: whoever comes first meets a colder machine.
        order = contestants[turn % len(contestants) :] + contestants[: turn % len(contestants)]
        for contestant in order:
            words = [hyperfine, "--shell=none", "--runs=1", "--style=none", f"--export-json={export}"]
            words += ["--prepare", contestant.prepare_script(state), contestant.run_script(requirement)]
            done = subprocess.run(words, env=contestant.place.environment, capture_output=True, text=True)
            if done.returncode:
                error = (contestant.work / "err").read_text(errors="replace")
                raise SystemExit(f"error: {contestant.name}, {requirement}: {done.stderr}\n{error}")
            with open(export) as file:
                result = json.load(file)["results"][0]
            measured = results[contestant.name]
            measured.seconds.append(result["times"][0])
            measured.cpu.append(result["user"] + result["system"])
            measured.memory.append(max(result["memory_usage_byte"]))
            measured.stages.append(contestant.stages())
    return results
