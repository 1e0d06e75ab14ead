"""A fleet and Dagster's pages of it, to be opened in a browser.

To be staged before a browser is started: its event loop runs for as long as it does, and an agent needs one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.dagster_ui import DagsterUi, dagster_ui
from tests.support.fleet import Fleet, fleet

PATIENCE = 180_000
"""Most milliseconds until something has to be on a page: it asks the server some hundred times, and neither is alone on
its machine."""

SIZE = {"width": 1440, "height": 900}
AT_HOME = ("https://forge.example/", "https://docs.dagster.io", "https://github.com/dagster-io", "https://dagster.io")
"""Where links of these pages may lead: where the contracts are shown, and the pages of Dagster itself."""

RUNS = "{runsOrError(limit: 50) {... on Runs {results {runId jobName}}}}"


@dataclass(frozen=True)
class Staged:
    """A fleet, and the UI that shows it."""

    fleet: Fleet
    ui: DagsterUi

    def run_of(self, job: str) -> str:
        """The path of the page of the last run of a job."""
        runs = self.ui.ask(RUNS)["runsOrError"]["results"]
        return f"/runs/{next(each['runId'] for each in runs if each['jobName'] == job)}"

    def at_home(self, url: str) -> bool:
        """Whether what is at an address comes from the UI, or is in the page itself."""
        return url.startswith((f"{self.ui.url}/", f"ws{self.ui.url.removeprefix('http')}/", "data:", "blob:"))


@contextmanager
def stage(folder: Path, strange: Sequence[str] = ()) -> Iterator[Staged]:
    """The fleet with the UI, whose daemon does not run."""
    with fleet(folder, strange) as there, dagster_ui(folder, there.context()) as ui:
        yield Staged(there, ui)


def visiting(context: Any) -> Iterator[Callable[[Staged, str], Any]]:
    """Opens pages in a context of a browser; a dialog, an exception in one, or a request to elsewhere is an error in
    the end."""
    pages, complaints = [], []

    def open_(on: Staged, path: str) -> Any:
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda asked: None if on.at_home(asked.url) else complaints.append(asked.url))
        page.goto(on.ui.url + quote(path, safe="/?=&%"))
        return page

    yield open_
    for page in pages:
        page.close()
    assert not complaints


def patient(browser: Any) -> Any:
    """A context of a browser: what one of its pages has fetched, the next ones have."""
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(PATIENCE)
    return context


def until(page: Any, *texts: str) -> None:
    """Wait for all of these texts to be seen on a page."""
    for text in texts:
        page.get_by_text(text).first.wait_for()
