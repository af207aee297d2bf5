"""``doctor``: this installation examined, with one fix for each problem."""

from dataclasses import asdict

from tatara.verbs import Output, Request
from tatara.verbs.options import boolean, options, port


def doctor(request: Request, output: Output) -> int:
    """Print the findings; 1 when one is a failure."""
    from tatara.doctor import examine, lines

    given = options(request, gpu=boolean, port=port)
    findings = examine(**given)
    failed = sum(finding.status == "fail" for finding in findings)
    output.give({"ok": not failed, "findings": [asdict(each) for each in findings]}, "\n".join(lines(findings)))
    return 1 if failed else 0
