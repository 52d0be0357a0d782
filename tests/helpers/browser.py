"""Looking at a page in a real browser: Chromium of the system, driven by Playwright."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

DESKTOP, PHONE = 1200, 390

FAINT = """() => {
  // WCAG 2.2, 1.4.3: the contrast of text, which is of luminance alone and so needs no colour.
  const probe = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => {
    probe.clearRect(0, 0, 1, 1); probe.fillStyle = colour; probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b]
    .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(c => c.nodeType === 3 && c.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const ink = rgb(node instanceof SVGElement ? style.fill : style.color);
    const [one, other] = [luminance(ink), luminance(behind(node))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) faint.push(`${node.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return faint;
}"""


@dataclass(frozen=True)
class Browser:
    """A browser that opens one file after another."""

    driver: Any

    def open(self, file: Path, width: int, *, scheme: Literal["light", "dark"] = "light") -> Page:
        page: Page = self.driver.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        page.goto(file.as_uri())
        return page


def fits(page: Page) -> bool:
    """Return whether nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def requests(page: Page) -> int:
    """Return how many files the page asked for beside itself."""
    return int(page.evaluate("performance.getEntriesByType('resource').length"))


def faint_texts(page: Page) -> list[str]:
    """Return the texts that are hard to tell from what is behind them."""
    return list(page.evaluate(FAINT))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        driver = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield Browser(driver)
        driver.close()
