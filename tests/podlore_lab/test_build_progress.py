import io

from rich.console import Console

from podlore_lab.build_progress import EVERY_PACKAGES, BuildProgress


def shown(*, terminal: bool, watched) -> str:
    out = io.StringIO()
    with BuildProgress(Console(file=out, force_terminal=terminal, width=120)) as watcher:
        watched(watcher)
    return out.getvalue()


def two_programs(watcher):
    for done in range(3 * EVERY_PACKAGES):
        watcher.packages("etcd", done, 4 * EVERY_PACKAGES)
    watcher.packages("helm", 4 * EVERY_PACKAGES, 4 * EVERY_PACKAGES)


def test_where_nobody_watches_a_line_comes_now_and_then():
    lines = shown(terminal=False, watched=two_programs).splitlines()
    assert lines[0].startswith("Building the control plane's programs (10-15 minutes")
    assert lines[1:] == [
        "building etcd: 0 of 1000 packages",
        "building etcd: 250 of 1000 packages",
        "building etcd: 500 of 1000 packages",
        "building helm: 1000 of 1000 packages",
    ]


def test_a_terminal_shows_a_bar_with_the_program():
    text = shown(terminal=True, watched=two_programs)
    assert "building helm" in text
    assert "1000/1000" in text


def test_nothing_is_said_where_nothing_is_to_do():
    assert shown(terminal=False, watched=lambda watcher: None) == ""


def test_waiting_is_said_once():
    def twice(watcher):
        watcher.waiting()
        watcher.waiting()

    assert shown(terminal=False, watched=twice).count("waiting for it") == 1
