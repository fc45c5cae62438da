"""python -m tests.torture: 32 annotators work while what they work with is killed again and again.

Ends with 1 when an acknowledged judgement was lost or doubled, or anything else is not as the annotators were told.
"""

import argparse
import random
import signal
import sys

from tests.torture.mutations import MUTATIONS
from tests.torture.ordeal import run
from tests.torture.verdict import SHOWN


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600, help="in all")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--mutation", choices=list(MUTATIONS), help="break the app on purpose")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped then, too
    print(f"seed {given.seed}", flush=True)
    databases = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    good = True
    for database in databases:
        say = lambda line, database=database: print(f"{database}: {line}", flush=True)  # noqa: E731
        verdict = run(database, given.seconds / len(databases), given.seed, say, given.mutation)
        good &= verdict.good
        report(database, verdict)
    print("GOOD" if good else f"BAD (seed {given.seed})", flush=True)
    sys.exit(0 if good else 1)


def report(database, verdict):
    """The counts, and what was wrong with its evidence."""
    print(f"\n{database}")
    for name, number in verdict.counts.items():
        print(f"  {number:>8}  {name}")
    for kind in dict.fromkeys(("lost", "doubled", "over overlap", "wrong", "stuck", *verdict.wrong)):
        print(f"  {len(verdict.wrong.get(kind, [])):>8}  {kind.upper()}")
    for kind, evidence in verdict.wrong.items():
        for line in evidence[:SHOWN]:
            print(f"  {kind}: {line[:600]}")
        if len(evidence) > SHOWN:
            print(f"  {kind}: … and {len(evidence) - SHOWN} more")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
