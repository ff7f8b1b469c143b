// A relying party made with oauth4webapi, which does one step at a time and has each checked.
import { load, serve } from "./lines.mjs";

const oauth = await load("oauth4webapi");
const plain = { [oauth.allowInsecureRequests]: true };

let server;
let client;
let authentication;
let redirect;
let asked;

await serve({
  async register({ issuer, id, secret, redirect_uri }) {
    const here = new URL(issuer);
    server = await oauth.processDiscoveryResponse(here, await oauth.discoveryRequest(here, plain));
    client = { client_id: id };
    authentication = oauth.ClientSecretPost(secret);
    redirect = redirect_uri;
  },

  async begin({ scope }) {
    asked = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() };
    const url = new URL(server.authorization_endpoint);
    const parameters = {
      client_id: client.client_id,
      redirect_uri: redirect,
      response_type: "code",
      scope,
      state: asked.state,
      nonce: asked.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(asked.verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  },

  async finish(url) {
    const returned = oauth.validateAuthResponse(server, client, new URL(url), asked.state);
    const answer = await oauth.authorizationCodeGrantRequest(
      server, client, authentication, returned, redirect, asked.verifier, plain,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
      expectedNonce: asked.nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(server, answer, plain);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    const asks = await oauth.userInfoRequest(server, client, tokens.access_token, plain);
    return { claims, info: await oauth.processUserInfoResponse(server, client, claims.sub, asks) };
  },
});
