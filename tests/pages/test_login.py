"""Signing in, and choosing a password by a link."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from router.identity.hashing import Hasher

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "four unrelated words"


@pytest_asyncio.fixture(loop_scope="session")
async def account(service, house):
    """Makes an account that can sign in."""

    async def make(role, email):
        made = await service.account(role, "Sam Lee")
        await house.pool.execute(
            "update account set email = $2, password_hash = $3 where id = $1",
            made,
            email,
            await Hasher().hash(PASSWORD),
        )
        return made

    return make


async def _sign_in(page, email, password):
    await page.get_by_test_id("login-email").fill(email)
    await page.get_by_test_id("login-password").fill(password)
    await page.get_by_test_id("login-submit").click()


@pytest.mark.parametrize(("role", "home"), [("supervisor", "/supervisor"), ("admin", "/admin")])
async def test_after_signing_in_everybody_is_at_their_own_page(
    open_page, account, service, role, home
):
    await account(role, "sam@example.com")
    page = await open_page("/login")
    await _sign_in(page, "sam@example.com", PASSWORD)
    await page.wait_for_url(service.url + home)


async def test_who_was_sent_to_the_login_comes_back_to_their_page(open_page, account, service):
    await account("admin", "sam@example.com")
    page = await open_page("/supervisor")
    await page.wait_for_url("**/login?next=%2Fsupervisor")
    await _sign_in(page, "sam@example.com", PASSWORD)
    await page.wait_for_url(service.url + "/supervisor")


@pytest.mark.parametrize("trap", ["https://evil.example/x", "//evil.example/x", "/\\evil.example"])
async def test_a_link_to_the_login_cannot_send_on_to_another_site(
    open_page, account, service, trap
):
    await account("admin", "sam@example.com")
    page = await open_page(f"/login?next={trap}")
    await _sign_in(page, "sam@example.com", PASSWORD)
    await page.wait_for_url(service.url + "/admin")


async def test_a_wrong_password_is_said_at_its_field_and_too_many_are_said_above(
    open_page, account
):
    await account("admin", "sam@example.com")
    page = await open_page("/login")
    await _sign_in(page, "sam@example.com", "wrong")
    field = page.get_by_test_id("login-password")
    await expect(field).to_have_attribute("aria-invalid", "true")
    described = (await field.get_attribute("aria-describedby") or "").split()
    texts = [await page.locator(f"[id='{id_}']").inner_text() for id_ in described]
    assert any("password" in text.lower() for text in texts), texts
    for _ in range(20):
        if await page.get_by_test_id("login-error").count():
            break
        async with page.expect_response("**/api/login"):
            await page.get_by_test_id("login-submit").click()
        await expect(page.get_by_test_id("login-submit")).to_be_enabled()
    await expect(page.get_by_test_id("login-error")).to_be_visible()


async def test_an_invitation_lets_its_person_choose_a_password_and_sign_in(
    open_page, service, house
):
    admin = await service.account("admin", "Ada")
    status, invited = await service.call(
        "POST",
        "/api/accounts",
        by=admin,
        json={"email": "nora@example.com", "name": "Nora Braun", "role": "supervisor"},
    )
    assert status == 201, invited
    page = await open_page(invited["link"].removeprefix(service.url))
    await page.get_by_test_id("new-password").fill("short")
    await page.get_by_test_id("new-password-again").fill("short")
    await page.get_by_test_id("set-password").click()
    await expect(page.get_by_text("Use at least 10 characters.")).to_be_visible()

    await page.get_by_test_id("new-password").fill(PASSWORD)
    await page.get_by_test_id("new-password-again").fill(PASSWORD + "x")
    await page.get_by_test_id("set-password").click()
    await expect(page.get_by_text("The two passwords differ.")).to_be_visible()

    await page.get_by_test_id("new-password-again").fill(PASSWORD)
    await page.get_by_test_id("set-password").click()
    await expect(page.get_by_test_id("password-set")).to_be_visible()
    await _sign_in(page, "nora@example.com", PASSWORD)
    await page.wait_for_url(service.url + "/supervisor")

    again = await open_page(invited["link"].removeprefix(service.url))
    await again.get_by_test_id("new-password").fill(PASSWORD)
    await again.get_by_test_id("new-password-again").fill(PASSWORD)
    await again.get_by_test_id("set-password").click()
    await expect(again.get_by_test_id("invitation-error")).to_be_visible()
