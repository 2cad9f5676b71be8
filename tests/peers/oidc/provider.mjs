// A certified identity provider (npm's oidc-provider) on loopback over TLS, with two people and one client.
// node provider.mjs FOLDER-OF-NODE_MODULES SETTINGS.json   -> prints "ready" once it listens
// SETTINGS: issuer, port, cert, key, jwks (private), client, redirect, secret, alg,
//   fault: {claims, jwks} what a broken or hostile provider would say instead of this one: the ID token anew with these
//   claims, or the key set of another.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import { createPrivateKey, sign } from "node:crypto";
import { pathToFileURL } from "node:url";

const settings = JSON.parse(readFileSync(process.argv[3], "utf8"));
const { Provider } = await import(pathToFileURL(`${process.argv[2]}/node_modules/oidc-provider/lib/index.js`).href);
const people = {
  anna: { preferred_username: "Anna Berg", groups: ["analysts"] },
  bo: { preferred_username: "Bo Lund", groups: ["cleaners"] },
};
const provider = new Provider(settings.issuer, {
  clients: [{
    client_id: settings.client, ...(settings.secret ? { client_secret: settings.secret } : {}), redirect_uris: [settings.redirect],
    grant_types: ["authorization_code"], response_types: ["code"], id_token_signed_response_alg: settings.alg,
    token_endpoint_auth_method: settings.secret ? "client_secret_basic" : "none",
  }],
  jwks: settings.jwks,
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"] },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  pkce: { required: () => true },
  cookies: { keys: ["of this test alone"] },
  ttl: { IdToken: 300, AccessToken: 300, AuthorizationCode: 60, Interaction: 600, Session: 600, Grant: 600 },
});
provider.use(async (ctx, next) => {
  await next();
  const fault = settings.fault ?? {};
  if (fault.jwks && ctx.path === "/jwks") ctx.body = fault.jwks;
  if (fault.claims && ctx.path === "/token" && ctx.body?.id_token) {
    const [head, body] = ctx.body.id_token.split(".");
    const claims = { ...JSON.parse(Buffer.from(body, "base64url")), ...fault.claims };
    const text = `${head}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
    const key = createPrivateKey({ key: settings.jwks.keys[0], format: "jwk" });
    const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
    ctx.body = { ...ctx.body, id_token: `${text}.${signature.toString("base64url")}` };
  }
});
const tls = { cert: readFileSync(settings.cert), key: readFileSync(settings.key) };
createServer(tls, provider.callback()).listen(settings.port, "127.0.0.1", () => console.log("ready"));
