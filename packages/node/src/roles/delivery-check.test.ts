import { describe, expect, it } from "vitest";
import { checkDelivery, readDeliveryHeaders } from "./delivery-check.ts";

const HEADERS = {
  "x-understudy-cluster": "c1",
  "x-understudy-epoch": "3",
  "x-understudy-sender": "node1",
  "x-understudy-after": "0-1-5",
  "x-understudy-flavour": "mariadb",
  "x-understudy-master-position": "0-1-9",
};
const EXPECTED = {
  nodeId: "node2",
  wire: { oldest: 1, newest: 2 },
  flavour: "mariadb",
  clusterId: "c1",
  epoch: 3n,
  closed: null,
  registered: 3n,
};

describe("the check of a delivery", () => {
  it("takes one of this cluster under this or a newer epoch", () => {
    const headers = readDeliveryHeaders(HEADERS);
    expect(() => checkDelivery(headers, EXPECTED)).not.toThrow();
    expect(() => checkDelivery(headers, { ...EXPECTED, epoch: 2n })).not.toThrow();
    expect(() => checkDelivery(headers, { ...EXPECTED, clusterId: null })).not.toThrow();
  });

  it("refuses an older master, and tells it the epoch that makes it step down", () => {
    expect(() => checkDelivery(readDeliveryHeaders(HEADERS), { ...EXPECTED, epoch: 4n })).toThrow(
      expect.objectContaining({ code: "epoch-stale", details: { epoch: "4" } }),
    );
  });

  it("takes nothing from a master that it has turned away from, but from a later one", () => {
    const headers = readDeliveryHeaders(HEADERS);
    expect(() => checkDelivery(headers, { ...EXPECTED, closed: 2n })).not.toThrow();
    expect(() => checkDelivery(headers, { ...EXPECTED, closed: 3n })).toThrow(
      expect.objectContaining({ code: "starting" }),
    );
  });

  it.each([null, 2n, 4n])(
    "takes nothing in an epoch that it has not registered in (registered in %s)",
    (registered) => {
      expect(() => checkDelivery(readDeliveryHeaders(HEADERS), { ...EXPECTED, registered })).toThrow(
        expect.objectContaining({ code: "starting" }),
      );
    },
  );

  it.each([{ clusterId: "c2" }, { flavour: "mysql" }])("refuses another %o", (other) => {
    expect(() => checkDelivery(readDeliveryHeaders(HEADERS), { ...EXPECTED, ...other })).toThrow(
      expect.objectContaining({ code: "cluster-mismatch" }),
    );
  });

  it.each(Object.keys(HEADERS))("asks for the header %s", (name) => {
    expect(() => readDeliveryHeaders({ ...HEADERS, [name]: undefined })).toThrow(
      expect.objectContaining({ code: "invalid-request" }),
    );
  });

  it("takes the versions that it understands, and names the node to upgrade for another", () => {
    const told = (wire: string) => readDeliveryHeaders({ ...HEADERS, "x-understudy-wire": wire });
    for (const wire of ["1", "2"]) expect(() => checkDelivery(told(wire), EXPECTED)).not.toThrow();
    expect(() => checkDelivery(told("3"), EXPECTED)).toThrow(
      expect.objectContaining({
        code: "version-mismatch",
        message: expect.stringMatching(/upgrade node2$/),
      }),
    );
    const later = { ...EXPECTED, wire: { oldest: 2, newest: 2 } };
    expect(() => checkDelivery(readDeliveryHeaders(HEADERS), later)).toThrow(
      expect.objectContaining({
        code: "version-mismatch",
        message: expect.stringMatching(/upgrade node1$/),
      }),
    );
    expect(() => told("two")).toThrow(expect.objectContaining({ code: "invalid-request" }));
  });

  it("refuses an epoch that is no number", () => {
    expect(() => readDeliveryHeaders({ ...HEADERS, "x-understudy-epoch": "-1" })).toThrow(/not a number/);
  });
});
