from __future__ import annotations

from pathlib import Path

from gridmend.client import Client
from tests.ui.pages.browsing import browser, screen, server
from tests.ui.pages.test_first_account import NAME, PASSWORD, account, log_in, make, set_up

OWN = "nine red kites at dusk"


def test_who_logs_in_with_a_given_password_sees_nothing_but_its_form_until_they_set_their_own(
    bundle: Path, tmp_path: Path
) -> None:
    with browser(tmp_path) as context, server(tmp_path, command="serve") as served:
        admin = screen(context, served.url)
        set_up(admin, served, PASSWORD)
        admin.at("page-users").wait_for()
        make(admin, "john")
        row = account(admin, "john")
        row.locator("[data-test=grant]").click()
        row.get_by_text("everywhere").wait_for()
        admin.at("log-out").click()
        admin.at("page-login").wait_for()
        admin.page.close()

        shown = screen(context, served.url)
        shown.page.clock.install()
        shown.page.goto(served.url)
        shown.at("field-name").fill("john")
        shown.at("field-password").fill(PASSWORD)
        shown.page.keyboard.press("Enter")
        shown.at("page-password").wait_for()
        assert f"{NAME} gave you this password" in shown.at("password-why").inner_text()
        # Neither another address, nor a key, nor loading it anew leads elsewhere.
        for route in ("#/map", "#/users", "#/setup?token=none"):
            shown.page.goto(f"{served.url}/{route}")
            shown.page.reload()
            shown.at("page-password").wait_for()
        shown.page.keyboard.press("Escape")
        shown.page.clock.run_for(30_000)
        assert shown.at("page-password").is_visible() and shown.at("go-map").count() == 0
        read = {url.partition("/api/v1")[2] for url in shown.asked if "/api/v1" in url}
        assert read == {"/session"}, "no feed and no socket"
        assert shown.wrong == []

        # By the keyboard alone: the first field has the focus.
        keys = shown.page.keyboard
        for fields in ((PASSWORD, PASSWORD), (PASSWORD, OWN)):
            for text in fields:
                keys.press("ControlOrMeta+a")
                keys.type(text)
                keys.press("Tab")
            keys.press("Enter")
            if fields[1] == PASSWORD:
                shown.at("password-wrong").filter(has_text="gave you this password").wait_for()
                keys.press("Shift+Tab")
                keys.press("Shift+Tab")
        shown.page.wait_for_selector("[data-test=feed-state][data-state=live]")
        assert shown.at("page-password").count() == 0 and shown.at("go-map").is_visible()


def test_who_has_a_given_password_may_log_out_and_is_asked_again_at_the_next_login(
    bundle: Path, tmp_path: Path
) -> None:
    with browser(tmp_path) as context, server(tmp_path, command="serve") as served:
        shown = screen(context, served.url)
        set_up(shown, served, PASSWORD)
        shown.at("page-users").wait_for()
        make(shown, "john")
        account(shown, "john").wait_for()
        shown.at("log-out").click()
        for _ in range(2):
            log_in(shown, "john", PASSWORD)
            shown.at("page-password").wait_for()
            for _ in range(3):
                shown.page.keyboard.press("Tab")
            assert shown.page.evaluate("document.activeElement.dataset.test") == "log-out"
            shown.page.keyboard.press("Enter")
        log_in(shown, NAME, PASSWORD)
        shown.at("page-users").wait_for()


def test_whoever_had_the_room_open_reads_no_more_of_it_once_they_are_given_another_password(
    bundle: Path, tmp_path: Path
) -> None:
    with browser(tmp_path) as context, server(tmp_path, command="serve") as served:
        shown = screen(context, served.url)
        shown.page.clock.install()
        set_up(shown, served, PASSWORD)
        shown.at("page-users").wait_for()
        shown.at("log-out").click()
        shown.at("page-login").wait_for()
        with Client(served.url, name=NAME, password=PASSWORD) as admin:
            admin.post("/users", name="john", password=PASSWORD)
            admin.post("/users/john/grants", role="viewer", area="")
            with Client(served.url, name="john", password=PASSWORD) as john:
                john.set_password(PASSWORD, OWN)
            log_in(shown, "john", OWN)
            shown.page.wait_for_selector("[data-test=feed-state][data-state=live]")
            admin.put("/users/john/password", password=PASSWORD)
        log_in(shown, "john", PASSWORD)
        shown.at("page-password").wait_for()
        shown.asked.clear()
        # Longer than a page waits to open its socket again.
        shown.page.clock.run_for(30_000)
        read = {url.partition("/api/v1")[2] for url in shown.asked if "/api/v1" in url}
        assert read <= {"/session"}
        assert shown.at("page-password").is_visible()
