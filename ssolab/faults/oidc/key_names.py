"""Faults of `kid`: names that are no names, names that nobody has, and tokens that name no key at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, MISTAKE, of_draft, signed_by, trusting

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_UNKNOWN: Final = "unknown-kid"
_GENUINE: Final = "signed-by-another-key"
_ONE_KEY: Final = {"keys": trusting("own")}


def _strangers(draft: Draft, kit: Kit, kid: object) -> Draft:
    """Have a stranger sign, under a name of the stranger's choice."""
    return signed_by(draft.headed(kid=kid), kit.foreign)


@of_draft("J-06", ATTACK, _UNKNOWN)
def kid_that_is_a_path(draft: Draft, kit: Kit) -> Draft:
    """The token names its key by a path that leads out of the folder of keys.

    A receiver that opens a file of that name reads an empty one, which is a key that everybody has. Names are looked up
    among the trusted keys and nowhere else.
    """
    return _strangers(draft, kit, "../../../../../../dev/null")


@of_draft("J-06", ATTACK, _UNKNOWN)
def kid_that_is_a_query(draft: Draft, kit: Kit) -> Draft:
    """The token names its key by a piece of SQL.

    A receiver that builds its query of it has the attacker choose the key that comes back.
    """
    return _strangers(draft, kit, "x' UNION SELECT 'attacker-key' -- ")


@of_draft("J-06", ATTACK, _UNKNOWN)
def kid_that_is_a_command(draft: Draft, kit: Kit) -> Draft:
    """The token names its key by a command for the shell.

    Libraries have opened a `kid` with a function that runs what follows a bar.
    """
    return _strangers(draft, kit, "|touch /tmp/owned")


@of_draft("J-06", ATTACK, _UNKNOWN)
def kid_that_is_an_address(draft: Draft, kit: Kit) -> Draft:
    """The token names its key by an address on the web.

    It is `jku` in another member. Nothing is fetched from it.
    """
    return _strangers(draft, kit, "https://attacker.example/key")


@of_draft("J-06", ATTACK, _UNKNOWN)
def kid_with_a_null_character(draft: Draft, kit: Kit) -> Draft:
    """The name of the key goes on after a null character.

    Readers in C end the name there, and find the trusted key.
    """
    return _strangers(draft, kit, f"{draft.header.get('kid')}\0.pem")


@of_draft("J-06", ATTACK, _UNKNOWN)
def kid_of_thousands_of_characters(draft: Draft, kit: Kit) -> Draft:
    """The name of the key has thousands of characters.

    It ends up in logs and caches. It is looked up like any other and shown in part.
    """
    return _strangers(draft, kit, "k" * 8000)


@of_draft("J-06", ATTACK, _UNKNOWN, _GENUINE)
def kid_in_another_case(draft: Draft, _kit: Kit) -> Draft:
    """The token names the trusted key in the other case of its letters.

    Thumbprints tell capitals from small letters, and so does the look-up: it is exact.
    """
    return draft.headed(kid=str(draft.header.get("kid")).swapcase())


@of_draft("J-06", MISTAKE, _UNKNOWN, _GENUINE)
def kid_with_a_blank_at_its_end(draft: Draft, _kit: Kit) -> Draft:
    """A blank follows the name of the key.

    It was copied by hand into the settings of the issuer. Nothing is trimmed.
    """
    return draft.headed(kid=f"{draft.header.get('kid')} ")


@of_draft("J-06", MISTAKE, _UNKNOWN, _GENUINE)
def kid_that_is_empty(draft: Draft, _kit: Kit) -> Draft:
    """The name of the key is an empty text.

    That is a name, which no key has, and not the same as none.
    """
    return draft.headed(kid="")


@of_draft("J-06", MISTAKE, "header-of-wrong-type", receiver=_ONE_KEY)
def kid_that_is_a_number(draft: Draft, _kit: Kit) -> Draft:
    """The name of the key is a number.

    One reader looks up 1 and another one the text of it. Names are text.
    """
    return draft.headed(kid=1)


@of_draft("J-06", ATTACK, "header-of-wrong-type", receiver=_ONE_KEY)
def kid_that_is_an_object(draft: Draft, _kit: Kit) -> Draft:
    """The name of the key is an object, as document databases take for a condition.

    In a query it would mean a key of any name. A name is a text, looked up exactly among the trusted keys.
    """
    return draft.headed(kid={"$ne": None})


@of_draft("J-06", MISTAKE, "header-of-wrong-type", receiver=_ONE_KEY)
def kid_that_is_a_list(draft: Draft, _kit: Kit) -> Draft:
    """The name of the key is a list with that name in it.

    Readers that take the first one and readers that take the whole disagree.
    """
    return draft.headed(kid=[draft.header.get("kid")])


@of_draft("J-06", LEGITIMATE, receiver=_ONE_KEY)
def token_without_a_kid_for_one_key(draft: Draft, _kit: Kit) -> Draft:
    """The token names no key, and one is trusted.

    There is nothing to choose. It is accepted, and the report says that a second key would break it.
    """
    return draft.without_header("kid")


@of_draft("J-06", MISTAKE, "several-keys-fit", warns=("token-without-kid",))
def token_without_a_kid_for_two_keys(draft: Draft, _kit: Kit) -> Draft:
    """The token names no key, and two of its kind are trusted.

    Verifiers differ: some try each, some take the first. It works until the day on which the second key is published.
    """
    return draft.without_header("kid")


@of_draft(
    "J-06",
    LEGITIMATE,
    warns=("several-keys-fit", "token-without-kid"),
    receiver={"profile": "salesforce"},
)
def token_without_a_kid_at_salesforce(draft: Draft, _kit: Kit) -> Draft:
    """The token names no key, two of its kind are trusted, and the receiver is as lenient as Salesforce.

    Each key is tried in its turn, and the report remarks on the missing name and on the choice. A strict receiver
    refuses.
    """
    return draft.without_header("kid")
