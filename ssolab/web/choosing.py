"""Who logs in at the asserting party: the name that was chosen on its login page, whichever protocol asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.web.errands import LastLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.web.lab import Lab


def chosen(lab: Lab, form: Mapping[str, str]) -> LastLogin:
    """Say who logs in: whoever is chosen, now, or whoever did last, then.

    Raises:
        InputError: nobody did, or nobody has that name.
    """
    if "continue" in form:
        if lab.last_login is None:
            raise InputError("login form", "nobody is logged in any more", "start again and choose a name")
        return lab.last_login
    user = lab.users.get(form.get("username", ""))
    if user is None:
        problem = f"nobody is called {form.get('username', '')!r} here"
        raise InputError("username", problem, "choose one of the names in the form")
    return LastLogin(user, lab.now())
