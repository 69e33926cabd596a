// A relying party on npm openid-client (a client that the OpenID Foundation certified). Reads one job a line from standard input, answers with one line
// of JSON. Whatever it does not believe of the provider's answers is its own judgement: an error of its own name and code.
import { readFileSync } from "node:fs";
import https from "node:https";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const client = await import(pathToFileURL(process.argv[2]).href);
const parties = new Map();
const KINDS = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  Ed25519: { name: "Ed25519" },
};
const signingKey = async (jwk, alg) => ({ key: await crypto.subtle.importKey("jwk", jwk, KINDS[alg], false, ["sign"]), kid: jwk.kid });

// fetch() that trusts one more certificate, and shows the client's own where there is one.
const through = ({ ca, cert, key }) => {
  const agent = new https.Agent({ ca: readFileSync(ca), cert: cert && readFileSync(cert), key: key && readFileSync(key) });
  return (url, { method, headers, body }) =>
    new Promise((resolve, reject) => {
      const asked = https.request(url, { method, headers, agent }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve(new Response(answer.statusCode === 204 ? null : Buffer.concat(parts), { status: answer.statusCode, headers: answer.headers })));
      });
      asked.on("error", reject);
      asked.end(body?.toString());
    });
};

const authentication = {
  none: () => client.None(),
  client_secret_basic: () => client.ClientSecretBasic(),
  client_secret_post: () => client.ClientSecretPost(),
  private_key_jwt: (key) => client.PrivateKeyJwt(key),
  self_signed_tls_client_auth: () => client.TlsClientAuth(),
};

const told = (party, tokens) => {
  party.tokens = { ...party.tokens, ...tokens };
  return { ...tokens, claims: tokens.claims?.() ?? null, seconds: tokens.expiresIn?.() ?? null };
};
const proof = (party) => (party.dpop ? { DPoP: party.dpop } : undefined);

const jobs = {
  async meet(party, { issuer, id, metadata, auth, jwk, alg, jarm, signed, dpop, tls, opens }) {
    party.key = jwk && (await signingKey(jwk, alg));
    const execute = issuer.startsWith("http://") ? [client.allowInsecureRequests] : [];
    const options = tls ? { execute, [client.customFetch]: through(tls) } : { execute };
    party.config = await client.discovery(new URL(issuer), id, metadata ?? {}, authentication[auth](party.key), options);
    if (jarm) client.useJwtResponseMode(party.config);
    if (signed) client.enableNonRepudiationChecks(party.config);
    if (opens) {
      const key = await crypto.subtle.importKey("jwk", opens, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
      client.enableDecryptingResponses(party.config, ["A128GCM", "A256GCM", "A128CBC-HS256"], { key, kid: opens.kid });
    }
    if (dpop) party.dpop = client.getDPoPHandle(party.config, await client.randomDPoPKeyPair(dpop));
    return party.config.serverMetadata();
  },
  async register(party, { issuer, metadata }) {
    party.config = await client.dynamicClientRegistration(new URL(issuer), metadata, undefined, { execute: [client.allowInsecureRequests] });
    return party.config.clientMetadata();
  },
  async ask(party, { by, params }) {
    party.verifier = client.randomPKCECodeVerifier();
    party.state = client.randomState();
    party.nonce = client.randomNonce();
    let wanted = {
      ...params, state: party.state, nonce: party.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(party.verifier), code_challenge_method: "S256",
    };
    let url = by.includes("jar") ? await client.buildAuthorizationUrlWithJAR(party.config, wanted, party.key) : client.buildAuthorizationUrl(party.config, wanted);
    if (by.includes("par")) url = await client.buildAuthorizationUrlWithPAR(party.config, url.searchParams, proof(party));
    return url.href;
  },
  async redeem(party, { url, checks, params }) {
    const expected = { pkceCodeVerifier: party.verifier, expectedState: party.state, expectedNonce: party.nonce, idTokenExpected: true, ...checks };
    return told(party, await client.authorizationCodeGrant(party.config, new URL(url), expected, params, proof(party)));
  },
  async userinfo(party, { sub, token }) {
    return client.fetchUserInfo(party.config, token ?? party.tokens.access_token, sub, proof(party));
  },
  async refresh(party, { token }) {
    return told(party, await client.refreshTokenGrant(party.config, token ?? party.tokens.refresh_token, undefined, proof(party)));
  },
  async machine(party, { params }) {
    return told(party, await client.clientCredentialsGrant(party.config, params, proof(party)));
  },
  async grant(party, { type, params }) {
    return told(party, await client.genericGrantRequest(party.config, type, params, proof(party)));
  },
  async introspect(party, { token }) {
    return client.tokenIntrospection(party.config, token ?? party.tokens.access_token);
  },
  async revoke(party, { token }) {
    return (await client.tokenRevocation(party.config, token ?? party.tokens.access_token)) ?? null;
  },
  async device(party, { params }) {
    return (party.asked = await client.initiateDeviceAuthorization(party.config, params));
  },
  async approvedDevice(party, { interval }) {
    return told(party, await client.pollDeviceAuthorizationGrant(party.config, { ...party.asked, interval }, undefined, proof(party)));
  },
  async backchannel(party, { params }) {
    return (party.asked = await client.initiateBackchannelAuthentication(party.config, params));
  },
  async approvedBackchannel(party, { interval }) {
    return told(party, await client.pollBackchannelAuthenticationGrant(party.config, { ...party.asked, interval }, undefined, proof(party)));
  },
  async leave(party, { params }) {
    return client.buildEndSessionUrl(party.config, { id_token_hint: party.tokens.id_token, ...params }).href;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { party: name, do: job, ...given } = JSON.parse(line);
  if (!parties.has(name)) parties.set(name, {});
  try {
    console.log(JSON.stringify({ ok: await jobs[job](parties.get(name), given) }));
  } catch (error) {
    // A 401 with WWW-Authenticate is one error for the library; what the provider said stands in its body, or in the challenge.
    const said = error.error ?? (await error.response?.json().catch(() => null))?.error ?? error.cause?.[0]?.parameters?.error;
    console.log(JSON.stringify({ error: said ?? error.code ?? error.name, by: error.constructor.name, message: `${error.message} ${error.cause?.message ?? ""}`.trim() }));
  }
}
