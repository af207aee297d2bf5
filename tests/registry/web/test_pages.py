"""The pages: what waits, what a version's page says and shows, and what its forms do."""

import csv
import io
import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from registry import review
from registry.store import local_artifacts
from tests.registry import cases
from tests.registry.cases import NAME, against, checked, compared, new_version, packaged, part, run_of
from tests.registry.web.evidenced import changed, leave, png, shown
from tests.registry.web.visiting import send, visitor

AT = f"/models/{NAME}/versions"


@pytest.fixture(scope="module")
def champion(people: Path) -> str:
    """Version 1: approved by bob, promoted by olga."""
    version = new_version()
    leave(version, [])
    checked(cases.evidence(version=version))
    review.approve("bob", NAME, version, "the first")
    packaged(version)
    review.promote("olga", NAME, version)
    return version


def challenger(author: str = "anna", **changes: object) -> str:
    """One more version that waits for review, with everything that its page can show."""
    version = new_version(author)
    leave(version, [shown()], changed())
    lost = part("8", (-0.034, -0.06, -0.01), 0.9)
    evidence = against(version=version, champion="1", comparison=(compared(0.011, 0.006, 0.017),), slices=(lost,))
    checked(evidence.model_copy(update=changes), author)
    return version


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_queue_begins_with_what_waits_for_me(app: FastAPI, champion: str) -> None:
    mine, hers = challenger("anna"), challenger("bob")
    client = visitor(app, "bob")
    first, second = client.get("/").text, client.get("/", params={"whose": "others"}).text
    assert "wait for you" in _text(first).replace("waits", "wait")
    assert (f'{AT}/{mine}"' in first, f'{AT}/{hers}"' in first) == (True, False)
    assert (f'{AT}/{mine}"' in second, f'{AT}/{hers}"' in second) == (False, True)
    assert "Nothing waits for you" in visitor(app, "vera").get("/").text
    assert f"{AT}/{hers}" not in visitor(app, "bob").get("/", params={"q": "no such thing"}).text


def test_a_version_says_first_whether_it_should_serve_and_why(app: FastAPI, champion: str) -> None:
    version = challenger()
    page = visitor(app, "bob").get(f"{AT}/{version}").text
    text = _text(page)
    assert "Not yet. It waits for 1 approval." in text
    assert "Its accuracy is 1.1 points higher than the champion’s (+0.6 to +1.7)." in text
    assert text.index("Not yet.") < text.index("Gates of the policy") < text.index("Where version")
    assert "label 8" in text
    assert "8 of 10 gates passed" not in text
    for what in ("gallery/01.truth.png", "changes/2222222222222222.png"):
        assert f"{AT}/{version}/pictures/check/{what}" in page
    assert f"{AT}/{version}/pictures/evaluate/plots/confusion.png" in page
    assert f"{AT}/{champion}/pictures/evaluate/plots/confusion.png" in page
    assert f'href="http://mlflow.example.org/#/runs/{run_of(version)}"' in page
    assert "1 relabelled" in text


def test_the_verdict_names_the_largest_loss_first_and_says_so(app: FastAPI, champion: str) -> None:
    lost = (part("bright", (-0.05, -0.07, -0.03), 0.0001), part("8", (-0.3, -0.5, -0.1), 0.02))
    version = challenger(slices=against(slices=lost).slices)
    text = _text(visitor(app, "bob").get(f"{AT}/{version}").text)
    assert "Worse on label 8 (−30.0) and label bright (−5.0), the largest loss first." in text
    assert "2 slices got worse by more than 2 points, the largest loss first: label = 8: -30.00 points" in text
    slices = text[text.index("Slices: accuracy") :]
    assert slices.index("label 8") < slices.index("label bright")


def test_each_figure_lies_where_its_number_says(app: FastAPI, champion: str) -> None:
    """On the accuracy's strip: challenger .91 [.88, .94] on a scale from .88 - 6 % to .94 + 6 % of the range."""
    page = visitor(app, "bob").get(f"{AT}/{challenger()}").text
    strip = re.search(r'aria-label="accuracy: version \d+ 91.0 %, champion 1 91.0 %">(.*?)</svg>', page, re.DOTALL)
    assert strip is not None
    places = re.findall(
        r'<line class="mine" x1="([\d.]+)%" x2="([\d.]+)%".*?<circle class="mine" cx="([\d.]+)%"', strip[1], re.DOTALL
    )
    assert [tuple(map(float, one)) for one in places] == [(5.36, 94.64, 50.0)]


def test_the_author_cannot_approve_his_own_and_is_told_so(app: FastAPI, champion: str) -> None:
    version = challenger("bob")
    client = visitor(app, "bob")
    page = client.get(f"{AT}/{version}").text
    assert "you are the author of the run" in page
    assert f'formaction="{AT}/{version}/approve"' not in page
    refused = send(client, f"{AT}/{version}/approve", reason="mine is good")
    assert refused.status_code == 409
    assert "is the author of" in refused.text
    assert "mine is good" in refused.text
    assert review.record(NAME, version).summary.state == "in_review"


def test_a_decision_needs_a_reason_and_is_on_the_record(app: FastAPI, champion: str) -> None:
    version = challenger()
    client = visitor(app, "bob")
    assert send(client, f"{AT}/{version}/reject", reason=" ").status_code == 422
    response = send(client, f"{AT}/{version}/changes", reason="look at the nines")
    assert (response.status_code, response.headers["location"]) == (303, f"{AT}/{version}")
    after = client.get(f"{AT}/{version}").text
    assert "Sent back to its author." in after
    assert "Sent back to its author." not in client.get(f"{AT}/{version}").text
    assert "look at the nines" in after
    assert send(visitor(app, "anna"), f"{AT}/{version}/submit", reason="seen").status_code == 303
    assert send(client, f"{AT}/{version}/reject", reason="no").status_code == 303
    assert "No." in _text(client.get(f"{AT}/{version}").text)
    assert [one.act for one in review.record(NAME, version).acts[:3]] == ["reject", "submit", "request_changes"]


def test_approve_promote_and_roll_back_from_the_page(app: FastAPI, champion: str) -> None:
    version = challenger()
    bob, olga = visitor(app, "bob"), visitor(app, "olga")
    assert send(bob, f"{AT}/{version}/approve", reason="better on every slice").status_code == 303
    assert "bob</b> approved it" in bob.get(f"{AT}/{version}").text
    assert "takes the role operator" in bob.get(f"{AT}/{version}").text
    refused = send(olga, f"{AT}/{version}/champion", reason="go")
    assert (refused.status_code, "is not packaged" in refused.text) == (409, True)
    packaged(version)
    assert send(olga, f"{AT}/{version}/canary", reason="try it").status_code == 303
    assert review.history(NAME).canary == version
    assert send(olga, f"{AT}/{version}/withdraw", reason="not today").status_code == 303
    assert send(olga, f"{AT}/{version}/champion", reason="go").status_code == 303
    assert review.history(NAME).champion == version
    page = olga.get(f"{AT}/{version}").text
    assert f'formaction="{AT}/{champion}/rollback"' in page
    assert send(olga, f"{AT}/{champion}/rollback", reason="wrong on the new cameras").status_code == 303
    assert review.history(NAME).champion == champion
    assert "wrong on the new cameras" in olga.get(f"/models/{NAME}").text
    assert f"{version}/rollback" not in olga.get(f"{AT}/{champion}").text  # what was gone back from is not offered


def test_a_picture_that_is_not_what_was_judged_is_refused_and_its_page_says_so(app: FastAPI, champion: str) -> None:
    version = challenger()
    client, base = visitor(app, "vera"), f"{AT}/{version}/pictures/"
    fine = client.get(base + "check/gallery/01.truth.png")
    assert (fine.status_code, fine.headers["content-type"], fine.content) == (200, "image/png", png("gray"))
    folder = local_artifacts(run_of(version), "check")
    (folder / "gallery" / "01.truth.png").write_bytes(png("pink"))
    (folder / "gallery.json").write_text("[]")
    assert client.get(base + "check/gallery/01.truth.png").status_code == 409
    page = client.get(f"{AT}/{version}").text
    assert "is not the file that was judged" in _text(page)


@pytest.mark.parametrize(
    "path",
    [
        "check/evidence.json",
        "convert/model.onnx",
        "check/gallery/../../convert/model.png",
        "check/gallery/%2e%2e/x.png",
        "check/gallery/..%2f..%2f..%2fetc%2fpasswd.png",
        "/etc/passwd",
        "evaluate/plots/page.html",
        "evaluate/plots/html.png",
        "evaluate/plots/link.png",
        "evaluate/plots/..%2fother.png",
        "evaluate/other.png",
        "check/gallery/new.png",
        "train/plots/missing.png",
    ],
)
def test_nothing_is_sent_but_png_files_of_the_run(app: FastAPI, champion: str, path: str) -> None:
    plots = local_artifacts(run_of(champion), "evaluate") / "plots"
    (plots.parent / "other.png").write_bytes(png())
    (plots / "html.png").write_text("<script>alert(1)</script>")
    (plots / "page.html").write_text("<script>alert(1)</script>")
    if not (plots / "link.png").is_symlink():
        (plots / "link.png").symlink_to(plots / "confusion.png")
    response = visitor(app, "root").get(f"{AT}/{champion}/pictures/{path}")
    assert response.status_code in (404, 409)
    assert not response.headers["content-type"].startswith("image/")


def test_what_does_not_exist_is_404(app: FastAPI, people: Path) -> None:
    client = visitor(app, "vera")
    paths = (
        "/models/nothing",
        "/models/nothing/versions/1",
        f"{AT}/9999",
        f"{AT}/x",
        "/nothing",
        "/models/nothing/versions/1/pictures/x",
    )
    assert {client.get(path).status_code for path in paths} == {404}


def test_lists_are_filtered_and_go_on_from_page_to_page(app: FastAPI, champion: str) -> None:
    for _ in range(3):
        challenger("gina")
    client = visitor(app, "vera")
    assert len(re.findall(r'<th scope="row">', client.get("/versions", params={"q": "gina review"}).text)) == 3
    assert len(re.findall(r'<th scope="row">', client.get("/versions", params={"state": "serving"}).text)) == 1
    assert "No version matches" in client.get("/versions", params={"q": "nothing of the kind"}).text
    assert client.get("/versions", params={"page": "999"}).status_code == 200
    assert client.get("/versions", params={"page": "x"}).status_code == 422


def test_the_log_is_shown_with_whether_it_is_whole_and_exported(app: FastAPI, champion: str) -> None:
    client = visitor(app, "vera")
    assert "Whole:" in client.get("/audit").text
    rows = list(csv.DictReader(io.StringIO(client.get("/audit.csv").text.removeprefix("\ufeff"))))
    assert rows[0]["act"] == "user_added"
    versions = list(csv.DictReader(io.StringIO(client.get("/versions.csv").text.removeprefix("\ufeff"))))
    assert {"name": NAME, "version": champion, "state": "serving"}.items() <= versions[-1].items()


def test_an_admin_makes_users_links_and_roles(app: FastAPI, people: Path) -> None:
    root = visitor(app, "root")
    page = send(root, "/users", name="Hugo", role="viewer").text
    link = re.search(r"http://127\.0\.0\.1:8300(/link/[\w-]+)", page)
    assert link is not None
    assert "hugo" in visitor(app).get(link[1]).text
    assert send(root, "/users/hugo/role", role="reviewer").status_code == 303
    assert "reviewer" in visitor(app).get(link[1]).text
    asked = re.search(
        r"<details class=.ask.>(?:(?!</details>).)*hugo/remove.*?</details>", root.get("/users").text, re.S
    )
    assert asked is not None, "removing asks first"
    assert send(root, "/users/root/role", role="viewer").status_code == 409
    assert send(root, "/users", name="no name!", role="viewer").status_code == 422
    assert send(root, "/users/hugo/remove").status_code == 303
    assert visitor(app).get(link[1]).status_code == 404


def test_a_version_that_nothing_has_checked_has_a_page(app: FastAPI, champion: str) -> None:
    version = new_version("gina")
    review.register("gina", NAME, version)
    assert "Nothing has checked" in _text(visitor(app, "vera").get(f"{AT}/{version}").text)


def test_a_version_whose_champions_run_is_gone_still_has_its_page(app: FastAPI, champion: str) -> None:
    version = new_version("gina", "alone")
    evidence = against(name="alone", version=version, champion="7", comparison=(compared(0.01, 0.0, 0.02),))
    checked(evidence)
    assert visitor(app, "vera").get(f"/models/alone/versions/{version}").status_code == 200


def test_words_of_a_decision_are_quoted(app: FastAPI, champion: str) -> None:
    version = challenger()
    review.request_changes("carl", NAME, version, "No. Put the labels back.")
    text = _text(visitor(app, "vera").get(f"{AT}/{version}").text)
    assert "Not yet. Changes are asked for by carl: “No. Put the labels back.”." in text
