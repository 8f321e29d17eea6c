"""What a person sees of a build: one bar over all packages of all programs."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

MINUTES = "10-15 minutes on two cores the first time, then never again"


class BuildProgress:
    """A watcher for `podlore_lab.build.build` that draws a bar; use as a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console or Console(stderr=True),
        )
        self._task = self._progress.add_task("checking the control plane's programs", total=None)
        self._n_modules = 0
        self._announced = False

    def waiting(self) -> None:
        """Say that somebody else builds."""
        self._describe("another process builds the control plane; waiting for it")

    def module(self, name: str) -> None:
        """Count a module."""
        self._announce()
        self._n_modules += 1
        self._describe(f"fetching module {self._n_modules}: {name.split(maxsplit=1)[0]}")

    def packages(self, program: str, done: int, total: int) -> None:
        """Move the bar."""
        self._announce()
        self._progress.update(self._task, description=f"building {program}", completed=done, total=total)

    def _announce(self) -> None:
        if not self._announced:
            self._announced = True
            self._progress.console.print(f"Building the control plane's programs ({MINUTES}).", highlight=False)

    def _describe(self, text: str) -> None:
        self._progress.update(self._task, description=text)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._progress.update(self._task, visible=self._announced)
        self._progress.stop()
