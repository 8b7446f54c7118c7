"""The tables in Markdown."""

import os
import platform
import subprocess

import rounds


def machine(options):
    """What was measured with what, in one line each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [f"{os.cpu_count()} processors ({processor()}), {memory:.0f} GB of memory, {platform.system()} {platform.machine()}, load {os.getloadavg()[0]:.1f}"]
    for words in ([options.slsa_pip, "--version"], [options.uv, "--version"], [options.hyperfine, "--version"]):
        lines.append(first_line(words))
    pip = os.path.join(options.dir, "template", "bin", "python")
    if os.path.exists(pip):
        said = first_line([pip, "-m", "pip", "--version"]).split()
        lines.append(" ".join(said[:2]) + ", " + first_line([pip, "--version"]))
    return "; ".join(lines) + f". Medians of {options.rounds} rounds, in each of which everybody runs once."


def first_line(words):
    return subprocess.run(words, capture_output=True, text=True).stdout.splitlines()[0]


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        return names[0] if names else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def seconds(value):
    return "–" if value is None else f"{value:.2f}"


def line(count, state, results):
    ours, pip, uv = (results[name] for name in ("slsa-pip", "pip", "uv"))
    times = [seconds(one.median()) for one in (ours, pip, uv)]
    ratios = [f"{rounds.ratio(ours, one):.2f}" for one in (pip, uv)]
    cpu = [f"{rounds.cpu_ratio(ours, one):.2f}" for one in (pip, uv)]
    return [str(count), state, *times, *ratios, *cpu]


def whole(lines):
    head = ["wheels", "state", "slsa-pip s", "pip s", "uv s", "÷ pip", "÷ uv", "CPU ÷ pip", "CPU ÷ uv"]
    return markdown(head, lines)


def stages(count, state, results):
    """What comes before the installation, and the installation; by the programs' own words."""
    if state == "no-op":
        return []
    ours, uv = results["slsa-pip"], results["uv"]
    lines = []
    own = {}
    for stages_of_run in ours.stages:
        for name, value in stages_of_run.items():
            own.setdefault(name, []).append(value)
    for name, values in own.items():
        lines.append([str(count), state, "slsa-pip", name, seconds(sorted(values)[len(values) // 2])])
    for name in ("resolved", "prepared", "installed"):
        lines.append([str(count), state, "uv", name, seconds(uv.stage(name))])
    for name in ("uv compiling", "pip download"):
        if name in results:
            lines.append([str(count), state, name, "all", seconds(results[name].median())])
    return lines


def stage_table(lines):
    return markdown(["wheels", "state", "program", "stage", "s"], lines)


def memory_table(peaks):
    lines = []
    for count, found in peaks:
        megabytes = [f"{found[name] / 1e6:.0f}" if found[name] else "–" for name in ("slsa-pip", "pip", "uv")]
        asked = ", ".join(f"{number} {kind}" for kind, number in found.get("requests", {}).items())
        lines.append([str(count), *megabytes, asked or "–"])
    return markdown(["wheels", "slsa-pip MB", "pip MB", "uv MB", "requests of a cold slsa-pip"], lines)


def markdown(head, lines):
    if not lines:
        return ""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
