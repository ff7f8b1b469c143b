"""The lab's JSON interface to keys and trust: a key made, moved through its life, trusted, and read anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.core.unwelcome import unusable_certificate
from ssolab.documents import recognise
from ssolab.files import read_file, shown_name
from ssolab.oidc.keyring import KeyState, KeyVerb
from ssolab.web.api import authorise, body_of, members_of, text_in
from ssolab.web.holders import Holder, TrustVerb
from ssolab.web.key_material import made_from
from ssolab.web.key_waits import copy_row, key_row, ring_rows
from ssolab.web.keys import sides
from ssolab.web.pages import json_answer, redirect
from ssolab.web.party_names import holder_named
from ssolab.web.rings import add_key, move_key, ring_of, rings
from ssolab.web.rp_copy import read_anew
from ssolab.web.trusting import change_trust

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate
    from ssolab.oidc.life import LifeKey
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

PASSWORD = "SSOLAB_PASSWORD"  # noqa: S105  the name of a variable
_MOVE = "<any(publish, swap, unpublish, compromise):verb>"


def add_keys_interface(app: LabApp, lab: Lab) -> None:
    """Give an application the addresses for keys and trust."""

    @app.get("/api/keys")
    def api_keys() -> Response:
        rows = [{"party": side["entity_id"], "side": side["side"]} | row for side in sides(lab) for row in side["rows"]]
        return json_answer({"keys": rows, "ring": ring_rows(lab), "copy": copy_row(lab)})

    @app.post("/api/keys")
    def api_add_key() -> Response:
        authorise(lab)
        return _told(lab, *_added(lab, body_of()), status=201)

    @app.post(f"/api/keys/<path:key>/{_MOVE}")
    def api_move_key(key: str, verb: str) -> Response:
        authorise(lab)
        wanted = body_of()
        members_of(wanted, "key", "party")
        only = holder_named(lab, text_in(wanted, "party")) if "party" in wanted else None
        return _told(lab, *move_key(lab, key, KeyVerb(verb), only))

    @app.post("/api/parties/<path:party>/trust")
    def api_trust(party: str) -> Response:
        authorise(lab)
        entry = _trusted(lab, party, body_of())
        return json_answer({"summary": entry.summary, "journal": entry.number})

    @app.post("/keys")
    def new_key_button() -> Response:
        authorise(lab, request.form.get("token", ""))
        _added(lab, {"from": "new", **{name: request.form.get(name, "") for name in ("party", "label")}})
        return redirect(f"/?token={lab.token}#keys", code=303)

    @app.post(f"/keys/<path:key>/{_MOVE}")
    def move_button(key: str, verb: str) -> Response:
        authorise(lab, request.form.get("token", ""))
        only = holder_named(lab, request.form["party"]) if "party" in request.form else None
        move_key(lab, key, KeyVerb(verb), only)
        return redirect(f"/?token={lab.token}#keys", code=303)

    @app.post("/keys-copy/<any(refresh, restart):how>")
    def copy_button(how: str) -> Response:
        authorise(lab, request.form.get("token", ""))
        read_anew(lab, restart=how == "restart")
        return redirect(f"/?token={lab.token}#keys", code=303)


def reads_keys(lab: Lab, party: str) -> bool:
    """Say whether a party of that name is the relying party of OpenID Connect, which reads its provider's keys."""
    try:
        return holder_named(lab, party) is Holder.CLIENT
    except InputError:
        return False


def refreshed_copy(lab: Lab, wanted: dict[str, Any]) -> dict[str, Any]:
    """Have the relying party of OpenID Connect read its provider's keys anew, or start cold.

    Raises:
        InputError: it is asked for in a way that is not known, or its keys are pinned.
    """
    members_of(wanted, "refresh", "restart")
    restart = wanted.get("restart", False)
    if not isinstance(restart, bool):
        raise InputError("restart", f"{str(restart)[:80]!r} is neither true nor false", "send true or false")
    entry = read_anew(lab, restart=restart)
    return {"accepted": entry.accepted, "summary": entry.summary, "journal": entry.number, "copy": copy_row(lab)}


def _added(lab: Lab, wanted: dict[str, Any]) -> tuple[LifeKey, Entry]:
    members_of(wanted, "key", "party", "label", "from", "alias")
    holder = holder_named(lab, text_in(wanted, "party"))
    label = text_in({"label": "", **wanted}, "label").strip()
    if len(label) > 64 or not label.isprintable():  # noqa: PLR2004  RFC 5280 A.1, ub-common-name
        raise InputError("label", "it is too long, or cannot be shown", "send at most 64 characters")
    alias = text_in(wanted, "alias") if "alias" in wanted else None
    ring = ring_of(lab, holder)
    like = next((key for key in ring.keys if key.state is KeyState.ACTIVE), ring.keys[0])
    source = text_in(wanted, "from")
    return add_key(lab, holder, made_from(source, label, like, lab.now(), alias, os.environ.get(PASSWORD)))


def _trusted(lab: Lab, party: str, wanted: dict[str, Any]) -> Entry:
    verbs = [verb for verb in TrustVerb if verb in wanted]
    members_of(wanted, "trust", *TrustVerb, "client")
    if len(verbs) != 1:
        remedy = 'send one of {"add": certificate}, {"replace": certificate} and {"remove": certificate}'
        raise InputError("trust", "needs exactly one of add, replace and remove", remedy)
    client = text_in(wanted, "client") if "client" in wanted else None
    certificate = _certificate(lab, text_in(wanted, verbs[0]), verbs[0])
    return change_trust(lab, holder_named(lab, party), verbs[0], certificate, client)


def _certificate(lab: Lab, given: str, name: str) -> Certificate:
    """Read a certificate: PEM or base64 as it was sent, that of a key of the lab by its kid, or a file.

    Raises:
        InputError: it is none, or there is no such file.
    """
    for ring in rings(lab).values():
        for key in ring.keys:
            if given in (key.kid, key.public.sha256) and key.certificate is not None:
                return key.certificate
    try:
        if "-----BEGIN" in given or given.startswith("MII"):
            return recognise(given.encode(), name).one_certificate()
        return recognise(read_file(given), shown_name(given)).one_certificate()
    except InputError as error:
        raise unusable_certificate(error.name, error.problem, error.remedy) from None


def _told(lab: Lab, key: LifeKey, entry: Entry, *, status: int = 200) -> Response:
    rows = [
        key_row(lab, holder, each) for holder, ring in rings(lab).items() for each in ring.keys if each.kid == key.kid
    ]
    return json_answer(
        {"key": rows[0], "ring": ring_rows(lab), "summary": entry.summary, "journal": entry.number}, status
    )
