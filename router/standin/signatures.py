"""How a webhook is signed, and what its parameters look like on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urldefrag, urlencode

from twilio.request_validator import RequestValidator


class Signer:
    """Signs with the account's auth token."""

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def request(
        self, method: str, url: str, params: Mapping[str, str]
    ) -> tuple[str, str | None, dict[str, str]]:
        """The address, the body and the headers to send.

        The signature covers the exact address, query included, and for a POST the parameters,
        sorted and joined without a separator:
        https://www.twilio.com/docs/usage/security#validating-requests
        """
        address, _ = urldefrag(url)
        headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        if method == "GET":
            if params:
                address += ("&" if "?" in address else "?") + urlencode(params)
            headers["X-Twilio-Signature"] = self._validator.compute_signature(address, {})
            return address, None, headers
        headers["X-Twilio-Signature"] = self._validator.compute_signature(address, dict(params))
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        return address, urlencode(params), headers
