"""The page in a real browser, at a desktop's and a phone's size."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from rag_cs.server.app import create_app
from tests.test_bootstrap import make_system

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FACT = "自签收之日起7天内，商品未使用的，可以申请无理由退货。"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    system = make_system(tmp_path / "indexes", FACT)
    store = system.store("demo", create=True)
    store.ingester.ingest(f"# 退货政策\n\n{FACT}".encode(), "退货政策.md")
    config = uvicorn.Config(
        create_app(system, anonymous=True), host="127.0.0.1", port=0, log_level="warning"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join()
    system.close()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (375, 700), (320, 600)])
def test_one_can_ask_upload_and_switch_the_language(
    address: str, tmp_path: Path, width: int, height: int
) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: line.type == "error" and problems.append(line.text))
        page.goto(address)
        expect(page.get_by_role("heading")).to_have_text("Ask the store")
        page.get_by_label("Your question").fill("几天之内可以申请无理由退货？")
        page.keyboard.press("Enter")
        expect(page.locator(".message.answered > p")).to_have_text(FACT)
        expect(page.locator("blockquote")).to_have_text(FACT)
        page.reload()  # another conversation: what was said before would count
        page.get_by_label("Your question").fill("<b>Is it raining</b>")
        page.get_by_role("button", name="Ask").click()
        expect(page.locator(".message.abstained")).to_contain_text("I don't know")
        expect(page.locator(".message.mine").last).to_have_text("<b>Is it raining</b>")
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("heading")).to_have_text("问问小店")
        page.get_by_text("商家：添加资料").click()
        page.locator("#upload-store").fill("新店")
        (tmp_path / "运费.md").write_text("满199元包邮。", "utf-8")
        page.locator("#upload-file").set_input_files(tmp_path / "运费.md")
        page.get_by_role("button", name="上传").click()
        expect(page.locator("#jobs li")).to_contain_text("已添加")
        expect(page.locator("#store")).to_have_value("新店")
        overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert page.evaluate(overflow) is False
        page.screenshot(path=tmp_path / "page.png")
        assert problems == []
        browser.close()
