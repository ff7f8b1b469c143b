// Lets the tests use a package of Node: one line of JSON on stdin is one thing to do, one line on stdout its outcome.
//
//   {"make": "ServiceProvider", "with": [settings]}            makes an object of the package; answers {"is": 0}
//   {"on": 0, "call": "createLoginRequest", "with": [values]}  calls it; answers {"is": value}
//
// Among the values {"object": 0} stands for an object that was made, and {"fill": {tags}} in the options of samlify for
// the function that fills a template of its with those tags. What is thrown is answered as {"refused": text}.
"use strict";

const readline = require("node:readline");

const peer = require(process.argv[2]);
const made = [];

if (peer.setSchemaValidator) {
  // samlify has no schemas of its own, and does nothing before it is told what checks them.
  peer.setSchemaValidator({ validate: async () => "not checked" });
}

function meant(value) {
  if (value === null || typeof value !== "object") return value;
  if ("object" in value) return made[value.object];
  if ("fill" in value) {
    const filled = (template) => ({ id: value.fill.ID, context: peer.SamlLib.replaceTagsByValue(template, value.fill) });
    return { customTagReplacement: filled };
  }
  return value;
}

function make(kind, values) {
  // samlify exports functions that make its objects, node-saml a class.
  const creator = peer[kind];
  made.push(/^class\b/.test(String(creator)) ? new creator(...values) : creator(...values));
  return made.length - 1;
}

async function done(task) {
  const values = task.with.map(meant);
  return task.make ? make(task.make, values) : made[task.on][task.call](...values);
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let outcome;
    try {
      outcome = { is: (await done(JSON.parse(line))) ?? null };
    } catch (error) {
      outcome = { refused: String(error?.message ?? error) };
    }
    process.stdout.write(JSON.stringify(outcome) + "\n");
  }
}

main();
