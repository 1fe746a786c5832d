"""A browser for the tests: Chromium driven over the W3C WebDriver protocol with nothing but the standard library."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

BASE = [
    "--headless=new", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--hide-scrollbars",
    "--force-device-scale-factor=1", "--window-size=1280,1100",
]  # fmt: skip
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_GL = ["--disable-gpu", "--disable-3d-apis"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"left": "\ue012", "up": "\ue013", "right": "\ue014", "down": "\ue015", "home": "\ue011", "tab": "\ue004"}


def missing() -> str:
    """What is not installed, empty when a browser can be started."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        return "no Chromium is installed"
    return "" if shutil.which("chromedriver") else "no chromedriver is installed"


class Browser:
    """One window. `page` loads a file; what a script left in the console is in `console()`."""

    def __init__(self, address: str, flags: list[str]) -> None:
        self._address = address
        binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        options = {"binary": binary, "args": flags}
        wishes = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "pageLoadStrategy": "normal",
        }
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wishes}})
        self._address += f"/session/{answer['sessionId']}"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._address + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def page(self, path: Path) -> None:
        """Loads a file, and forgets what was asked for before."""
        self._ask("POST", "/url", {"url": "about:blank"})
        self.requested()
        self._ask("POST", "/url", {"url": path.resolve().as_uri()})

    def script(self, text: str, *arguments: object) -> Any:
        return self._ask("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def wait(self, condition: str, seconds: float = 20.0) -> None:
        """Until the JavaScript expression holds."""
        end = time.monotonic() + seconds
        while not self.script(f"return Boolean({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(f"{condition} did not come true; console: {self.console()}")
            time.sleep(0.05)

    def settled(self) -> None:
        """Until two frames have been drawn."""
        body = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(null)))"
        self._ask("POST", "/execute/async", {"script": body, "args": []})

    def find(self, selector: str) -> str:
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return str(found[ELEMENT])

    def click(self, selector: str) -> None:
        self._ask("POST", f"/element/{self.find(selector)}/click", {})

    def press(self, selector: str, keys: str) -> None:
        self._ask("POST", f"/element/{self.find(selector)}/value", {"text": keys})

    def text(self, selector: str) -> str:
        return str(self._ask("GET", f"/element/{self.find(selector)}/text"))

    def shown(self, selector: str) -> bool:
        return bool(self._ask("GET", f"/element/{self.find(selector)}/displayed"))

    def act(self, *actions: dict[str, Any]) -> None:
        self._ask("POST", "/actions", {"actions": list(actions)})

    def drag(self, selector: str, dx: int, dy: int) -> None:
        origin = {ELEMENT: self.find(selector)}
        self.act({
            "type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
            "actions": [
                {"type": "pointerMove", "origin": origin, "x": 0, "y": 0, "duration": 0},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerMove", "origin": "pointer", "x": dx, "y": dy, "duration": 50},
                {"type": "pointerUp", "button": 0},
            ],
        })  # fmt: skip

    def hover(self, selector: str, x: int = 0, y: int = 0) -> None:
        """The mouse to a place counted from the middle of the element."""
        move = {"type": "pointerMove", "origin": {ELEMENT: self.find(selector)}, "x": x, "y": y, "duration": 0}
        self.act({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [move]})

    def wheel(self, selector: str, dy: int) -> None:
        turn = {"type": "scroll", "origin": {ELEMENT: self.find(selector)}, "x": 0, "y": 0, "deltaX": 0, "deltaY": dy}
        self.act({"type": "wheel", "id": "wheel", "actions": [turn]})

    def picture(self, selector: str) -> np.ndarray:
        """What the element looks like, RGB int (rows, columns, 3)."""
        png = base64.b64decode(self._ask("GET", f"/element/{self.find(selector)}/screenshot"))
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)

    def console(self) -> list[str]:
        """Messages since the last call, the worst kinds only."""
        entries = self._ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def requested(self) -> list[str]:
        """Addresses that the page asked for since the last call; chrome:// are the browser's own pages."""
        entries = self._ask("POST", "/se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith("chrome://")]

    def media(self, name: str, features: dict[str, str] | None = None) -> None:
        """`print`, or `screen` again; `features` as in a media query."""
        wished = [{"name": feature, "value": value} for feature, value in (features or {}).items()]
        params = {"media": name, "features": wished}
        self._ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": params})

    def close(self) -> None:
        self._ask("DELETE", "")


@contextmanager
def browser(*extra: str) -> Iterator[Browser]:
    """A headless Chromium of its own profile, ended with everything it started."""
    flags = list(extra) or SOFTWARE_GL
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        environment = {**os.environ, "HOME": profile}
        driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        try:
            opened = Browser(f"http://127.0.0.1:{_port(driver)}", [*BASE, *flags, f"--user-data-dir={profile}/data"])
            try:
                yield opened
            finally:
                opened.close()
        finally:
            driver.terminate()
            driver.wait(10)
            driver.stdout.close()  # type: ignore[union-attr]


def _port(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        found = re.search(r"started successfully on port (\d+)", line)
        if found:
            return int(found.group(1))
    raise RuntimeError("chromedriver did not start")
