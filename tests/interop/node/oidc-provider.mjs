// The provider of the package oidc-provider, with its own pages for development, at an address of ours.
//
// Its keys change as they do for whoever runs it: it is started again with others. The first key for an algorithm signs.
import { createPrivateKey, createPublicKey } from "node:crypto";

import { load, serve } from "./lines.mjs";

const { Provider } = await load("oidc-provider");

let listening;

function jwk({ pem, kid, alg }) {
  return { ...createPrivateKey(pem).export({ format: "jwk" }), kid, alg, use: "sig" };
}

async function stop() {
  if (!listening) return;
  listening.closeAllConnections();
  await new Promise((closed) => listening.close(closed));
}

await serve({
  async start({ port, keys, client, claims }) {
    await stop();
    const provider = new Provider(`http://127.0.0.1:${port}`, {
      clients: [client],
      jwks: { keys: keys.map(jwk) },
      cookies: { keys: ["a secret of a test"] },
      claims: { openid: ["sub"], email: ["email"], profile: ["name", "preferred_username"] },
      features: { backchannelLogout: { enabled: true } },
      enabledJWA: { idTokenSigningAlgValues: ["RS256", "RS512", "PS256", "ES256", "EdDSA"] },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...claims }) }),
    });
    listening = provider.listen(port, "127.0.0.1");
    await new Promise((answers) => listening.once("listening", answers));
  },

  stop,

  jwk: ({ pem, kid, alg }) => ({ ...createPublicKey(pem).export({ format: "jwk" }), kid, alg, use: "sig" }),
});
process.exit(); // its server would keep the process alive
