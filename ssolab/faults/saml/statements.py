"""Assertions and Responses that lack what a login needs, say too much, or say that nobody logged in."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import added, find, named, put, remove, reworded, without
from ssolab.saml.names import AUTHN_FAILED, EMAIL, RESPONDER, SUCCESS

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_CONDITIONS = "saml:Assertion/saml:Conditions"
_OUTER_CODE = "samlp:Status/samlp:StatusCode"


@fault("S-08", Nature.ATTACK, Stage.TREE, trips=("status-not-success",), cites="SAML2Core 3.2.2.2")
def failure_with_an_assertion(root: Element, _kit: Kit) -> Element:
    """The Status says that the login failed, and an assertion is there all the same.

    The Status decides: whoever looks for an assertion first logs somebody in whom the identity provider refused.
    """
    code = find(root, _OUTER_CODE)
    code.set("Value", RESPONDER)
    return added(root, _OUTER_CODE, "samlp:StatusCode", Value=AUTHN_FAILED)


@fault("S-08", Nature.ATTACK, Stage.TREE, trips=("status-not-success",), cites="SAML2Core 3.2.2.2")
def success_below_a_failure(root: Element, _kit: Kit) -> Element:
    """The outer StatusCode says that the login failed, an inner one says Success.

    Only the outermost code tells how the request went. A search for Success anywhere finds the wrong one.
    """
    find(root, _OUTER_CODE).set("Value", RESPONDER)
    return added(root, _OUTER_CODE, "samlp:StatusCode", Value=SUCCESS)


@fault("S-08", Nature.MISTAKE, Stage.TREE, trips=("status-not-success",), cites="SAML2Core 3.2.2", lax=True)
def no_status(root: Element, _kit: Kit) -> Element:
    """The Response has no Status.

    The schema demands it, and what is not there is no success.
    """
    return without(root, "samlp:Status")


@fault(
    "S-08", Nature.LEGITIMATE, Stage.TREE, signs=("response",), trips=("status-not-success",), cites="SAML2Prof 4.1.4.2"
)
def refused_by_the_identity_provider(root: Element, _kit: Kit) -> Element:
    """The identity provider refuses the login, in the way in which it should.

    A signed Response with a failure and no assertion. The receiver shows the codes and logs nobody in.
    """
    remove(find(root, "saml:Assertion"))
    find(root, _OUTER_CODE).set("Value", RESPONDER)
    return added(root, _OUTER_CODE, "samlp:StatusCode", Value=AUTHN_FAILED)


@fault(
    "S-08",
    Nature.MISTAKE,
    Stage.TREE,
    signs=("response",),
    trips=("assertion-missing",),
    cites="SAML2Prof 4.1.4.2",
)
def success_without_an_assertion(root: Element, _kit: Kit) -> Element:
    """The Response says Success and holds no Assertion.

    Nobody is in it. A receiver that goes on with an earlier session, or with an empty name, is wrong.
    """
    return without(root, "saml:Assertion")


@fault("S-09", Nature.MISTAKE, Stage.TREE, trips=("conditions-missing",), cites="SAML2Prof 4.1.4.2")
def no_conditions(root: Element, _kit: Kit) -> Element:
    """The assertion has no Conditions.

    It is bound to no audience and to no time.
    """
    return without(root, _CONDITIONS)


@fault("S-09", Nature.MISTAKE, Stage.TREE, trips=("authn-statement-missing",), cites="SAML2Prof 4.1.4.2", lax=True)
def no_authn_statement(root: Element, _kit: Kit) -> Element:
    """The assertion states attributes and no login.

    Answers to attribute queries look like this. They do not say that anybody logged in.
    """
    return without(root, "saml:Assertion/saml:AuthnStatement")


@fault("S-12", Nature.MISTAKE, Stage.TREE, trips=("condition-unknown",), cites="SAML2Core 2.5.1.1", lax=True)
def unknown_condition(root: Element, _kit: Kit) -> Element:
    """The assertion sets a condition that no standard names.

    Whoever does not understand a condition cannot judge it, so the assertion is not valid for them.
    """
    return added(root, _CONDITIONS, "saml:Condition")


@fault("S-12", Nature.LEGITIMATE, Stage.TREE, cites="SAML2Core 2.5.1.5")
def one_time_use(root: Element, _kit: Kit) -> Element:
    """The assertion may be used once, and no other assertions may be based on it.

    OneTimeUse and ProxyRestriction are conditions of the standard. A service provider that neither keeps nor passes on
    an assertion meets both.
    """
    added(root, _CONDITIONS, "saml:OneTimeUse")
    return added(root, _CONDITIONS, "saml:ProxyRestriction", Count="0")


@fault("S-12", Nature.MISTAKE, Stage.TREE, trips=("version-unsupported",), cites="SAML2Core 4.1", lax=True)
def assertion_of_another_version(root: Element, _kit: Kit) -> Element:
    """The assertion says that it is of version 1.1.

    Nothing that SAML 2.0 promises can be expected of it, so it is not read any further.
    """
    return put(root, "saml:Assertion", Version="1.1")


@fault("S-12", Nature.MISTAKE, Stage.TREE, trips=("version-unsupported",), cites="SAML2Core 4.1", lax=True)
def response_without_a_version(root: Element, _kit: Kit) -> Element:
    """The Response has no Version.

    The schema demands it. What is not SAML 2.0 by its own word is not read as SAML 2.0.
    """
    return put(root, ".", Version=None)


@fault("X-40", Nature.MISTAKE, Stage.TREE, trips=("message-without-id",), cites="SAML2Core 1.3.4", lax=True)
def response_without_an_id(root: Element, _kit: Kit) -> Element:
    """The Response has no ID.

    The Assertion in it is signed and has one; but nothing can refer to such a Response, no log and no answer.
    """
    return put(root, ".", ID=None)


@fault("S-11", Nature.MISTAKE, Stage.TREE, warns=("attribute-repeated",), cites="SAML2Core 2.7.3.1")
def attribute_named_twice(root: Element, _kit: Kit) -> Element:
    """One attribute stands there twice, with different values.

    Receivers keep the first, the last, or both. Here all values are kept and the case is told of.
    """
    first = find(root, "saml:Assertion/saml:AttributeStatement/saml:Attribute")
    twin = copy.deepcopy(first)
    for value in twin.iter(named("saml:AttributeValue")):
        value.text = "another value"
    first.addnext(twin)
    return root


@fault("S-07", Nature.MISTAKE, Stage.TREE, trips=("issuer-missing",), cites="SAML2Core 2.3.3")
def assertion_without_an_issuer(root: Element, _kit: Kit) -> Element:
    """The assertion does not say who issued it.

    The issuer decides whose keys are tried. The one of the unsigned Response around it is no substitute.
    """
    return without(root, "saml:Assertion/saml:Issuer")


@fault("S-07", Nature.LEGITIMATE, Stage.TREE, cites="SAML2Core 3.2.2")
def response_without_an_issuer(root: Element, _kit: Kit) -> Element:
    """The Response names no Issuer, its signed Assertion does.

    The schema allows that where the Response itself is not signed.
    """
    return without(root, "saml:Issuer")


@fault("S-07", Nature.MISTAKE, Stage.TREE, warns=("issuer-format-not-entity",), cites="SAML2Prof 4.1.4.2")
def issuer_of_another_format(root: Element, _kit: Kit) -> Element:
    """The Issuer of the assertion says that it is an e-mail address.

    The profile allows the entity format or none. It is told of; the name itself is compared as always.
    """
    return put(root, "saml:Assertion/saml:Issuer", Format=EMAIL)


@fault("X-30", Nature.ATTACK, Stage.TREE, trips=("element-repeated",), cites="SAML2Core 2.3.3", lax=True)
def second_subject(root: Element, kit: Kit) -> Element:
    """The signed assertion holds two Subjects.

    Two readers may take different ones. The schema allows one.
    """
    subject = find(root, "saml:Assertion/saml:Subject")
    twin = copy.deepcopy(subject)
    find(twin, "saml:NameID").text = kit.genuine
    subject.addnext(twin)
    return root


@fault("X-21", Nature.ATTACK, Stage.TREE, trips=("element-unexpected",), cites="SAML2Core 3.2.2", lax=True)
def foreign_element_beside_the_assertion(root: Element, _kit: Kit) -> Element:
    """An element called Assertion, in no namespace, stands beside the signed one.

    A reader that goes by local names takes it for an assertion. Names count with their namespace, and the schema keeps
    additions in Extensions.
    """
    return added(root, ".", "Assertion")


@fault("T-10", Nature.LEGITIMATE, Stage.TREE, cites="CVE-2021-37154")
def markup_in_an_attribute(root: Element, kit: Kit) -> Element:
    """An attribute value holds what looks like markup and like a script.

    It is text, escaped as XML escapes it: no reader may take it for an element, and no page may run it.
    """
    value = f"</saml:AttributeValue><saml:NameID>{kit.forged}</saml:NameID><script>alert(1)</script>"
    return reworded(root, "saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue", value)
