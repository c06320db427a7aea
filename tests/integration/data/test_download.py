"""An archive from a real web server, and a file from a real wheel."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from marquee.data.download import Archive
from marquee.data.fetch import ML_100K, fetch
from marquee.data.progress import unheard
from marquee.data.sources import locate
from marquee.data.tidy import read_hashes
from marquee.data.wheel import PackagedFiles
from marquee.domain.errors import DataError, Unavailable
from tests.support.data_files import U_DATA, ml_100k

FILES = ("u.data", "u.item", "u.user")


class Site:
    """A web site with one page; it answers the first requests with `failures`, then with `content`."""

    def __init__(self) -> None:
        self.content = b""
        self.failures: list[int] = []
        self.requests = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests += 1
                status = site.failures.pop(0) if site.failures else 200
                self.send_response(status)
                self.send_header("Content-Length", str(len(site.content)))
                self.end_headers()
                self.wfile.write(site.content)

            def log_message(self, *_: object) -> None:
                """Tests say enough."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/ml-100k.zip"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site()
    folder = ml_100k(tmp_path / "ml-100k")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            archive.write(folder / name, f"ml-100k/{name}")
    site.content = (tmp_path / "a.zip").read_bytes()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()


def test_an_archive_is_downloaded_and_its_files_are_named_by_hash(site: Site, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    told: list[tuple[int, int | None]] = []
    hashes = Archive(site.url, FILES).bring(
        tmp_path / "out", lambda _, done, total: told.append((done, total))
    )
    assert hashes["u.data"] == hashlib.sha256(U_DATA.encode()).hexdigest()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == list(FILES)
    assert told[-1] == (len(site.content), len(site.content))


def test_a_passing_failure_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.failures = [503]
    assert set(Archive(site.url, FILES).bring(tmp_path, unheard)) == set(FILES)
    assert site.requests == 2


def test_a_page_that_is_gone_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    site.failures = [404, 404]
    with pytest.raises(Unavailable, match="answers 404"):
        Archive(site.url, FILES).bring(tmp_path, unheard)
    assert site.requests == 1


def test_an_answer_that_is_no_archive_is_refused(site: Site, tmp_path: Path) -> None:
    site.content = b"<html>Sign in to the guest network</html>"
    with pytest.raises(DataError, match="not the archive"):
        Archive(site.url, FILES).bring(tmp_path, unheard)


def test_a_server_that_is_away_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="out of reach"):
        Archive("http://127.0.0.1:9/ml-100k.zip", FILES).bring(tmp_path, unheard)


def test_a_package_that_does_not_exist_is_out_of_reach(tmp_path: Path) -> None:
    package = PackagedFiles("recbole==0.0.0", "", ())
    with pytest.raises(Unavailable, match="pip did not get it"):
        package.bring(tmp_path, unheard)


def test_movielens_100k_comes_from_its_package_with_the_hashes_it_should_have(tmp_path: Path) -> None:
    source = next(source for source in ML_100K.sources if isinstance(source, PackagedFiles))
    raw = tmp_path / "raw"
    raw.mkdir()
    source.bring(raw, unheard)
    assert locate(raw).items is not None
    fetched = fetch(ML_100K, tmp_path / "data")
    assert read_hashes(fetched.path) == dict(ML_100K.sha256)
