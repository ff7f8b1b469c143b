// A relying party that asks with fetch alone and judges what comes with jose, by keys that jose itself keeps or jwks-rsa.
import { createHash, randomBytes } from "node:crypto";

import { load, serve } from "./lines.mjs";

const jose = await load("jose");

let server;
let client;
let rsa;
let keys;
let asked;

function keysOf(through) {
  if (through !== "jwks-rsa") return jose.createRemoteJWKSet(new URL(server.jwks_uri));
  const found = rsa({ jwksUri: server.jwks_uri });
  return async ({ kid, alg }) => jose.importSPKI((await found.getSigningKey(kid)).getPublicKey(), alg);
}

async function json(url, options) {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(`${answer.status} from ${url}: ${await answer.text()}`);
  return answer.json();
}

await serve({
  async register(given) {
    client = given;
    server = await json(`${given.issuer}/.well-known/openid-configuration`);
    if (given.through === "jwks-rsa") ({ default: rsa } = await load("jwks-rsa"));
    keys = keysOf(given.through);
  },

  begin({ scope }) {
    const [verifier, state, nonce] = [32, 16, 16].map((size) => randomBytes(size).toString("base64url"));
    asked = { verifier, state, nonce };
    const parameters = new URLSearchParams({
      client_id: client.id,
      redirect_uri: client.redirect_uri,
      response_type: "code",
      scope,
      state,
      nonce,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    return `${server.authorization_endpoint}?${parameters}`;
  },

  async finish(url) {
    const returned = new URL(url).searchParams;
    if (returned.get("state") !== asked.state) throw new Error("another state");
    if (returned.has("error")) throw new Error(`${returned.get("error")} ${returned.get("error_description")}`);
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      code: returned.get("code"),
      redirect_uri: client.redirect_uri,
      code_verifier: asked.verifier,
      client_id: client.id,
      client_secret: client.secret,
    });
    const tokens = await json(server.token_endpoint, { method: "POST", body });
    const { payload, protectedHeader } = await jose.jwtVerify(tokens.id_token, keys, {
      issuer: server.issuer,
      audience: client.id,
    });
    if (payload.nonce !== asked.nonce) throw new Error("another nonce");
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    return { claims: payload, alg: protectedHeader.alg, info: await json(server.userinfo_endpoint, { headers }) };
  },
});
