// Amazon's Signature Version 4, written down from its description, to look at ours from outside.
import { createHash, createHmac } from "node:crypto";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/** Everything but the unreserved characters, percent-encoded. */
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The value of `authorization` for a request as it is on the wire.
 * @param {{method: string, path: string, query: string, headers: [string, string][], body: string}} request
 * @param {string[]} signed the names of the headers that are signed, sorted
 */
export function authorization(request, signed, { accessKeyId, secretAccessKey, region, service }) {
  const value = (name) => request.headers.find(([have]) => have === name)[1];
  // A path that is escaped on the wire is escaped once more.
  const path = request.path.split("/").map(encode).join("/");
  const canonical = [
    request.method,
    path,
    request.query.split("&").sort().join("&"),
    ...signed.map((name) => `${name}:${value(name).trim()}`),
    "",
    signed.join(";"),
    sha256(request.body),
  ].join("\n");
  const time = value("x-amz-date");
  const scope = [time.slice(0, 8), region, service, "aws4_request"];
  const key = scope.reduce((key, part) => hmac(key, part), `AWS4${secretAccessKey}`);
  const toSign = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
  const signature = hmac(key, toSign).toString("hex");
  return (
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join("/")}, ` +
    `SignedHeaders=${signed.join(";")}, Signature=${signature}`
  );
}
