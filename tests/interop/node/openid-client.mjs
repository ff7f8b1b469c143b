// A relying party made with openid-client.
import { createPrivateKey } from "node:crypto";

import { load, serve } from "./lines.mjs";

const client = await load("openid-client");

let config;
let redirect;
let asked;

async function proof({ secret, own }) {
  if (!own) return client.ClientSecretBasic(secret);
  const key = createPrivateKey(own.pem).export({ type: "pkcs8", format: "der" });
  const how = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  return client.PrivateKeyJwt({ key: await crypto.subtle.importKey("pkcs8", key, how, false, ["sign"]), kid: own.kid });
}

await serve({
  // Without `signed` it believes the connection that the ID token came over, and looks at no signature.
  async register(given) {
    const execute = [client.allowInsecureRequests];
    if (given.signed) execute.push(client.enableNonRepudiationChecks);
    if (given.hybrid) execute.push(client.useCodeIdTokenResponseType);
    const known = { client_secret: given.secret, id_token_signed_response_alg: given.alg ?? "RS256" };
    config = await client.discovery(new URL(given.issuer), given.id, known, await proof(given), { execute });
    redirect = given.redirect_uri;
  },

  async begin({ scope }) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    asked = { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() };
    return client.buildAuthorizationUrl(config, {
      redirect_uri: redirect,
      scope,
      state: asked.expectedState,
      nonce: asked.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
    }).href;
  },

  async finish(url) {
    const tokens = await client.authorizationCodeGrant(config, new URL(url), asked);
    const claims = tokens.claims();
    const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    return { claims, info, refresh: tokens.refresh_token, access: tokens.access_token, id: tokens.id_token };
  },

  async refresh(token) {
    const tokens = await client.refreshTokenGrant(config, token);
    return { claims: tokens.claims(), refresh: tokens.refresh_token, access: tokens.access_token };
  },

  async introspect(token) {
    return await client.tokenIntrospection(config, token);
  },

  async revoke(token) {
    await client.tokenRevocation(config, token);
  },

  // Where the browser goes to log out; the client adds its own name.
  leave(parameters) {
    return client.buildEndSessionUrl(config, parameters).href;
  },

  async credentials({ scope }) {
    return (await client.clientCredentialsGrant(config, { scope })).access_token;
  },
});
