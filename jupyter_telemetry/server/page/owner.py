"""Whose server this is: under a Hub one user's, else of whoever holds its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOT_THE_OWNER", "is_owner"]

SERVICE = "JUPYTERHUB_SERVICE_NAME"
VARIABLE = "JUPYTERHUB_USER"  # which a Hub sets for each single-user server
NOT_THE_OWNER = (
    "This page shows what is recorded about the person whom this server belongs to, and lets them decide about it. "
    "You are logged in as somebody else, so it stays closed to you, also if this server is shared with you or you "
    "administer the Hub. To see what is recorded about you, open the same page on a server of your own."
)


def is_owner(user: object, environ: Mapping[str, str]) -> bool:
    """Say whether a logged-in user is the one whom the server belongs to.

    Without a Hub everyone who is logged in is. Under a Hub it is the user of that name, whatever access others were
    given; a Hub's service is nobody's user, even if it is called like one, and a server that is a service is nobody's.
    """
    owner = environ.get(VARIABLE)
    if owner is None:
        return not environ.get(SERVICE)
    hub_user = getattr(user, "hub_user", None)  # JupyterHub's own model, with its kind
    is_service = isinstance(hub_user, dict) and hub_user.get("kind", "user") != "user"
    return bool(owner) and getattr(user, "username", None) == owner and not is_service
