"""Admins hand the tokens' secret to host sites, and renew it."""

from __future__ import annotations

import secrets

from router.identity.visitors import make_token


async def _open(service, widget, token):
    body = {"widget": widget, "channel": "chat", "key": secrets.token_hex(16), "token": token}
    status, _ = await service.call("POST", "/api/contacts", json=body)
    return status


async def test_a_renewed_secret_ends_the_tokens_of_the_old_one(service):
    admin = await service.account("admin")
    widget = await service.widget()
    status, workspace = await service.call("GET", "/api/workspace", by=admin)
    assert status == 200
    old = make_token(workspace["token_secret"], "visitor-1")
    assert await _open(service, widget, old) == 201
    status, renewed = await service.call("POST", "/api/workspace/token-secret", by=admin)
    assert status == 200
    assert await _open(service, widget, old) == 401
    assert await _open(service, widget, make_token(renewed["token_secret"], "visitor-1")) == 201


async def test_the_secret_is_for_admins_alone(service):
    for role in ("agent", "supervisor"):
        account = await service.account(role)
        assert (await service.call("GET", "/api/workspace", by=account))[0] == 403
        assert (await service.call("POST", "/api/workspace/token-secret", by=account))[0] == 403
    assert (await service.call("GET", "/api/workspace"))[0] == 401
