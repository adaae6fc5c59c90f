"""The console in a real browser, against a live server."""

import os
from pathlib import Path
from typing import Any

from accounting.models import Document
from permissions.models import User
from tests.cast import PASSWORD, Company
from tests.console.desk import books_of, reload, staff
from tests.console.test_second_factor import code_of, secret_on

#: Set to a folder to keep what the browser showed.
SCREENSHOTS = os.environ.get("CONSOLE_SCREENSHOTS")


class Watch:
    """Everything that a page complained about, and every host it asked."""

    def __init__(self, page: Any) -> None:
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        page.on("response", self._answered)

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")


def log_in(page: Any, address: str, user: User) -> None:
    page.goto(f"{address}/admin/")
    page.fill("input[name=username]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/admin/")


def keep(page: Any, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def test_sam_switches_company_and_posts_a_draft(
    acme: Company, globex: Company, address: str, browser: Any
) -> None:
    sam = staff(acme, globex)
    sam.switch(globex)
    books = books_of(acme)
    page = browser.pages[0]
    watch = Watch(page)

    log_in(page, address, sam.user)
    first, other = sorted([acme, globex], key=lambda company: company.slug)
    assert first.slug in page.title()
    for company in (other, first, acme):
        page.click("#tenant-switcher > summary")
        with page.expect_navigation():
            page.click(f"#tenant-switcher button[value='{company.tenant_id}']")
        assert company.slug in page.title()
    keep(page, "overview")

    page.click("#nav-sidebar a:has-text('Invoices')")
    page.wait_for_selector("#result_list")
    assert page.locator("#result_list tbody").count() == 3
    keep(page, "list")
    page.click("#result_list a:has-text('Draft')")
    page.wait_for_selector("button:text-is('Post')")
    keep(page, "draft")
    with page.expect_navigation():
        page.click("button:text-is('Post')")
    number = reload(acme, Document, books.draft.id).number
    assert number == "INV-2026-00003"
    assert page.locator(f"text={number} is posted.").count() == 1
    assert page.locator("section:has(h2:text-is('Journal')) tbody tr").count() == 3
    keep(page, "posted")

    page.click("summary:has-text('Reverse')")
    keep(page, "reverse")
    with page.expect_navigation():
        page.click("form[action$='/reverse/'] button")
    assert page.locator("text=is reversed").count() == 1
    keep(page, "reversed")

    assert watch.complaints == []
    assert watch.hosts == {address.removeprefix("http://")}


def test_a_contact_is_filled_in_and_saved(acme: Company, address: str, browser: Any) -> None:
    sam = staff(acme)
    page = browser.pages[0]
    watch = Watch(page)
    log_in(page, address, sam.user)
    page.goto(f"{address}/admin/accounting/contact/add/")
    page.fill("input[name=name]", "Müller & Söhne")
    keep(page, "form")
    with page.expect_navigation():
        page.click("button[name=_save]")
    assert page.locator("#result_list >> text=Müller & Söhne").count() == 1
    page.goto(f"{address}/admin/accounting/account/add/")
    page.click(".select2-selection")
    page.fill(".select2-search__field", "11")
    page.wait_for_selector(".select2-results__option:has-text('1100 Accounts receivable')")
    page.wait_for_selector("text=Searching", state="detached")
    keep(page, "autocomplete")
    assert watch.complaints == []
    assert watch.hosts == {address.removeprefix("http://")}


def test_staff_enrol_a_second_factor_and_enter_with_it(
    acme: Company, address: str, browser: Any, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    sam = staff(acme).user
    page = browser.pages[0]
    watch = Watch(page)
    page.goto(f"{address}/admin/")
    page.fill("input[name=username]", sam.email)
    page.fill("input[name=password]", PASSWORD)
    keep(page, "login")
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/admin/second-factor/enrol/")
    assert page.locator("#picture svg").bounding_box()["width"] > 150
    keep(page, "second-factor-enrol")
    secret = secret_on(page.content())
    page.fill("input[name=code]", code_of(secret))
    page.click("#door-form button")
    page.wait_for_selector("#codes")
    keep(page, "second-factor-codes")
    recovery = page.locator("#codes code").first.text_content()
    page.click("text=To the overview")
    assert acme.slug in page.title()

    browser.clear_cookies()
    page.goto(f"{address}/admin/")
    page.fill("input[name=username]", sam.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/admin/second-factor/")
    keep(page, "second-factor")
    page.fill("input[name=code]", recovery)
    page.click("#door-form button")
    page.wait_for_url(f"{address}/admin/")
    page.goto(f"{address}/admin/second-factor/")
    assert page.locator("text=Recovery codes left: 9").count() == 1
    page.goto(f"{address}/admin/invite/")
    keep(page, "invite")
    page.goto(f"{address}/admin/password_change/")
    keep(page, "password")
    assert watch.complaints == []
    assert watch.hosts == {address.removeprefix("http://")}
