"""``python -m tatara.doctor.probes NAME`` prints one probe's facts, or its error, as JSON on the last line."""

import importlib
import json
import sys


def main(probe: str) -> None:
    """Run one probe."""
    try:
        facts = importlib.import_module(f"tatara.doctor.probes.{probe}").facts()
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        facts = {"error": f"{type(error).__name__}: {first}"}
    sys.stdout.write(f"\n{json.dumps(facts)}\n")


main(sys.argv[1])
