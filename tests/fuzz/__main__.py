"""``python -m tests.fuzz --seconds N [TARGET…]``: all targets share the seconds. Exit 1 on a bug.

With atheris where it is installed (``--engine atheris``, libFuzzer in a process per target), else
with ``mutator``. An input that breaks a target is kept in ``.fuzz/`` and can be run again:
``python -m tests.fuzz --run FILE TARGET``.
"""

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

KEPT = Path(".fuzz")
ATHERIS = importlib.util.find_spec("atheris") is not None


def main() -> int:
    """Parse the arguments and do what they say."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all")
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--engine", choices=["atheris", "mutator"])
    parser.add_argument("--seed", type=int, default=0, help="the mutator's (default 0)")
    parser.add_argument("--run", type=Path, metavar="FILE", help="run one input and stop")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)  # see run_atheris
    arguments = parser.parse_args()
    if arguments.child:
        return run_atheris(arguments.targets[0], arguments.child, arguments.seconds)

    from tests.fuzz.finding import seeds, targets

    known = targets()
    for name in arguments.targets:
        if name not in known:
            parser.error(f"no target {name!r}; there are {', '.join(known)}")
    chosen = arguments.targets or list(known)
    if arguments.run:
        for name in chosen:
            known[name](arguments.run.read_bytes())
        return 0
    engine = arguments.engine or ("atheris" if ATHERIS else "mutator")
    share = arguments.seconds / len(chosen)
    broken = []
    for name in chosen:
        print(f"fuzz {name}: {share:.0f} s with {engine}", flush=True)
        corpus = seeds(name, known[name])
        if engine == "atheris":
            held = start_atheris(name, corpus, share)
        else:
            held = run_mutator(name, corpus, share, arguments.seed)
        if not held:
            broken.append(name)
    if broken:
        print(f"broken: {', '.join(broken)}; inputs in {KEPT}/", file=sys.stderr)
    return 1 if broken else 0


def run_mutator(name: str, corpus: list[bytes], seconds: float, seed: int) -> bool:
    """Fuzz in this process; False: the target broke, and the input is kept."""
    from tests.fuzz.finding import targets
    from tests.fuzz.mutator import fuzz

    try:
        runs, news = fuzz(targets()[name], corpus, seconds, seed)
    except Exception as error:  # noqa: BLE001 - whatever a target raises is the find
        traceback.print_exc()
        KEPT.mkdir(exist_ok=True)
        data = bytes.fromhex(error.__notes__[-1].removeprefix("input: "))
        (KEPT / f"{name}-broken").write_bytes(data)
        return False
    print(f"  {runs} inputs, {news} reached new lines", flush=True)
    return True


def start_atheris(name: str, corpus: list[bytes], seconds: float) -> bool:
    """Fuzz in a process of its own: atheris never returns. False as for ``run_mutator``."""
    with tempfile.TemporaryDirectory() as folder:
        grown, broken = Path(folder, "corpus"), Path(folder, "broken")
        grown.mkdir()
        broken.mkdir()
        for number, data in enumerate(corpus):
            (grown / f"seed-{number}").write_bytes(data)
        child = [sys.executable, "-m", "tests.fuzz", "--child", folder, "--seconds", str(seconds)]
        finished = subprocess.run(
            [*child, name], check=False, capture_output=True, text=True, errors="replace"
        )
        for path in broken.iterdir():
            KEPT.mkdir(exist_ok=True)
            shutil.move(path, KEPT / f"{name}-{path.name}")
    figures = dict(re.findall(r"stat::(\w+): *(\d+)", finished.stderr))
    if finished.returncode == 0 and figures:
        print(f"  {figures['number_of_executed_units']} inputs, ", end="")
        print(f"{figures['new_units_added']} reached something new", flush=True)
        return True
    print(finished.stdout, finished.stderr, file=sys.stderr)
    return False


def run_atheris(name: str, folder: Path, seconds: float) -> int:
    """The child: instrument the package while it is imported, then hand over to libFuzzer."""
    import atheris

    with atheris.instrument_imports(include=["wsinspect"]):
        from tests.fuzz.finding import targets

        target = targets()[name]
    options = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-artifact_prefix={folder}/broken/",
        "-timeout=20",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"{folder}/corpus"], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
