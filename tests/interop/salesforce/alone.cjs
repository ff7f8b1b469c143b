// Keeps a process of Node on this machine: it is required first (NODE_OPTIONS) and inherited by every child and worker.
// Connections are made to SSOLAB_ONLY and nowhere else, no name is looked up, and every refused try is written down in
// SSOLAB_TRIED, one line each. The Salesforce CLI goes on to Salesforce's own login hosts whenever it is refused.
"use strict";

const dgram = require("node:dgram");
const dns = require("node:dns");
const fs = require("node:fs");
const { syncBuiltinESMExports } = require("node:module");
const net = require("node:net");
const { promisify } = require("node:util");

const only = process.env.SSOLAB_ONLY;

function refused(what) {
  fs.appendFileSync(process.env.SSOLAB_TRIED, `${what}\n`);
  return Object.assign(new Error(`alone.cjs refuses ${what}`), { code: "ECONNREFUSED" });
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : net._normalizeArgs(given);
  const wanted = options.path ?? `${options.host ?? "localhost"}:${options.port}`;
  if (wanted === only) return connect.apply(this, given);
  process.nextTick(() => this.destroy(refused(wanted)));
  return this;
};

// An address is no name: the original gives it back without asking anybody.
const { lookup, promises: { lookup: promised } } = dns;
dns.lookup = (name, ...rest) =>
  net.isIP(name) ? lookup(name, ...rest) : process.nextTick(rest.at(-1), refused(name));
dns.promises.lookup = dns.lookup[promisify.custom] = async (name, options) => {
  if (net.isIP(name)) return promised(name, options);
  throw refused(name);
};

const asks = (from) => Object.getOwnPropertyNames(from).filter((each) => /^(resolve|reverse|lookupS)/.test(each));
for (const from of [dns, dns.Resolver.prototype]) {
  for (const name of asks(from)) from[name] = (asked, ...rest) => process.nextTick(rest.at(-1), refused(asked));
}
for (const from of [dns.promises, dns.promises.Resolver.prototype]) {
  for (const name of asks(from)) from[name] = async (asked) => { throw refused(asked); };
}
for (const name of ["connect", "send"]) {
  dgram.Socket.prototype[name] = function () { throw refused(`a datagram (${name})`); };
}
syncBuiltinESMExports();
