"""Deployments in words."""

from collections.abc import Sequence
from typing import Any


def status_lines(value: dict[str, Any]) -> list[str]:
    """A few lines of one deployment.

    Args:
        value: name, running, url, desired and status, as ``--json`` gives them.
    """
    found, name = value["status"], value["name"]
    where = value["url"] or ("running" if value["running"] else "not running")
    if found is None:
        return [f"{name}  {where}; nothing has served yet"]
    lines = [f"{name}/{found['serving']['version']}  serves since {found['since'][:19]}Z  {where}"]
    if found["previous"]:
        lines.append(f"  before     {found['previous']['version']}  (`tatara rollback {name}`)")
    if pinned := value["desired"]["pinned"]:
        lines.append(f"  pinned     {pinned['version']} by {pinned['by']}: {pinned['reason']}")
    lines += [f"  refused    {one['version'] or 'record'}: {one['reason']}" for one in found["refusals"]]
    tried = trial_lines(name, found) if found["trial"] or found["withdrawn"] else []
    return lines + [f"  {line}" for line in tried]


def trial_lines(name: str, found: dict[str, Any]) -> list[str]:
    """What is tried, and what is known of it.

    Args:
        name: registered.
        found: the server's status.
    """
    if found["trial"] is None or found["candidate"] is None:
        if (withdrawn := found["withdrawn"]) is None:
            return ["tried      no version"]
        told = f"`tatara rollout abort {name}` tells the registry"
        return [f"tried      no version; the last was withdrawn: {withdrawn[1]} ({told})"]
    trial, version = found["trial"], found["candidate"]["version"]
    how = f"answers {trial['share']:.0%} of the requests" if trial["share"] else "answers none, is asked copies"
    lines = [f"tried      {version} {how}; {trial['decision'].replace('_', ' ')}: {trial['reason']}"]
    for measure, one in trial["measures"].items():
        chances = f"p {one['p_worse']:.2g} that it is no worse, {one['p_not_worse']:.2g} that it is"
        lines.append(
            f"  {measure:<10} {one['line']}; {chances}" if one["observations"] else f"  {measure:<10} nothing yet"
        )
    return lines


def history_lines(history: Sequence[dict[str, Any]], shown: int = 20) -> list[str]:
    """The newest events, one a line."""
    lines = []
    for one in history[:shown]:
        before = f" after {one['before']}" if one["before"] else ""
        took = f" in {one['seconds']:.2f} s" if one["seconds"] is not None else ""
        what = f"{one['event']} {one['version'] or ''}{before}{took}"
        lines.append(f"  {one['at'][:19]}Z  {what}  by {one['by']}: {one['reason']}")
    return lines
