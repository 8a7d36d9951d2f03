import { setTimeout as pause, setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { CreateBatch, type CreatedObject } from "../../provider/enablex/create-batch.ts";
import type { ApiRecord } from "../../provider/enablex/fields.ts";
import { UcaasError } from "../../provider/runtime/errors.ts";

const identity = (code: string) => ({ by: "code", key: code });

/** Two rows of a code: this run's, and that of another stack. */
const rowsOf = (code: string): ApiRecord[] => [
  { id: `${code}1`, code },
  { id: `${code}2`, code },
];

const batch = (readTakes = 0) =>
  new CreateBatch({
    async *pages() {
      await pause(readTakes);
      yield ["a", "b"].flatMap(rowsOf);
    },
    idOf: ({ id }) => String(id),
    identitiesOf: ({ code }) => [identity(String(code))],
  });

const created = (code: string): CreatedObject => ({
  identity: identity(code),
  search: async () => rowsOf(code),
  findProblem: async (rows) =>
    rows.length > 1
      ? new UcaasError(`${code} exists twice`, { code: "AMBIGUOUS", hint: "delete one" })
      : undefined,
});

/** The codes that the creates find to exist twice, by themselves or for others. */
async function reported(finishing: Record<string, ReturnType<CreateBatch["finish"]>>) {
  const found = await Promise.all(
    Object.entries(finishing).map(async ([code, look]) => {
      const last = await look;
      const own = (last?.rows(identity(code)) ?? []).length > 1 ? [code] : [];
      return [...own, ...(last?.takeProblems() ?? []).map(({ reason }) => reason.slice(0, 1))];
    }),
  );
  return found.flat().toSorted();
}

test("two last creates that finish at once both find an object of another stack", async () => {
  const creates = batch();
  for (const _ of "ab") creates.announce();
  for (const _ of "ab") creates.begin();
  expect(
    await reported({ a: creates.finish(created("a")), b: creates.finish(created("b")) }),
  ).toEqual(["a", "b"]);
});

test("a create that waits for the next one is verified by the look that happens meanwhile", async () => {
  const creates = batch();
  for (const _ of "ab") creates.announce();
  creates.begin();
  const a = creates.finish(created("a"));
  creates.begin();
  expect(await reported({ a, b: creates.finish(created("b")) })).toEqual(["a", "b"]);
});

test("creates that come one after the other, as below components, are verified by one look", async () => {
  // Longer than this test takes: nothing ends the wait but the next create.
  const creates = batch(900);
  for (const _ of "ab") creates.announce();
  for (const _ of "ab") creates.begin();
  await creates.mayExist(identity("a"));
  const [a, b] = [creates.finish(created("a")), creates.finish(created("b"))];
  await setImmediate();
  creates.announce();
  expect(await b).toBeUndefined();
  creates.begin();
  expect(await a).toBeUndefined();
  const c = creates.finish(created("c"));
  expect(await reported({ c })).toEqual(["a", "b"]);
});

test("one that is checked and never created leaves the others verified", async () => {
  const creates = batch(900);
  for (const _ of "ab") creates.announce();
  for (const _ of "ab") creates.begin();
  await creates.mayExist(identity("a"));
  const both = { a: creates.finish(created("a")), b: creates.finish(created("b")) };
  await setImmediate();
  creates.announce();
  expect(await reported(both)).toEqual(["a", "b"]);
});

test("a create that waits for others returns as soon as the next one is checked", async () => {
  const creates = batch();
  creates.announce();
  for (const _ of "ab") creates.begin();
  const a = creates.finish(created("a"));
  await setImmediate();
  for (const _ of "bc") creates.announce();
  const b = creates.finish(created("b"));
  expect(await a).toBeUndefined();
  creates.begin();
  expect(await b).toBeUndefined();
  expect(await reported({ c: creates.finish(created("c")) })).toEqual(["a", "b"]);
});

test("creates that run one by one are verified though the next one is checked and not created", async () => {
  const creates = batch(900);
  for (const _ of "ab") creates.announce();
  creates.begin();
  await creates.mayExist(identity("a"));
  // The engine does not begin the next one until this one returns.
  expect(await reported({ a: creates.finish(created("a")) })).toEqual(["a"]);
  creates.begin();
  const b = creates.finish(created("b"));
  await setImmediate();
  creates.announce();
  expect(await reported({ b })).toEqual(["b"]);
});

test("a look that fails is an error of the create that asked for it, and of nothing else", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  onTestFinished(() => void process.off("unhandledRejection", unhandled));
  const creates = batch();
  creates.announce();
  creates.begin();
  const search = () => Promise.reject(new Error("the list cannot be read"));
  await expect(creates.finish({ ...created("a"), search })).rejects.toThrow("cannot be read");
  await setImmediate();
  expect(unhandled).not.toHaveBeenCalled();
});
