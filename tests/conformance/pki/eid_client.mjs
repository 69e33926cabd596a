// A relying party on the SDK of eID Mongolia (npm @gerege-systems/eid-mongolia-sdk). Reads one job a line from standard input, answers with one line of JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { base, uuid, name, secret, anchors, intermediates, level, sdk } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { EidClient, deviceLink } = await import(pathToFileURL(sdk).href);
const eid = new EidClient({
  baseUrl: base,
  credentials: { rpUUID: uuid, rpName: name, apiSecret: secret },
  trust: { trustAnchorsPem: anchors, intermediatesPem: intermediates, requiredLevel: level },
  defaultCertificateLevel: level,
});
const sessions = new Map();
const opts = (job) => ({ hashAlgorithm: "SHA-256", ...(job.opts ?? {}) });

const begun = (s) => {
  sessions.set(s.sessionId, s);
  return { sessionId: s.sessionId, vc: s.vc, link: s.deviceLinkBase ? deviceLink(s) : null, token: s.sessionToken, secret: s.sessionSecret, acsp: s.acsp };
};
const jobs = {
  notify: async (job) => begun(await eid.auth.notificationByEtsi(job.to, job.interactions, opts(job))),
  document: async (job) => begun(await eid.auth.notificationByDocument(job.to, job.interactions, opts(job))),
  anonymous: async (job) => begun(await eid.auth.deviceLinkAnonymous(job.interactions, opts(job))),
  link: async (job) => begun(await eid.auth.deviceLinkByEtsi(job.to, job.interactions, opts(job))),
  sign: async (job) => begun(await eid.sign.digestByEtsi(job.to, job.digest, job.interactions, opts(job))),
  poll: async (job) => eid.session.poll(job.sessionId, job.wait ?? 0),
  authenticated: async (job) => {
    const result = await eid.session.waitForResult(job.sessionId, { maxWaitMs: 30000 });
    const found = eid.validator.validateAuth({ ...result, ...(job.changed ?? {}) }, { ...sessions.get(job.sessionId).acsp, ...(job.acsp ?? {}) });
    return { documentNumber: found.documentNumber, subject: found.subject, flowType: result.flowType };
  },
  signed: async (job) => {
    const result = await eid.session.waitForResult(job.sessionId, { maxWaitMs: 30000 });
    const found = eid.validator.validateSign(result, job.digest);
    return { documentNumber: found.documentNumber, subject: found.subject, signature: found.signatureValueB64 };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: await jobs[job.do](job) }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.constructor.name, status: error.status ?? null, endResult: error.endResult ?? null, message: error.message }));
  }
}
