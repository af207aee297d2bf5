"""``demo``: the whole way on the embedded digits, to answered requests and their lineage."""

import os
import time
from pathlib import Path
from typing import Any

from tatara.core.home import project_root, state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import options

DATA, MODEL, SHOWN = "digits", "small_cnn", 12


def demo(request: Request, output: Output) -> int:
    """Pull, validate, train, convert, evaluate, register, approve, package, serve, ask, draw, stop."""
    options(request)
    started = time.perf_counter()
    _pull()
    result = _run()
    files = _test_files(project_root() / "data" / DATA / "test")
    asked = _ask(result, files)
    seconds = time.perf_counter() - started
    from tatara.verbs.stages import render

    name = f"{result['name']}/{result['version']}"
    lines = [
        "",
        render(result).rsplit("\n", 1)[0],
        "",
        *asked["lines"],
        "",
        f"picture     {os.path.relpath(asked['picture'])}",
        f"lineage     {asked['lineage']}  (in the header of every answer)",
        f"took        {seconds:.0f} s",
        "",
        "Look at next:",
        f"  tatara lineage verify {name}      recompute every digest from the data to the Bento",
        f"  tatara serve {name}               and open the address: drop an image on the page",
        f"  tatara predict {name} FILE ...    from the shell",
        "  tatara data add PATH name=N          your own images, then: tatara run classification data=N",
        "  mlflow ui                            the run with its curves, pictures and data report",
        "(`. .tatara/venv/bin/activate` puts them on the path)",
    ]
    output.give({**result, "demo": {**asked, "lines": None, "seconds": round(seconds, 1)}}, "\n".join(lines))
    return 0


def _pull() -> None:
    from pipelines.datasets.dataset import dataset_names
    from pipelines.datasets.remote import pull

    if DATA not in dataset_names():
        pull()


def _run() -> dict[str, Any]:
    from pipelines.parameters import resolve
    from pipelines.run import run_all
    from pipelines.workspace import new_workspace

    parameters = resolve("classification", {"data": DATA, "model": MODEL})
    return run_all(new_workspace(parameters), parameters)


def _test_files(folder: Path) -> list[Path]:
    """A dozen files of the test split, every class in turn."""
    by_class = [sorted(found.iterdir()) for found in sorted(folder.iterdir()) if found.is_dir()]
    turns = [files[turn] for turn in range(max(map(len, by_class))) for files in by_class if turn < len(files)]
    return turns[:SHOWN]


def _ask(result: dict[str, Any], files: list[Path]) -> dict[str, Any]:
    from tatara.core.client import Client
    from tatara.verbs.serve import answer_lines, save_picture, start

    with start(result["bento"]) as service, Client(service.url) as client:
        answers = client.predict(files)
        lineage = client.lineage.digest
    shown = [file.relative_to(project_root()) for file in files]
    footer = f"{result['name']}/{result['version']}  lineage {lineage}"
    picture = save_picture(state_root() / "pictures" / "demo.png", files, answers, footer)
    return {
        "url": service.url,
        "lines": answer_lines(shown, answers),
        "answers": [{"file": str(file), **answer.model_dump()} for file, answer in zip(shown, answers, strict=True)],
        "picture": str(picture),
        "lineage": lineage,
    }
