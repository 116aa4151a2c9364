import { openTestEtcd } from "@understudy/etcd-server";
import { openTestAuthority } from "@understudy/tls/test-authority";
import { expect, test } from "vitest";
import { openTestStore, put, SLOW_MS, startWatch } from "./test-store.ts";

const unavailable = (text: RegExp) => ({
  code: "coordination-unavailable",
  message: expect.stringMatching(text),
});

test("over TLS with the authority's certificate; without it, or in plain, it says what to do", async () => {
  await using authority = await openTestAuthority();
  await using etcd = await openTestEtcd({ tls: await authority.issue("server") });
  await using store = await openTestStore(etcd.urls, { tls: { ca: authority.ca } });
  await using watch = await startWatch(store);
  await put(store, "a", "1");
  await expect.poll(() => watch.keys(), { timeout: SLOW_MS }).toEqual(new Set(["a"]));
  await expect(openTestStore(etcd.urls)).rejects.toMatchObject(
    unavailable(/^etcd at https:.*unknown authority: give that authority's certificate$/),
  );
  const plain = etcd.urls.replace("https:", "http:");
  await expect(openTestStore(plain)).rejects.toMatchObject(unavailable(/^etcd at http:/));
});

test("with certificates on both sides; without one, or with another authority's, it says what to do", async () => {
  await using authority = await openTestAuthority();
  await using stranger = await openTestAuthority();
  const server = await authority.issue("server");
  await using etcd = await openTestEtcd({ tls: { ...server, clientCaFile: authority.caFile } });
  const { cert, key } = await authority.issue("client");
  await using store = await openTestStore(etcd.urls, { tls: { ca: authority.ca, cert, key } });
  await using watch = await startWatch(store);
  await put(store, "a", "1");
  await expect.poll(() => watch.keys(), { timeout: SLOW_MS }).toEqual(new Set(["a"]));
  const refused = unavailable(/^etcd at https:.*client certificate/);
  await expect(openTestStore(etcd.urls, { tls: { ca: authority.ca } })).rejects.toMatchObject(refused);
  const other = await stranger.issue("client");
  const tls = { ca: authority.ca, cert: other.cert, key: other.key };
  await expect(openTestStore(etcd.urls, { tls })).rejects.toMatchObject(refused);
});

test("takes other certificates for new connections while it goes on", async () => {
  await using authority = await openTestAuthority();
  const { cert, key, ...files } = await authority.issue("server");
  await using etcd = await openTestEtcd({ tls: { ...files, clientCaFile: authority.caFile } });
  let current = { ca: authority.ca, cert, key };
  await using store = await openTestStore(etcd.urls, { tls: () => current });
  await put(store, "a", "1");
  await using stranger = await openTestAuthority();
  const other = await stranger.issue("client");
  current = { ca: authority.ca, cert: other.cert, key: other.key };
  await etcd.members[0]?.killHard();
  await etcd.members[0]?.start();
  await expect(put(store, "a", "2")).rejects.toMatchObject(unavailable(/client certificate/));
  current = { ca: authority.ca, cert, key };
  await expect
    .poll(
      () =>
        put(store, "b", "1").then(
          () => "put",
          (error: unknown) => String(error),
        ),
      { timeout: SLOW_MS },
    )
    .toBe("put");
});

test("a certificate for another address and a member without TLS are told", async () => {
  await using authority = await openTestAuthority();
  const server = await authority.issue("server", { names: "IP:127.0.0.2" });
  await using etcd = await openTestEtcd({ tls: server });
  await expect(openTestStore(etcd.urls, { tls: { ca: authority.ca } })).rejects.toMatchObject(
    unavailable(/certificate for another name/),
  );
  await using plain = await openTestEtcd();
  const urls = plain.urls.replace("http:", "https:");
  await expect(openTestStore(urls)).rejects.toMatchObject(unavailable(/does it speak TLS there/));
});
