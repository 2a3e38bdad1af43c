"""Which browser do tests open pages in? Chromium or Chrome, driven by its chromedriver; nothing is fetched.

Where either is missing, tests are skipped; with `MNETCOST_BROWSER=required` they fail, as in `.ci/run`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


def lacking(reason: str) -> NoReturn:
    """Skip, or fail where a browser is required."""
    if os.environ.get("MNETCOST_BROWSER") == "required":
        pytest.fail(f"a browser is required: {reason}")
    pytest.skip(reason)


class Browser:
    """A browser with one page open, and what was logged and requested since it was opened."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, width: int = 1280, dark: bool = False, **media: str) -> None:
        """Open a page in a window of a width; media: such as media="print"."""
        self.driver.get_log("browser"), self.driver.get_log("performance")
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.send("Emulation.setEmulatedMedia", features=features, media=media.get("media", ""))
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        self.driver.get(page.as_uri())

    def send(self, command: str, **values: Any) -> Any:
        """Send a command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(command, values)

    def run(self, script: str, *values: Any) -> Any:
        """What a script returns that is run in the page."""
        return self.driver.execute_script(script, *values)

    def texts(self, selector: str) -> list[str]:
        """The texts of the elements that a selector finds and that are shown, as they are on the screen."""
        script = (
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter(e => e.checkVisibility()).map(e => e.innerText).filter(Boolean)"
        )
        return [" ".join(text.split()) for text in self.run(script, selector)]

    def find(self, selector: str, number: int = 0) -> Any:
        """An element, by a selector and its number among those found."""
        return self.driver.find_elements("css selector", selector)[number]

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def hover(self, element: Any) -> None:
        """Move the mouse onto an element."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).move_to_element(element).perform()

    def until(self, script: str) -> None:
        """Wait until a script returns true, for two seconds at most."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, 2, 0.02).until(lambda _: self.run(f"return {script}"), script)

    def complaints(self) -> list[str]:
        """What the console has: errors, and everything that the policy of the page refused."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses of everything that the page asked for, itself first."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def controls(self) -> list[tuple[str, str]]:
        """The role and the accessible name of everything that can be operated."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        roles = ("button", "checkbox", "slider", "textbox", "searchbox", "link", "combobox")
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"] and node["role"]["value"] in roles
        ]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    chromedriver = shutil.which("chromedriver")
    if program is None or chromedriver is None:
        lacking(
            "chromium or chromedriver is not installed (Debian: apt-get install chromium chromium-driver)"
        )
    try:
        from selenium import webdriver
    except ImportError:
        lacking("selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in SWITCHES:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(chromedriver)  # with a path, selenium fetches none
    driver = webdriver.Chrome(options, service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
