// The peer of the identity benchmark: npm oidc-provider with its own memory store, set up for the same work.
// Arguments: port, JSON file of clients. Prints "ready" when it listens.
import { readFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, clientsFile] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const resource = "https://registers.example/api";
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const provider = new Provider(issuer, {
  clients: JSON.parse(readFileSync(clientsFile, "utf8")),
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "1" }] },
  clientAuthMethods: ["client_secret_basic", "private_key_jwt", "none"],
  enabledJWA: { clientAuthSigningAlgValues: ["ES256"], idTokenSigningAlgValues: ["ES256"] },
  pkce: { required: () => true },
  scopes: ["openid", "api"],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: () => ({ scope: "api", audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 600, jwt: { sign: { alg: "ES256" } } }),
    },
  },
  ttl: { ClientCredentials: 600, AccessToken: 600, Session: 43200, Interaction: 1800, Grant: 43200, IdToken: 300 },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
