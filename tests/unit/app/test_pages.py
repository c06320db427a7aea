"""The built front-end, without a server."""

import asyncio
from pathlib import Path

import httpx
import pytest
from app.main import create_app

from marquee.settings import load_settings


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("front-end") / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Marquee</title>")
    (folder / "assets" / "index-abc.js").write_text("start()")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder.parent / "secret.txt").write_text("a secret")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    return folder


def _get(pages: Path, path: str, method: str = "GET") -> httpx.Response:
    async def ask() -> httpx.Response:
        app = create_app(load_settings({}, front_end_dir=pages, home=pages.parent))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client:
            return await client.request(
                method, httpx.URL("http://localhost").copy_with(raw_path=path.encode())
            )

    return asyncio.run(ask())


def test_the_page_is_asked_for_again_and_may_load_nothing_from_elsewhere(pages: Path) -> None:
    answer = _get(pages, "/")
    assert answer.text == "<title>Marquee</title>"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_the_build_named_by_its_content_is_kept_for_ever(pages: Path) -> None:
    answer = _get(pages, "/assets/index-abc.js")
    assert answer.text == "start()"
    assert "immutable" in answer.headers["cache-control"]
    assert _get(pages, "/favicon.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/operator", "/items/a%2Fb", "/films/50", "/what/ever/"])
def test_every_other_path_is_the_pages_own_business(pages: Path, path: str) -> None:
    assert _get(pages, path).text == "<title>Marquee</title>"


@pytest.mark.parametrize("path", ["/assets/gone.js", "/api/v1/unheard-of", "/api/", "/docs/secret.txt"])
def test_what_cannot_be_a_page_is_not_found(pages: Path, path: str) -> None:
    answer = _get(pages, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2Fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "//etc/passwd",
        "/%2Fetc%2Fpasswd",
        "/assets/%00",
        "/link.txt",
        "/docs/..%2Fmain.py",
    ],
)
def test_no_path_leads_out_of_the_folder(pages: Path, path: str) -> None:
    answer = _get(pages, path)
    assert "a secret" not in answer.text
    assert "root:" not in answer.text
    assert answer.status_code in (200, 404)


def test_pages_are_read_not_written(pages: Path) -> None:
    assert _get(pages, "/", "POST").status_code == 405


def test_a_front_end_that_is_not_built_is_said_so(tmp_path: Path) -> None:
    answer = _get(tmp_path / "nowhere", "/")
    assert answer.status_code == 404
    assert "not built" in answer.json()["detail"]


def test_the_documentation_needs_no_other_server(pages: Path) -> None:
    page = _get(pages, "/docs")
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "favicon.png"):
        assert _get(pages, f"/docs/{name}").status_code == 200, name
