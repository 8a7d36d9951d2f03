import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchReader, nextRead } from "../../provider/enablex/batch-reader.ts";
import type { ApiRecord } from "../../provider/enablex/fields.ts";
import { UcaasError } from "../../provider/runtime/errors.ts";

/** A list of customers in pages, that counts what it is asked for. */
function source(
  rows: ApiRecord[],
  { pageSize = 100, listed = rows }: { pageSize?: number; listed?: ApiRecord[] } = {},
) {
  const calls: string[] = [];
  return {
    calls,
    idOf: (row: ApiRecord) => String(row.id),
    page: async (number: number) => {
      calls.push(`page ${number}`);
      const on = listed.slice((number - 1) * pageSize, number * pageSize);
      return { rows: on, last: on.length < pageSize };
    },
    single: async (id: string) => {
      calls.push(`single ${id}`);
      return rows.find((row) => String(row.id) === id);
    },
  };
}
const customers = (count: number): ApiRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    name: `Customer ${index + 1}`,
    office: { city: "" },
  }));
const wires = ["name", "office.city"];

/** Reads all, so many at a time, as the engine does. */
async function refresh(
  reader: BatchReader,
  ids: string[],
  parallel: number,
): Promise<(ApiRecord | undefined)[]> {
  const found: (ApiRecord | undefined)[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < ids.length) {
        const index = next++;
        found[index] = await reader.read(ids[index]!, wires);
      }
    }),
  );
  return found;
}

describe("reads that wait at the same time", () => {
  test("of 300 customers are answered by the pages of the list, each asked for once", async () => {
    const list = source(customers(300));
    const ids = customers(300).map(({ id }) => String(id));
    const found = await refresh(new BatchReader(list), ids, 16);
    expect(found.map((row) => row?.name)).toEqual(customers(300).map(({ name }) => name));
    expect(list.calls).toEqual(["page 1", "page 2", "page 3"]);
  });

  test("fall back to single reads where no row has a managed field, after one page", async () => {
    const list = source(customers(300), { listed: customers(300).map(({ id }) => ({ id })) });
    await refresh(new BatchReader(list), ["1", "2", "3", "4"], 4);
    expect(list.calls.sort()).toEqual(["page 1", "single 1", "single 2", "single 3", "single 4"]);
  });

  test("take a field that other rows have and one lacks for an empty one", async () => {
    const rows = customers(3).map((row) => (row.id === 2 ? { id: 2, name: "Two" } : row));
    const list = source(rows);
    await refresh(new BatchReader(list), ["1", "2", "3"], 3);
    expect(list.calls).toEqual(["page 1"]);
  });

  test("say gone only by a single read: a row that is not in the list is looked for", async () => {
    const list = source(customers(4), { listed: customers(2) });
    const found = await refresh(new BatchReader(list), ["1", "2", "3", "9"], 4);
    expect(found.map((row) => row?.id)).toEqual([1, 2, 3, undefined]);
    expect(list.calls).toEqual(["page 1", "single 3", "single 9"]);
  });

  test("go on singly when the list is refused, and fail at once when the server is away", async () => {
    const rows = customers(2);
    const failing = (error: Error) => ({ ...source(rows), page: () => Promise.reject(error) });
    const refused = new BatchReader(
      failing(new UcaasError("no", { code: "HEADER_INVALID", status: 401, hint: "-" })),
    );
    expect((await refresh(refused, ["1", "2"], 2)).map((row) => row?.id)).toEqual([1, 2]);
    const lost = new BatchReader(
      failing(new UcaasError("lost", { code: "CONNECTION_LOST", hint: "-" })),
    );
    await expect(refresh(lost, ["1", "2"], 2)).rejects.toThrow("lost");
  });

  test("never take from the list what this run has written", async () => {
    const list = source(customers(2));
    const reader = new BatchReader(list);
    await refresh(reader, ["1", "2"], 2);
    reader.forget("1");
    await reader.read("1", wires);
    expect(list.calls).toEqual(["page 1", "single 1"]);
  });

  test("of a few customers of a long list cost at most twice their single reads, at any position", async () => {
    const world = fc.record({
      size: fc.integer({ min: 0, max: 400 }),
      pageSize: fc.integer({ min: 1, max: 50 }),
      wanted: fc.uniqueArray(fc.integer({ min: 1, max: 420 }), { maxLength: 40 }),
      parallel: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ size, pageSize, wanted, parallel }) => {
        const list = source(customers(size), { pageSize });
        const found = await refresh(new BatchReader(list), wanted.map(String), parallel);
        expect(found.map((row) => row?.id)).toEqual(
          wanted.map((id) => (id <= size ? id : undefined)),
        );
        expect(list.calls.length).toBeLessThanOrEqual(2 * wanted.length);
        expect(new Set(list.calls).size).toBe(list.calls.length);
      }),
      { numRuns: 25 },
    );
  });
});

test("one read alone is a single call, since a page would carry a hundred for nothing", () => {
  const state = { waiting: 1, asked: 1, served: 0, lacking: 0, pages: 0, exhausted: false };
  expect([nextRead(state), nextRead({ ...state, waiting: 2, asked: 2 })]).toEqual([
    "single",
    "page",
  ]);
});
