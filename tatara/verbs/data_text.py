"""What the subjects of ``data`` print."""

from collections.abc import Sequence
from typing import Any
from unicodedata import combining, east_asian_width


def shown(found: dict[str, Any]) -> list[str]:
    """The lines of ``data show``, from the values that `pipelines.datasets.show.show` gives."""
    from pipelines.datasets.show import RANGES
    from tatara.core.modalities import modality_module

    noun = modality_module(found["modality"]).NOUN
    classes = f", {count(len(found['classes']), 'class', 'classes')}" if found["classes"] else ""
    return [
        f"{found['name']}: {found['kind']}, {found['files']:,} {noun}, {size(found['bytes'])}{classes}",
        f"licence   {found['licence']}",
        f"source    {found['source']}",
        f"revision  {found['revision']}",
        *(f"{what:<9} {_range(found[what])}" for what in RANGES[found["modality"]] if found[what]),
        f"modes     {', '.join(f'{mode} {number:,}' for mode, number in found['modes'].items())}",
        *_tables(found),
        *(f"unreadable  {path}" for path in found["undecodable"][:10]),
        *(["", f"picture   {found['picture']}"] if found["picture"] else []),
    ]


def _tables(found: dict[str, Any]) -> list[str]:
    if "objects" in found:
        lines = ["", *_table("objects", found["objects"]), "", *_table("images", found["images"], total=False)]
        bare = found["without_objects"]
        lines.append("     images without objects: " + ", ".join(f"{split} {bare[split]:,}" for split in bare))
        if found["crowd"]:
            lines.append(f"     crowd regions: {found['crowd']:,}, neither learned nor counted as missed")
        return [*lines, "", *_sizes(found["sizes"])]
    if "pixels" in found:
        shares = {split: {name: 100 * share for name, share in own.items()} for split, own in found["pixels"].items()}
        left = found["left_out"]
        lines = ["", *_table("% of pixels", shares, total=False, form="8.2f")]
        lines.append("     left out, % of all pixels: " + ", ".join(f"{name} {100 * left[name]:.2f}" for name in left))
        lines += [f"without a mask  {path}" for path in found["without_mask"][:10]]
        return [*lines, "", *_table("images", found["images"], total=False)]
    if "without_target" in found:
        pairs = ", ".join(f"{split} {own[next(iter(own))]:,}" for split, own in found["counts"].items())
        return [f"pairs     {pairs}", *(f"without a target  {path}" for path in found["without_target"][:10])]
    return ["", *_table("class", found["counts"])]


def _table(title: str, counts: dict[str, dict[str, Any]], total: bool = True, form: str = "8,") -> list[str]:
    """Classes in rows, splits in columns."""
    labels = list(next(iter(counts.values())))
    width = max(map(cells, [*labels, title, "total"]))
    rows = [(f"{number:>3}", label, [own[label] for own in counts.values()]) for number, label in enumerate(labels)]
    if total:
        rows.append(("   ", "total", [sum(own.values()) for own in counts.values()]))
    lines = [f"  #  {_padded(title, width)}  " + " ".join(f"{split:>8}" for split in counts)]
    for number, label, row in rows:
        lines.append(f"{number}  {_padded(label, width)}  " + " ".join(f"{value:>{form}}" for value in row))
    return lines


def _sizes(sizes: dict[str, dict[str, int]]) -> list[str]:
    width = max(map(cells, [*sizes, "size of objects"]))
    head = _padded("size of objects", width)
    lines = [f"     {head}  {'small':>8} {'medium':>8} {'large':>8}  small < 32², large ≥ 96² pixels"]
    for name, own in sizes.items():
        lines.append(f"     {_padded(name, width)}  " + " ".join(f"{number:>8,}" for number in own.values()))
    return lines


def listed(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The lines of ``data list``."""
    width = max([cells(row["name"]) for row in rows] + [4])
    lines = [f"{'name':<{width}}  {'kind':<15} classes  {'train':>8} {'valid':>7} {'test':>7}  {'size':>9}  revision"]
    for row in rows:
        files = row["files"]
        what = f"{_padded(row['name'], width)}  {row['kind']:<15} {row['classes']:>7}"
        counts = f"{files['train']:>8,} {files['valid']:>7,} {files['test']:>7,}"
        lines.append(f"{what}  {counts}  {size(row['bytes']):>9}  {row['revision'][:12]}")
    return lines


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum((2 if east_asian_width(char) in "WF" else 1) for char in text if not combining(char))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def count(number: int, one: str, several: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else several}"


def size(count: int) -> str:
    """Bytes for people, in units of 1,000."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _range(found: dict[str, float]) -> str:
    return f"{found['min']:g} to {found['max']:g}, median {found['median']:g}"
