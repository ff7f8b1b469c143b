"""The Salesforce CLI logs in at our org with its JWT flow, as it is and with what it really sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ssolab.core.keys import private_key_pem
from ssolab.salesforce.profile import long_id
from tests.interop.org import CONSUMER_KEY, ORG, app_with, running_org
from tests.interop.pair import AMIRA
from tests.interop.salesforce_cli import needs_salesforce_cli, run_node, run_salesforce_cli
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.web.app import RunningLab
    from tests.interop.salesforce_cli import Told

pytestmark = needs_salesforce_cli()

PROBE = """
const { lookup, promises } = require("node:dns");
const { connect } = require("node:net");
const { spawnSync } = require("node:child_process");
const { promisify } = require("node:util");
const tries = {
  address: () => fetch("http://192.0.2.1/"),
  name: () => fetch("https://login.salesforce.com/"),
  port: () => fetch("http://127.0.0.1:8443/"),
  socket: () => new Promise((kept, broken) => connect(80, "192.0.2.1").on("error", broken).on("connect", kept)),
  lookup: () => promisify(lookup)("login.salesforce.com"),
  callback: () => new Promise((kept, broken) => lookup("login.salesforce.com", (error) => broken(error))),
  resolve: () => promises.resolve4("login.salesforce.com"),
  module: async () => (await import("node:dns/promises")).lookup("login.salesforce.com"),
  datagram: async () => require("node:dgram").createSocket("udp4").send("x", 53, "192.0.2.1"),
  child: async () => {
    const script = "fetch('http://192.0.2.1/').then(() => process.exit(0), () => process.exit(1))";
    if (spawnSync(process.execPath, ["-e", script]).status !== 0) throw new Error("refused in the child");
  },
};
(async () => {
  const passed = [];
  for (const [name, attempt] of Object.entries(tries)) await attempt().then(() => passed.push(name), () => {});
  console.log(JSON.stringify({ passed, own: (await fetch(process.argv[1])).status }));
})();
"""


def login(running: RunningLab, home: Path) -> Told:
    key = home / "server.key"
    key.write_bytes(private_key_pem(rsa_key("sp")))
    base = running.bases.asserting
    told = ("--username", AMIRA.username, "--jwt-key-file", key, "--client-id", CONSUMER_KEY, "--instance-url", base)
    return run_salesforce_cli(home, base, "org", "login", "jwt", *told)


def test_it_logs_in_with_the_uploaded_certificate_and_is_refused_once_that_is_swapped(tmp_path: Path) -> None:
    with running_org("sp") as running:
        result = login(running, tmp_path).result
        assert result["username"] == AMIRA.username
        assert result["orgId"] == long_id(ORG)
        assert result["instanceUrl"] == running.bases.asserting
        assert result["isDevHub"] is False
        # It has read the versions, and so the query of ScratchOrgInfo before was no dead end.
        assert float(result["instanceApiVersion"]) > 50
        issued = running.lab.journal.entries()[-1]
        assert (issued.event, issued.user) == ("token-issued", AMIRA.username)
        found = {each.code for each in issued.findings}
        assert {"expiry-looks-like-milliseconds", "audience-differs-by-slash"} <= found

        running.lab.openid.register(app_with("other"))
        told = login(running, tmp_path)
        # Three of its five pairs of host and audience are ours; the others are Salesforce's own, out of its reach here.
        assert told.errors.count("invalid assertion") == 3
        assert {"login.salesforce.com:443", "test.salesforce.com:443"} <= set(told.tried)
        refused = [each for each in running.lab.journal.entries() if each.accepted is False]
        assert len(refused) == 3

        running.lab.openid.register(app_with("other", "sp"))
        assert login(running, tmp_path).result["username"] == AMIRA.username


def test_nothing_that_it_runs_under_leaves_the_one_port(tmp_path: Path) -> None:
    with running_org("sp") as running:
        address = f"{running.bases.asserting}/services/data"
        done, tried = run_node(tmp_path, running.bases.asserting, "-e", PROBE, address)
    assert json.loads(done.stdout) == {"passed": [], "own": 200}, done.stderr
    assert {"192.0.2.1:80", "login.salesforce.com:443", "127.0.0.1:8443", "login.salesforce.com"} <= set(tried)
