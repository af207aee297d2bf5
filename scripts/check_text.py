"""What linters do not see, in every tracked or new text file: dead links in Markdown, foreign hosts, private paths."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
LOCKS = re.compile(r"requirements/.+\.txt")
URL_HOST = re.compile(r"\b(?:https?|s3|gs|ssh|ftp)://(?:[\w.%-]+@)?([A-Za-z][\w.-]*\.[A-Za-z]{2,}|\d+(?:\.\d+){3})")
# Publishers of the papers, data sets, standards and programs that texts and code cite.
HOSTS = re.compile(
    r"(?:.+\.)?(?:github\.com|githubusercontent\.com|arxiv\.org|doi\.org|openaccess\.thecvf\.com|apache\.org|keras\.io|"
    r"tensorflow\.org|mlflow\.org|dvc\.org|bentoml\.com|greatexpectations\.io|onnxruntime\.ai|onnx\.ai|perfetto\.dev|"
    r"python\.org|scikit-learn\.org|debian\.org|postgresql\.org|keepachangelog\.com|semver\.org|w3\.org|"
    r"creativecommons\.org|in-toto\.io|slsa\.dev|stanford\.edu|toronto\.edu|googleapis\.com|google\.com|uci\.edu|example\.(?:com|org|net)|.+\.invalid|"
    r"127\.0\.0\.1|0\.0\.0\.0)"
)
PRIVATE = re.compile(r"(?<![\w.~:/}*-])/(?:home|root|work|workspace|mnt|srv|Users)/[\w.-]+")


def files() -> list[Path]:
    """Every file that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return sorted(ROOT / name for name in set(listed.split("\0")) - {""} if (ROOT / name).is_file())


def text(path: Path) -> str:
    """The file's text, or nothing when it is binary."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to a Markdown file's headings."""
    tokens = MarkdownIt().parse(text(path))
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    names: dict[str, int] = {}
    found = set()
    for heading in headings:
        name = re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-")
        count = names[name] = names.get(name, -1) + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def links(path: Path) -> Iterator[str]:
    """Targets of the links and pictures of a Markdown file."""
    for token in MarkdownIt().parse(text(path)):
        for child in token.children or ():
            target = child.attrs.get("href") or child.attrs.get("src")
            if target:
                yield str(target)


def dead_links(path: Path) -> Iterator[str]:
    """One line for each link of a Markdown file to a file or an anchor that isn't there."""
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists():
            yield f"dead link {link}"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"no heading #{anchor} in {name or 'this file'}"


def foreign_names(content: str) -> Iterator[str]:
    """One line for each host or path that has no place in a public repository."""
    for found in URL_HOST.finditer(content):
        if not HOSTS.fullmatch(found[1]):
            yield f"host {found[1]} is not among those that this repository cites (scripts/check_text.py)"
    for found in PRIVATE.finditer(content):
        yield f"path {found[0]} exists on one machine only"


def problems(path: Path) -> Iterator[str]:
    """Everything wrong with one file."""
    content = text(path)
    name = path.relative_to(ROOT).as_posix()
    if path.suffix == ".md":
        yield from dead_links(path)
    yield from foreign_names(content)
    if LOCKS.fullmatch(name) and re.search(r"^--(?:extra-)?index-url|^--find-links|://", content, re.MULTILINE):
        yield "a lock file names an index"


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    found = [f"{path.relative_to(ROOT)}: {problem}" for path in files() for problem in problems(path)]
    print("\n".join(found) if found else "links and names: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
