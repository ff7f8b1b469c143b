// A relying party made with openid-client.
import { load, serve } from "./lines.mjs";

const client = await load("openid-client");

let config;
let redirect;
let asked;

await serve({
  // Without `signed` it believes the connection that the ID token came over, and looks at no signature.
  async register({ issuer, id, secret, redirect_uri, signed }) {
    const execute = [client.allowInsecureRequests, ...(signed ? [client.enableNonRepudiationChecks] : [])];
    config = await client.discovery(new URL(issuer), id, secret, client.ClientSecretBasic(secret), { execute });
    redirect = redirect_uri;
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
    return { claims, info };
  },
});
