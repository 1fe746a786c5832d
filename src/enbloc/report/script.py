"""The page's script: its text, the content policy that lets it and nothing else run, and data for it inside HTML."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from markupsafe import Markup

STILL = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a page without a script may do: show its own pictures and styles."""


@cache
def bundle() -> Markup:
    """Our own file, built from web/ of the repository: `scripts` in it are this text and no other."""
    text = files("enbloc.report").joinpath("static/page.js").read_text(encoding="utf-8")
    return Markup(f"\n{text}")  # noqa: S704 - our own file


@cache
def policy(with_script: bool) -> str:
    """The page's content policy. The script is allowed by its hash; no address is ever allowed, nor is `eval`."""
    if not with_script:
        return STILL
    digest = b64encode(sha256(bundle().encode("utf-8")).digest()).decode("ascii")
    return f"{STILL}; script-src 'sha256-{digest}'"


def json_in_html(value: object) -> Markup:
    """`value` as JSON that can end no element: `<`, `>` and `&` are written as escapes, as are non-ASCII letters."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - no sign is left that HTML knows
