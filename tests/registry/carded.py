"""Versions with everything that a model card is made of, hostile texts, and a card read as others read it."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import yaml
from markdown_it import MarkdownIt

from registry.records import Card
from registry.store import client
from tests.registry.cases import MODEL, interval, new_version, run_of
from tests.services.model_folder import contract

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<!-- --><b>x</b>",
    "[x](javascript:alert(1))",
    "![x](http://127.0.0.1/x.png)",
    "<http://example.com/>",
    "[x]: javascript:alert(1)\n[x]",
    "```\n<script>alert(1)</script>\n```",
    "~~~\n<b>",
    "`<b>`",
    "a | b\n|---|---|\n| <b> | c |",
    "| x |",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "# Approved",
    "Approved\n===",
    "Approved\n---",
    "---\nlicense: mit\n---",
    "\n...\n---\n",
    "- [ ] x\n  - <b>",
    "1. <b>x</b>",
    "    <b>code</b>",
    "\t<b>",
    "> quoted <b>",
    "*bold* _it_ **b** __b__",
    "\\<b>",
    "\\\\<b>\\",
    "x\u2028<b>",
    "x\x85<b>",
    "\x00<b>",
    "\u202e<b>",
    "{{ 7*7 }}",
    "{% raw %}<b>",
    "${7*7}",
    "!!python/object/apply:os.system ['x']",
    "&anchor *alias",
    "a: b: c",
    "'\"",
    "\ud800<b>",
    "$$\\href{javascript:alert(1)}{x}$$",
    "<details open ontoggle=alert(1)>",
    "]]><b>",
    "<b\n>x</b\n>",
)
ALLOWED = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "pre", "code"}


class Tags(HTMLParser):
    """The elements of a page, and what its text says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.headings, self.text, self._in = [], "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        self._in = tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in in ("h1", "h2") and data.strip():
            self.headings.append(data)


def parsed(text: str) -> tuple[dict[str, Any], Tags]:
    """Front matter as huggingface_hub finds it, and the elements of the rest, HTML in the Markdown included."""
    found = re.match(r"^(\s*---[\r\n]+)([\S\s]*?)([\r\n]+---(\r\n|\n|$))", text)
    assert found is not None
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text[found.end() :])
    return yaml.safe_load(found[2]), Tags(rendered)


def described(**changes: Any) -> dict[str, Any]:
    splits = ("train", "valid", "test")
    return {
        "name": "colours", "revision": "7" * 64, "licence": "CC0", "source": "drawn by a test", "citation": None,
        "classes": ["red", "green", "blue"],
        "notes": None, "files": {"train": 80, "valid": 10, "test": 12},
        "width": {"min": 16, "median": 16, "max": 16}, "height": {"min": 16, "median": 20, "max": 27},
        "counted": "files", "counts": {split: {"red": 4, "green": 5, "blue": 6} for split in splits}, **changes,
    }  # fmt: skip


def carded(author: str = "anna", labels: tuple[str, ...] = ("red", "green", "blue"), **data: Any) -> str:
    """A version whose run has everything that a card is made of."""
    version = new_version(author, files={**MODEL, "contract.json": contract(labels=labels).canonical().encode()})
    files = {
        "validate/dataset.json": described(**data),
        "validate/result.json": {"rules": [{"rule": "decodes", "success": True, "failing": 0, "checked": 102,
                                            "table": "files"},
                                           {"rule": "distinct", "success": False, "failing": 2, "checked": 102,
                                            "table": "files"}]},
        "train/parameters.json": {"kind": "classification", "data": "colours", "model": "small_cnn", "weights": "none",
                                  "flip": "none", "mean": [0.0, 0.0, 0.0], "name": None},
        "train/run.json": {"git_commit": "c" * 40, "git_dirty": True, "lock_sha256": "1" * 64, "epochs_trained": 3,
                           "best_epoch": 2, "training_seconds": 61.4, "device": "CPU: 2 x test", "warnings": []},
        "evaluate/metrics.json": {"log_loss": interval(0.2, 0.1, 0.3), "accuracy": interval(0.9, 0.8, 0.95),
                                  "calibration_error": interval(0.05, 0.01, 0.09), "gap": interval(0.1, 0, 0.2)},
        "evaluate/classes.json": {label: {"recall": interval(0.5 + place / 10, 0.2, 0.9), "support": 4}
                                  for place, label in enumerate(labels)},
    }  # fmt: skip
    for path, value in files.items():
        client().log_text(run_of(version), json.dumps(value), path)
    return version


def section(card: Card, name: str) -> Any:
    return next(one for one in card.sections if one.name == name)
