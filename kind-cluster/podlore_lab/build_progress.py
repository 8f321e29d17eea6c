"""What a person sees of a build: one bar over all packages of all programs."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

MINUTES = "10-15 minutes on two cores the first time, then never again"


EVERY_PACKAGES = 250


class BuildProgress:
    """A watcher for `podlore_lab.build.build` that draws a bar, or writes a line now and then where nobody watches."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("checking the control plane's programs", total=None)
        self._n_modules = 0
        self._said: object = None

    def waiting(self) -> None:
        """Say that somebody else builds."""
        self._show("another process builds the control plane; waiting for it", milestone="waiting")

    def module(self, name: str) -> None:
        """Count a module."""
        self._n_modules += 1
        self._show(
            f"fetching module {self._n_modules}: {name}", milestone=("modules", self._n_modules // EVERY_PACKAGES)
        )

    def packages(self, program: str, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total)
        said = f"building {program}" if self._console.is_terminal else f"building {program}: {done} of {total} packages"
        self._show(said, milestone=(program, done // EVERY_PACKAGES))

    def _show(self, text: str, *, milestone: object) -> None:
        if self._said is None:
            self._console.print(f"Building the control plane's programs ({MINUTES}).", highlight=False, soft_wrap=True)
        self._progress.update(self._task, description=text)
        if milestone != self._said and not self._console.is_terminal:
            self._console.print(text, highlight=False, soft_wrap=True)
        self._said = milestone

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.update(self._task, visible=self._said is not None)
        self._progress.stop()
