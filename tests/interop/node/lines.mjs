// What the scripts beside it share: one line of JSON on stdin is one thing to do, one line on stdout its outcome.
//
//   {"do": "begin", "with": {...}}   answers {"is": value}, or {"refused": text} with what was thrown
//
// Each offers besides its own tasks `ahead`, which sets its clock that many seconds before the true time, since caches
// live for minutes, and `fetched`, which counts how often it asked for an address.
import { createRequire } from "node:module";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);
const RealDate = Date;
const realFetch = fetch;
const fetched = new Map();
let ahead = 0;

globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [RealDate.now() + ahead]));
  }

  static now() {
    return RealDate.now() + ahead;
  }
};

const realNow = performance.now.bind(performance);
performance.now = () => realNow() + ahead;

globalThis.fetch = (url, options) => {
  fetched.set(String(url), (fetched.get(String(url)) ?? 0) + 1);
  return realFetch(url, options);
};

// What a package has to say must not come between the outcomes.
console.log = console.info = console.error;

// A plain import looks for packages only beside this file, require.resolve also where NODE_PATH says.
export const load = (name) => import(pathToFileURL(require.resolve(name)));

function told(error) {
  const because = error?.cause instanceof Error ? `: ${told(error.cause)}` : "";
  const named = [error?.code, error?.error].filter(Boolean).map((name) => `${name} `);
  return `${named.join("")}${error?.message ?? error}${because}`;
}

export async function serve(tasks) {
  const offered = {
    ...tasks,
    fetched: (url) => fetched.get(url) ?? 0,
    ahead: (seconds) => {
      ahead = seconds * 1000;
    },
  };
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    let outcome;
    try {
      outcome = { is: (await offered[task.do](task.with)) ?? null };
    } catch (error) {
      outcome = { refused: told(error) };
    }
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  }
}
