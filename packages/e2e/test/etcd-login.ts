import { Agent, request } from "undici";

/** How etcd is asked, and who may what from then on. */
export interface EtcdLogin {
  /** A member's. */
  readonly url: string;
  /** The authority of its certificate, and a certificate to be shown. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly user: string;
  readonly password: string;
  /** Below which the user may read and write. */
  readonly prefix: string;
}

const ASK_MS = 20_000;
const encode = (text: string): string => Buffer.from(text).toString("base64");

/** Has etcd ask for a log-in from now on. `root` has the password `root`. */
export async function turnEtcdLoginOn(login: EtcdLogin): Promise<void> {
  const { user, password, prefix } = login;
  const root = { name: "root", password: "root" };
  const permission = {
    permType: "READWRITE",
    key: encode(prefix),
    range_end: encode(`${prefix.slice(0, -1)}0`),
  };
  for (const [path, body] of [
    ["role/add", { name: "root" }],
    ["user/add", root],
    ["user/grant", { user: "root", role: "root" }],
    ["role/add", { name: "cluster" }],
    ["role/grant", { name: "cluster", perm: permission }],
    ["user/add", { name: user, password }],
    ["user/grant", { user, role: "cluster" }],
    ["enable", {}],
  ] as const) {
    const { status, text } = await askEtcd(login, `/v3/auth/${path}`, body);
    if (status !== 200) throw new Error(`${path}: ${text}`);
  }
}

/** Asks etcd without a log-in. */
export async function askEtcd(
  { url, tls }: Pick<EtcdLogin, "url" | "tls">,
  path: string,
  body: object,
): Promise<{ readonly status: number; readonly text: string }> {
  const agent = new Agent({ connect: tls });
  try {
    const { statusCode, body: answer } = await request(`${url}${path}`, {
      dispatcher: agent,
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ASK_MS),
    });
    return { status: statusCode, text: await answer.text() };
  } finally {
    await agent.destroy();
  }
}
