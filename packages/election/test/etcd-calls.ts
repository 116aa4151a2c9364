import { fetch } from "undici";

/** Asks etcd's gateway directly, for what the store has no words for. */
export async function askEtcd(url: string, path: string, body: object, token?: string): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: token === undefined ? {} : { authorization: token },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text);
}

/** Forgets all revisions below this one. */
export async function compactEtcd(url: string, revision: bigint): Promise<void> {
  await askEtcd(url, "/v3/kv/compaction", { revision: String(revision), physical: true });
}

/** Turns authentication on: root has the password "root", `user` may use what lies below `prefix` only. */
export async function turnAuthOn(
  url: string,
  { user, password, prefix }: { user: string; password: string; prefix: string },
): Promise<void> {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  await askEtcd(url, "/v3/auth/role/add", { name: "root" });
  await askEtcd(url, "/v3/auth/user/add", { name: "root", password: "root" });
  await askEtcd(url, "/v3/auth/user/grant", { user: "root", role: "root" });
  await askEtcd(url, "/v3/auth/role/add", { name: "cluster" });
  await askEtcd(url, "/v3/auth/role/grant", {
    name: "cluster",
    perm: { permType: "READWRITE", key: encode(prefix), range_end: encode(`${prefix.slice(0, -1)}0`) },
  });
  await askEtcd(url, "/v3/auth/user/add", { name: user, password });
  await askEtcd(url, "/v3/auth/user/grant", { user, role: "cluster" });
  await askEtcd(url, "/v3/auth/enable", {});
}
