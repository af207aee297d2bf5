"""Every benchmark in turn, and one table: ``python -m benchmarks``. Costs about half an hour on two cores."""

import json
import subprocess
import sys
from functools import reduce

AIMS = {
    "input_pipeline": ("ratio", "at least 0.90", "rate with a model that does nothing / rate of reading the cache"),
    "training_overhead": ("ratio", "at most 1.03", "CPU time of training / of a bare model.fit on the same arrays"),
    "serving": ("ratios.ceiling", "at least 0.90", "requests/s over HTTP / every core on the same work without HTTP"),
}


def main() -> None:
    """Run each in a process of its own and print its figure beside its aim."""
    rows = []
    for name, (key, aim, meaning) in AIMS.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], check=True, stdout=subprocess.PIPE, text=True
        )
        figures = json.loads(done.stdout)
        figure = reduce(lambda value, part: value[part], key.split("."), figures)
        rows.append(f"| {name} | {figure:.3f} | {aim} | {meaning} |")
        print(json.dumps({name: figures}), file=sys.stderr, flush=True)
    print("| benchmark | measured | aim | what |\n|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
