from __future__ import annotations

from pathlib import Path

from tests.ui.pages.browsing import browser, screen, server

NAME, PASSWORD = "irene", "a long and quiet river 7"


def test_the_first_account_is_made_by_the_one_time_link_and_has_no_right_over_the_network(
    bundle: Path, tmp_path: Path
) -> None:
    with browser(tmp_path) as context, server(tmp_path, command="serve") as served:
        shown = screen(context, served.url)
        shown.page.goto(served.url)
        shown.at("page-setup").wait_for()

        shown.page.goto(served.setup)
        shown.at("field-name").fill(NAME)
        shown.at("field-password").fill("short")
        shown.at("set-up").click()
        shown.at("login-wrong").wait_for()
        shown.at("field-password").fill(PASSWORD)
        shown.at("set-up").click()
        shown.at("page-users").wait_for()
        shown.page.locator("[data-test=account]", has_text=NAME).wait_for()
        assert shown.at("go-map").count() == 0
        assert shown.at("demonstration").count() == 0
        assert shown.at("world").inner_text() == "SIMULATED FIELD"

        shown.at("user").click()
        shown.at("field-present").fill("not the present one")
        shown.at("field-password").fill(PASSWORD + " 8")
        shown.at("password-set").click()
        shown.at("password-wrong").wait_for()
        shown.page.screenshot(path=tmp_path / "password.png")
        shown.at("field-present").fill(PASSWORD)
        shown.at("password-set").click()
        shown.at("password-set").wait_for(state="detached")
        shown.at("page-users").wait_for()

        shown.at("log-out").click()
        shown.at("page-login").wait_for()
        assert shown.at("world").inner_text() == "SIMULATED FIELD"
        shown.at("field-name").fill(NAME)
        shown.at("field-password").fill("another one entirely 8")
        shown.at("log-in").click()
        shown.at("login-wrong").wait_for()
        shown.at("field-password").fill(PASSWORD + " 8")
        shown.page.keyboard.press("Enter")
        shown.at("page-users").wait_for()

        # The link has done its work.
        shown.at("log-out").click()
        shown.at("page-login").wait_for()
        shown.page.goto(served.setup)
        shown.page.reload()
        shown.at("field-name").fill("another")
        shown.at("field-password").fill(PASSWORD)
        shown.at("set-up").click()
        shown.at("login-wrong").wait_for()
