"""The tables in Markdown."""

import os
import platform
import subprocess

import rounds

NAMES = ("slsa-pip", "pip", "uv")


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
    ours, pip, uv = (results[name] for name in NAMES)
    times = [seconds(one.median()) for one in (ours, pip, uv)]
    ratios = [f"{rounds.ratio(ours, one):.2f}" for one in (pip, uv)]
    cpu = [f"{rounds.cpu_ratio(ours, one):.2f}" for one in (pip, uv)]
    return [str(count), state, *times, *ratios, *cpu]


def whole(lines):
    head = ["wheels", "state", "slsa-pip s", "pip s", "uv s", "÷ pip", "÷ uv", "CPU ÷ pip", "CPU ÷ uv"]
    return markdown(head, lines)


OURS = ("interpreter", "resolve", "files", "verify", "hand-off")
UV = ("resolved", "prepared", "installed")


def stages(count, state, results):
    """By the programs' own words; what they do side by side is in more than one of them."""
    ours, uv = results["slsa-pip"], results["uv"]
    fetched = rounds.stage_ratio(ours, ("resolve", "files"), uv, ("resolved", "prepared")) if state == "cold" else None
    line = [str(count), state, *(seconds(ours.stage(name)) for name in OURS), *(seconds(uv.stage(name)) for name in UV)]
    return line + [seconds(fetched)]


def stage_table(lines):
    head = ["wheels", "state", *OURS, *(f"uv {name}" for name in UV), "resolve + files ÷ uv resolved + prepared"]
    return markdown(head, lines)


def others(count, results):
    """Who is measured beside the three."""
    return [[str(count), name, seconds(one.median())] for name, one in results.items() if name in ("uv compiling", "pip download")]


def other_table(lines):
    return markdown(["wheels", "cold", "s"], lines)


def memory_table(peaks):
    lines = []
    for count, found in peaks:
        line = [str(count)]
        for kind in ("tree", "largest"):
            line += [f"{found[kind][name] / 1e6:.0f}" if found[kind][name] else "–" for name in NAMES]
        asked = ", ".join(f"{number} {kind}" for kind, number in (found["requests"] or {}).items())
        lines.append([*line, asked or "–"])
    head = ["wheels", *(f"{name} MB" for name in NAMES), *(f"{name}, largest process" for name in NAMES)]
    return markdown([*head, "requests of a cold slsa-pip"], lines)


def markdown(head, lines):
    if not lines:
        return ""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
