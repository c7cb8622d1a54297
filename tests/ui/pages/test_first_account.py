from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator

from tests.ui.pages.browsing import Screen, Server, browser, screen, server

NAME, PASSWORD = "irene", "a long and quiet river 7"


def test_the_first_account_is_made_by_the_one_time_link_and_has_no_right_over_the_network(
    bundle: Path, tmp_path: Path
) -> None:
    with browser(tmp_path) as context, server(tmp_path, command="serve") as served:
        shown = screen(context, served.url)
        shown.page.goto(served.url)
        shown.at("page-setup").wait_for()

        set_up(shown, served, "short")
        shown.at("login-wrong").wait_for()
        set_up(shown, served, PASSWORD)
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
        log_in(shown, NAME, "another one entirely 8")
        shown.at("login-wrong").wait_for()
        shown.at("field-password").fill(PASSWORD + " 8")
        shown.page.keyboard.press("Enter")
        shown.at("page-users").wait_for()

        # The link has done its work.
        shown.at("log-out").click()
        shown.at("page-login").wait_for()
        set_up(shown, served, PASSWORD, name="another")
        shown.at("login-wrong").wait_for()


def test_another_tab_goes_on_after_a_new_password_and_does_nothing_in_anothers_name(
    bundle: Path, tmp_path: Path
) -> None:
    with browser(tmp_path) as context, server(tmp_path, command="serve") as served:
        here = screen(context, served.url)
        set_up(here, served, PASSWORD)
        here.at("page-users").wait_for()
        there = screen(context, served.url)
        there.page.goto(served.url)
        there.at("page-users").wait_for()

        here.at("user").click()
        here.at("field-present").fill(PASSWORD)
        here.at("field-password").fill(PASSWORD + " 8")
        here.at("password-set").click()
        here.at("password-set").wait_for(state="detached")
        make(there, "john")
        account(there, "john").wait_for()
        assert there.at("note").filter(has_text="X-CSRF").count() == 0
        refused = [one for one in there.wrong if one.startswith("403 ")]
        assert len(refused) == 1, "the old token was refused, and the change asked for once more"

        here.at("log-out").click()
        here.at("page-login").wait_for()
        log_in(here, "john", PASSWORD)
        here.at("field-present").fill(PASSWORD)
        here.at("field-password").fill(PASSWORD + " 9")
        here.at("password-set").click()
        here.at("user").filter(has_text="john").wait_for()
        asked: list[str] = []
        there.page.on("request", lambda each: asked.append(f"{each.method} {each.url[-6:]}"))
        make(there, "kate")
        there.at("note").filter(has_text="john is logged in in this browser now").wait_for()
        there.at("user").filter(has_text="john").wait_for()
        assert asked.count("POST /users") == 1, "john was not asked to do it"


def set_up(shown: Screen, served: Server, password: str, name: str = NAME) -> None:
    """Make the first account by the one-time link."""
    shown.page.goto(served.setup)
    shown.page.reload()
    shown.at("field-name").fill(name)
    shown.at("field-password").fill(password)
    shown.at("set-up").click()


def account(shown: Screen, name: str) -> Locator:
    return shown.page.locator("[data-test=account]", has_text=name)


def make(shown: Screen, name: str) -> None:
    """Ask for a new account."""
    shown.at("user-name").fill(name)
    shown.at("user-password").fill(PASSWORD)
    shown.at("user-make").click()


def log_in(shown: Screen, name: str, password: str) -> None:
    """By the form, once it is there."""
    shown.at("page-login").wait_for()
    shown.at("field-name").fill(name)
    shown.at("field-password").fill(password)
    shown.at("log-in").click()
