"""`make pictures`: docs/demo.png, as a visitor sees the page after row 5."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from mailgate.demo import story as stories
from mailgate.demo.page import served
from tests.demo import demo

TARGET = Path(__file__).parents[2] / "docs" / "demo.png"
WIDTH, HEIGHT = 1280, 1500
FONT = '*{font-family:"Liberation Sans",Arial,sans-serif!important}'  # the same everywhere


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as world,
        served(world, stories.load(), 0) as url,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--force-color-profile=srgb"]
        )
        context = browser.new_context(
            bypass_csp=True, viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light"
        )
        page = context.new_page()
        page.goto(url)
        for _ in range(5):
            page.get_by_role("button", name="Envoyer").click()
        page.add_style_tag(content=FONT)
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
