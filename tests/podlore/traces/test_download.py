"""Fetching over a real HTTP server that cuts off, refuses ranges, sends the wrong bytes, or is not there."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from podlore.errors import BadInput, Unavailable
from podlore.traces.catalogue import SOURCES, PinnedFile, source
from podlore.traces.download import TRIES, download

CONTENT = bytes(range(256)) * 2000
PINNED = PinnedFile("list.csv", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "http://nowhere.invalid/")


class Server(BaseHTTPRequestHandler):
    """Serves `content`; sends at most `cut` bytes of each answer; knows ranges unless told otherwise."""

    content = CONTENT
    cut = len(CONTENT)
    knows_ranges = True
    status = 200
    asked: list[str | None]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.knows_ranges else 0
        rest = self.content[begin:]
        if self.status != 200 or self.path != "/list.csv":
            self.send_error(self.status if self.status != 200 else 404)
            return
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(**settings: object) -> Iterator[tuple[str, type[Server]]]:
    handler = type("Handler", (Server,), {"asked": [], **settings})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_file_comes_into_place_whole_and_progress_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    with serving() as (base, _):
        path = download(PINNED, tmp_path / "new" / "folder", base=base, progress=told.append)
    assert path.read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)
    assert [file.name for file in path.parent.iterdir()] == ["list.csv"]


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(CONTENT)
    with serving() as (base, handler):
        download(PINNED, tmp_path, base=base)
    assert not handler.asked


def test_a_file_that_was_changed_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(CONTENT[:-1] + b"x")
    with serving() as (base, _):
        assert download(PINNED, tmp_path, base=base).read_bytes() == CONTENT


def test_a_transfer_that_is_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with serving(cut=len(CONTENT) // 3 + 1) as (base, handler):
        assert download(PINNED, tmp_path, base=base).read_bytes() == CONTENT
    assert handler.asked[0] is None
    assert handler.asked[1] == f"bytes={len(CONTENT) // 3 + 1}-"
    assert len(handler.asked) == 3


def test_a_transfer_that_stays_cut_off_keeps_what_came_and_the_next_call_goes_on(tmp_path: Path) -> None:
    with serving(cut=1000) as (base, handler):
        with pytest.raises(Unavailable, match=rf"{1000 * TRIES} of {len(CONTENT)} bytes are kept, run it again"):
            download(PINNED, tmp_path, base=base)
        assert not (tmp_path / "list.csv").exists()
        handler.cut = len(CONTENT)
        assert download(PINNED, tmp_path, base=base).read_bytes() == CONTENT
    assert handler.asked[-1] == f"bytes={1000 * TRIES}-"


def test_a_server_without_ranges_is_taken_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "list.csv.part").write_bytes(b"old")
    with serving(knows_ranges=False) as (base, _):
        assert download(PINNED, tmp_path, base=base).read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "list.csv.part").write_bytes(CONTENT + b"more")
    with serving() as (base, handler):
        assert download(PINNED, tmp_path, base=base).read_bytes() == CONTENT
    assert handler.asked == [None]


def test_the_wrong_bytes_are_refused_and_deleted(tmp_path: Path) -> None:
    with serving(content=CONTENT[::-1]) as (base, _), pytest.raises(Unavailable, match=r"its SHA-256 is .*, not "):
        download(PINNED, tmp_path, base=base)
    assert not list(tmp_path.iterdir())


def test_more_bytes_than_pinned_are_refused(tmp_path: Path) -> None:
    with (
        serving(content=CONTENT * 2, cut=len(CONTENT) * 2) as (base, _),
        pytest.raises(Unavailable, match="more bytes"),
    ):
        download(PINNED, tmp_path, base=base)
    assert not (tmp_path / "list.csv").exists()


def test_a_server_that_says_no_is_quoted(tmp_path: Path) -> None:
    with serving(status=503) as (base, _), pytest.raises(Unavailable, match="the server says 503"):
        download(PINNED, tmp_path, base=base)


def test_nobody_there_is_said_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached .*are you offline\?; or fetch it by hand into"):
        download(PINNED, tmp_path, base="http://127.0.0.1:1")


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot write .*file"):
        download(PINNED, tmp_path / "file")


def test_only_web_addresses_are_asked(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no web address"):
        download(PINNED, tmp_path, base="file:///etc")


def test_the_pins_are_those_of_the_public_files(data: Path) -> None:
    for known in SOURCES:
        for file in known.files:
            content = (data / known.name / file.name).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)


def test_an_unknown_trace_is_refused_with_those_known() -> None:
    with pytest.raises(BadInput, match="no trace 'borg' to get; known: openb, philly"):
        source("borg")
