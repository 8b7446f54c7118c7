"""Measures installs and prints tables in Markdown. Started by `bench/run`, which brings the programs."""

import argparse
import pathlib
import subprocess
import sys

import contestants as who
import growth
import memory
import places
import rounds
import table

STATES = ("cold", "warm", "no-op")


def main():
    options = arguments()
    folder = pathlib.Path(options.dir).resolve()
    for name in ("slsa_pip", "uv", "world", "hyperfine"):
        setattr(options, name, str(pathlib.Path(getattr(options, name)).resolve()))
    who.Uv.program, who.Ours.program = options.uv, options.slsa_pip
    print(table.machine(options))
    if options.growth:
        world = places.World(options.world, "growth", 0)
        try:
            print(growth.table(world, options, folder))
        finally:
            world.close()
        return
    template = who.template(folder, options.python)
    for name in options.places.split(","):
        place = places.Configured(options.trusted_root) if name == "configured" else places.World(options.world, "lifelike", int(name))
        try:
            measure(place, template, folder, options)
        finally:
            place.close()


def measure(place, template, folder, options):
    print(f"\n## {place.title[0].upper()}{place.title[1:]}\n")
    lines, stages, others, peaks = [], [], [], []
    for count in map(int, options.wheels.split(",")):
        requirement = place.sets[count]
        base = folder / place.key / str(count)
        who.forget(base)
        make = lambda kind, name: kind(name, base, place, template)
        three = [make(who.Ours, "slsa-pip"), make(who.Pip, "pip"), make(who.Uv, "uv")]
        more = [make(who.UvCompiling, "uv compiling"), make(who.PipDownload, "pip download")]
        ours = three[0]
        if place.key == "configured":
            exempt = ours.exempt_what_is_refused(requirement)
            print(f"{exempt} of the {count} wheels of `{requirement}` have no provenance that can be reached; they pass by exemption.\n")
        largest = {}
        for state in options.states.split(","):
            everybody = three + (more if count > 5 and state == "cold" else [])
            results = rounds.run(options.hyperfine, everybody, requirement, state, options.rounds, str(folder / "round.json"))
            lines.append(table.line(count, state, results))
            stages.append(table.stages(count, state, results))
            others += table.others(count, results)
            if state == "cold":
                largest = {one.name: max(results[one.name].memory) for one in three}
            print(f"{place.title}: {count} {state} done", file=sys.stderr)
        if options.memory and largest:
            trees = {one.name: tree(one, requirement) for one in three}
            peaks.append((count, {"tree": trees, "largest": largest, "requests": requests(ours, requirement, place)}))
        who.forget(base)
    for text in (table.whole(lines), table.stage_table(stages), table.other_table(others), table.memory_table(peaks)):
        print(text, flush=True)


def tree(contestant, requirement):
    subprocess.run([contestant.prepare_script("cold")], check=True, env=contestant.place.environment)
    return memory.peak([contestant.run_script(requirement)], contestant.place.environment)


def requests(contestant, requirement, place):
    place.counts()
    contestant.once(requirement, "cold")
    return place.counts()


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    for name in ("--dir", "--python", "--hyperfine", "--uv", "--slsa-pip", "--world"):
        parser.add_argument(name, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is run (default: 5)")
    parser.add_argument("--wheels", default="1,5,59", help="sizes of the sets (default: 1,5,59)")
    parser.add_argument("--states", default=",".join(STATES), help="default: cold,warm,no-op")
    parser.add_argument("--places", default="0,30,configured", help="milliseconds of latency of the test world, or `configured` (default: 0,30,configured)")
    parser.add_argument("--trusted-root", help="for the configured index, where the trusted root cannot be refreshed")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True, help="measure peak memory as well")
    parser.add_argument("--growth", action="store_true", help="instead: time and memory for 10, 100 and 500 packages")
    return parser.parse_args()


if __name__ == "__main__":
    main()
