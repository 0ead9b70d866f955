"""A real Chromium for tests: launching it, watching what a page does, and driving GraphiQL.

The synchronous API of playwright keeps an event loop running in the thread that started it, so a
module that uses it has no asyncio tests.
"""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from starlette.types import ASGIApp

T = TypeVar("T")
Editor = Literal["query", "variables", "headers", "response"]

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_REPORT_VIOLATIONS = """
addEventListener('securitypolicyviolation', (event) => console.error(
  `CSP violation: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
_MODELS: dict[Editor, str] = {
    "query": "operation.graphql",
    "variables": "variables.json",
    "headers": "request-headers.json",
    "response": "response.json",
}
_VALUE = """(name) => globalThis.__MONACO?.editor.getModels()
    .find((model) => model.uri.path.endsWith(name))?.getValue() ?? null"""
_FOCUS = """(name) => globalThis.__MONACO.editor.getEditors()
    .find((editor) => editor.getModel()?.uri.path.endsWith(name)).focus()"""


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve `app` with uvicorn on a free port; give its address, without a trailing slash."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), "the server to start")
        assert server.started, "the server ended as it started"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Launch a headless Chromium that reaches this machine alone."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    assert path, f"no Chromium on the PATH (looked for {', '.join(_NAMES)}): install one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """What went wrong in a browser context, as it happened.

    `allowed_statuses` are statuses of 400 and above that a test means to cause.
    """

    origin: str
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)
    bad_statuses: list[tuple[int, str]] = field(default_factory=list)
    allowed_statuses: set[int] = field(default_factory=set)

    def assert_clean(self) -> None:
        bad = [entry for entry in self.bad_statuses if entry[0] not in self.allowed_statuses]
        assert (self.violations, self.errors, self.foreign_requests, bad) == ([], [], [], [])

    def _note_console(self, message: ConsoleMessage) -> None:
        if "CSP violation" in message.text or "Content Security Policy" in message.text:
            self.violations.append(message.text)

    def _note_request(self, url: str) -> None:
        parts = urlsplit(url)
        is_local = parts.scheme in {"data", "blob"} or parts.netloc == urlsplit(self.origin).netloc
        if not is_local:
            self.foreign_requests.append(url)

    def _note_response(self, status: int, url: str) -> None:
        if status >= 400:
            self.bad_statuses.append((status, url))


def watch(context: BrowserContext, origin: str) -> Watch:
    """Watch every page of `context` from now on. `origin` is where its requests may go."""
    seen = Watch(origin)
    context.add_init_script(_REPORT_VIOLATIONS)
    context.on("console", seen._note_console)
    context.on("weberror", lambda error: seen.errors.append(str(error.error)))
    context.on("request", lambda request: seen._note_request(request.url))
    context.on("response", lambda response: seen._note_response(response.status, response.url))
    return seen


def wait_until(probe: Callable[[], T], what: str, seconds: float = 15) -> T:
    """Call `probe` until it gives something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return value


@dataclass(frozen=True, slots=True)
class GraphiQL:
    """The GraphiQL page in a browser tab.

    Its CSP blocks evaluation, so playwright's own `wait_for_function` cannot be used on it; what
    is in the editors is read through Monaco, which renders only the lines in view.
    """

    page: Page

    def open(self, url: str) -> None:
        """Load the page; return when its editors stand and the schema has come or failed."""
        self.page.goto(url)
        self._await_ready()

    def reload(self) -> None:
        self.page.reload()
        self._await_ready()

    def tabs(self) -> list[str]:
        return self.page.locator(".graphiql-tab-button").all_inner_texts()

    def active_tab(self) -> str:
        return self.page.locator(".graphiql-tab-active .graphiql-tab-button").inner_text()

    def choose_tab(self, title: str) -> None:
        self.page.locator(".graphiql-tab-button", has_text=re.compile(f"^{title}$")).click()

    def text(self, editor: Editor) -> str:
        value = self.page.evaluate(_VALUE, _MODELS[editor])
        return value if isinstance(value, str) else ""

    def type(self, editor: Editor, text: str) -> None:
        """Put `text` in the place of what the editor holds.

        It is typed, so Monaco closes a bracket that `text` leaves open: leave none.
        """
        self.page.evaluate(_FOCUS, _MODELS[editor])
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)
        assert self.text(editor) == text

    def show_tools(self, name: Literal["Variables", "Headers"]) -> None:
        self.page.locator(".graphiql-editor-tools").get_by_role("button", name=name).click()

    def start(self) -> None:
        """Press Run, without waiting for the answer."""
        self.page.locator(".graphiql-execute-button").click()

    def run(self) -> dict[str, Any]:
        """Press Run and return the answer."""
        self.start()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Wait for the answer of the request that was started last."""
        # GraphiQL empties the response as it sends.
        text = self.wait(lambda: self.text("response"), "an answer")
        value = json.loads(text)
        assert isinstance(value, dict)
        return value

    def wait(self, probe: Callable[[], T], what: str) -> T:
        """`wait_until` that lets the browser's events arrive meanwhile."""

        def poll() -> T:
            self.page.wait_for_timeout(20)
            return probe()

        return wait_until(poll, what)

    def show(self, plugin: str) -> None:
        """Open a pane on the left, by its title."""
        self.page.get_by_role("button", name=f"Show {plugin}", exact=True).click()

    def pane(self) -> str:
        return self.page.locator(".graphiql-plugin").inner_text()

    def wait_for_pane(self, pattern: str) -> str:
        return self.wait(
            lambda: text if re.search(pattern, text := self.pane()) else "",
            f"{pattern!r} in the pane",
        )

    def _await_ready(self) -> None:
        self.page.locator(".graphiql-query-editor .monaco-editor").wait_for()
        self.page.locator(".graphiql-response .monaco-editor").wait_for()
        self.page.locator(".graphiql-sidebar .graphiql-spin").wait_for(state="detached")
