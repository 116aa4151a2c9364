import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openTestAuthority, type TestCertificate } from "@understudy/tls/test-authority";
import { expect, test } from "vitest";
import { readConfig } from "../src/config/node-config.ts";

const DATABASE = { UNDERSTUDY_DATABASE_URL: "mysql://root:secret@127.0.0.1:3306" };

function read(environment: Readonly<Record<string, string>>): void {
  readConfig({ ...DATABASE, ...environment }, "master");
}

function filesOf({
  certFile,
  keyFile,
}: Pick<TestCertificate, "certFile" | "keyFile">): Record<string, string> {
  return { UNDERSTUDY_TLS_CERT_FILE: certFile, UNDERSTUDY_TLS_KEY_FILE: keyFile };
}

test("files that fit are taken; what is wrong with others is said", async () => {
  await using authority = await openTestAuthority();
  const good = await authority.issue("good");
  const other = await authority.issue("other");
  const old = await authority.issue("old", { days: -3 });
  const serverOnly = await authority.issue("server-only", { uses: "serverAuth" });
  const ca = { UNDERSTUDY_TLS_CA_FILE: authority.caFile };
  expect(() => read({ ...filesOf(good), ...ca, UNDERSTUDY_TLS_CLIENT_AUTH: "nodes" })).not.toThrow();
  expect(() => read({ ...filesOf(serverOnly), ...ca })).not.toThrow();
  expect(() => read(ca)).not.toThrow();
  const garbage = join(authority.directory, "garbage.pem");
  await writeFile(garbage, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [
      filesOf({ ...good, keyFile: other.keyFile }),
      /_KEY_FILE is not the key of the certificate in .*_CERT_FILE/,
    ],
    [filesOf(old), /certificate of UNDERSTUDY_TLS_CERT_FILE expired on \d{4}-\d\d-\d\d/],
    [
      filesOf({ ...good, certFile: garbage }),
      /UNDERSTUDY_TLS_CERT_FILE holds a certificate that can't be read/,
    ],
    [filesOf({ ...good, keyFile: good.certFile }), /UNDERSTUDY_TLS_KEY_FILE holds no private key/],
    [
      filesOf({ ...good, certFile: "/nowhere/x.pem" }),
      /UNDERSTUDY_TLS_CERT_FILE can't be read: there is no file/,
    ],
    [
      filesOf({ ...good, certFile: authority.directory }),
      /UNDERSTUDY_TLS_CERT_FILE can't be read: .* is a folder/,
    ],
    [{ UNDERSTUDY_TLS_CERT_FILE: good.certFile }, /belong together/],
    [{ ...filesOf(good), UNDERSTUDY_TLS_CLIENT_AUTH: "nodes" }, /needs .*UNDERSTUDY_TLS_CA_FILE/],
    [{ ...filesOf(serverOnly), ...ca, UNDERSTUDY_TLS_CLIENT_AUTH: "nodes" }, /lacks clientAuth/],
    [{ ...filesOf(good), UNDERSTUDY_ADVERTISED_URL: "http://127.0.0.1:8083" }, /speaks https alone/],
    [{ UNDERSTUDY_TLS_CA_FILE: good.keyFile }, /UNDERSTUDY_TLS_CA_FILE holds no certificate/],
    [{ UNDERSTUDY_ETCD_CA_FILE: "/nowhere/ca.pem" }, /UNDERSTUDY_ETCD_CA_FILE can't be read/],
    [
      { UNDERSTUDY_DATABASE_URL: "mysql://root:secret@db?ssl-ca=/nowhere/ca.pem" },
      /UNDERSTUDY_DATABASE_URL: ssl-ca can't be read/,
    ],
    [{ UNDERSTUDY_DATABASE_URL: "mysql://root:secret@db?ssl-mode=PREFERRED" }, /in plain where TLS fails/],
  ];
  for (const [environment, text] of cases) {
    expect(() => read(environment)).toThrow(text);
    expect(() => read(environment)).toThrow(expect.objectContaining({ code: "config-invalid" }));
    expect(() => read(environment)).toThrow(/^(?!.*secret)/);
  }
});

test("tells all problems at once", async () => {
  await using authority = await openTestAuthority();
  const old = await authority.issue("old", { days: -3 });
  const other = await authority.issue("other");
  const environment = {
    ...filesOf({ certFile: old.certFile, keyFile: other.keyFile }),
    UNDERSTUDY_TLS_CLIENT_AUTH: "all",
    UNDERSTUDY_ADVERTISED_URL: "http://127.0.0.1:8083",
    UNDERSTUDY_ETCD_CA_FILE: "/nowhere/ca.pem",
  };
  expect(() => read(environment)).toThrow(
    /(?=[^]*expired on)(?=[^]*is not the key of)(?=[^]*needs UNDERSTUDY_TLS_CERT_FILE)(?=[^]*https alone)(?=[^]*ETCD_CA_FILE)/,
  );
});
