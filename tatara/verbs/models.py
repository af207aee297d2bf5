"""``models list|show``: what can be trained, with figures of the exported graph."""

import json
from typing import TYPE_CHECKING

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request
from tatara.verbs.data_text import size

if TYPE_CHECKING:
    from pipelines.catalogue import ModelCard


def models(request: Request, output: Output) -> int:
    """A table of all models, or one at given parameters."""
    what, *rest = request.words or ("",)
    if what == "list" and not rest:
        return _list(output)
    if what == "show" and len(rest) == 1:
        return _show(rest[0], request, output)
    raise UsageError(f"write: tatara {request.usage}")


def _list(output: Output) -> int:
    from pipelines.catalogue import list_models

    cards = list_models()
    lines = [f"{'model':<16} {'kind':<15} {'takes':<5} {'size':>5} {'parameters':>12} {'GFLOPs':>8} {'onnx':>9}  paper"]
    lines += [
        f"{card.model:<16} {card.kind:<15} {card.modality:<5} {card.size:>5} {card.parameters:>12,} "
        f"{card.flops / 1e9:>8.3f} {size(card.bytes):>9}  {card.paper}"
        for card in cards
    ]
    lines.append(f"at the default parameters, for {cards[0].classes} classes; a multiply-add is two operations")
    output.give({"models": [card.model_dump() for card in cards]}, "\n".join(lines))
    return 0


def _show(model: str, request: Request, output: Output) -> int:
    from pipelines.catalogue import show_model

    card = show_model(model, request.options)
    given = {name: f"{name}={_written(value)}" for name, value in card.options.items()}
    lines = [
        f"{card.model}: {card.about}",
        f"kind        {card.kind}",
        f"paper       {card.paper}",
        f"parameters  {card.parameters:,} for {card.classes} classes",
        *(f"{name:<11} {value}" for name, value in card.facts.items()),
        f"flops       {card.flops:,} for one {_extent(card)} (a multiply-add is two)",
        f"onnx        {size(card.bytes)}",
        *(line for group, names in card.groups.items() for line in _options(group, {n: given[n] for n in names}, card)),
        f"next        tatara run {card.kind} data=NAME model={card.model}",
    ]
    output.give(card.model_dump(), "\n".join(lines))
    return 0


def _extent(card: "ModelCard") -> str:
    return f"image at {card.size} x {card.size}" if card.modality == "image" else f"sound of {card.size:,} samples"


def _options(group: str, given: dict[str, str], card: "ModelCard") -> list[str]:
    """A heading and a line an option, as it would be given and in words."""
    width = max(map(len, given.values()))
    lines = [f"  {text:<{width}}  {card.meanings[name]}".rstrip() for name, text in given.items()]
    return [f"options of {group}", *lines]


def _written(value: object) -> str:
    """As it would be given."""
    return value if isinstance(value, str) else json.dumps(value)
