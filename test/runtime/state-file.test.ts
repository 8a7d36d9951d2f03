import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stackIdentity } from "../../provider/runtime/stack-identity.ts";
import { hasNoPendingOperations, lastUpdateSucceeded } from "../../provider/runtime/state-file.ts";

let backend: string;
let folder: string;
beforeEach(() => {
  backend = mkdtempSync(join(tmpdir(), "ucaas-backend-"));
  folder = join(backend, ".pulumi", "stacks", "shop");
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(backend, { recursive: true }));

/** A checkpoint as the engine writes it. */
function checkpoint(latest: object = {}): string {
  const resources = [{ inputs: { note: 'says "pending_operations"' } }];
  return JSON.stringify({ version: 3, checkpoint: { latest: { resources, ...latest } } });
}
const pending = checkpoint({ pending_operations: [{ type: "creating" }] });
const write = (ending: string, content: string | Buffer) =>
  writeFileSync(join(folder, `live.json${ending}`), content);
const asked = (stack = `shop/live@file://${backend}`, url = `file://${backend}`) =>
  hasNoPendingOperations(stack, backend, { PULUMI_BACKEND_URL: url });

describe("a state in a file", () => {
  test.each([
    ["plain", "", (text: string) => text],
    ["gzip", ".gz", zlib.gzipSync],
    ["zstd", ".zst", zlib.zstdCompressSync],
  ])("tells whether an operation is pending, as %s", (_, ending, encode) => {
    write(ending, encode(checkpoint()));
    expect(asked()).toBe(true);
    write(ending, encode(pending));
    expect(asked()).toBe(false);
  });

  test("does not tell where the engine may read another one", () => {
    write("", checkpoint());
    write(".gz", zlib.gzipSync(pending));
    expect(asked()).toBe(false);
  });

  test.each([
    ["is empty", "", ""],
    ["is no checkpoint", "", "{}"],
    ["cannot be decoded", ".gz", "not gzip"],
  ])("does not tell when it %s", (_, ending, content) => {
    write(ending, content);
    expect(asked()).toBe(false);
  });

  test("does not tell for another stack, another backend, or one that is not known", () => {
    write("", checkpoint());
    for (const stack of [
      `shop/other@file://${backend}`,
      `other/live@file://${backend}`,
      "shop/live@https://api.pulumi.com",
      "shop/live@file://~",
      "shop/live",
    ])
      expect(asked(stack), stack).toBe(false);
  });

  test("does not tell when the backend's URL has a query, which may name another place", () => {
    write("", checkpoint());
    const url = `file://${backend}?prefix=other/`;
    const stack = stackIdentity("shop", "live", undefined, backend, { PULUMI_BACKEND_URL: url });
    expect(asked(stack, url)).toBe(false);
  });

  test("does not tell when the state was moved to another backend since", () => {
    write("", checkpoint());
    expect(asked(undefined, `file://${backend}`)).toBe(true);
    expect(asked(undefined, "file:///srv/state")).toBe(false);
  });
});

describe("a history in files", () => {
  const history = () => join(backend, ".pulumi", "history", "shop", "live");
  const run = (nanoseconds: number, ending: string, content: string | Buffer) => {
    mkdirSync(history(), { recursive: true });
    writeFileSync(join(history(), `live-${nanoseconds}.history.json${ending}`), content);
  };
  const text = (kind: string, result: string) => JSON.stringify({ kind, result });
  const succeeded = (url = `file://${backend}`) =>
    lastUpdateSucceeded(`shop/live@file://${backend}`, backend, { PULUMI_BACKEND_URL: url });

  test.each([
    ["plain", "", (content: string) => content],
    ["gzip", ".gz", zlib.gzipSync],
    ["zstd", ".zst", zlib.zstdCompressSync],
  ])("tells how the last update ended, as %s", (_, ending, encode) => {
    write("", checkpoint());
    expect(succeeded()).toBe(true);
    run(1, ending, encode(text("update", "failed")));
    expect(succeeded()).toBe(false);
    run(2, ending, encode(text("update", "succeeded")));
    expect(succeeded()).toBe(true);
  });

  test("ends with the last twenty runs, which are all that the CLI would be asked for", () => {
    run(10, "", text("update", "failed"));
    for (let at = 11; at < 31; at++) run(at, "", text("refresh", "succeeded"));
    write("", checkpoint());
    expect(succeeded()).toBe(true);
  });

  test("does not take a refresh for an update", () => {
    run(1, "", text("update", "failed"));
    run(2, "", text("refresh", "succeeded"));
    expect(succeeded()).toBe(false);
  });

  test("does not tell when it is broken, elsewhere, or in another backend", () => {
    expect(succeeded()).toBe(false);
    run(1, "", text("update", "succeeded"));
    expect(succeeded("s3://state")).toBe(false);
    run(2, "", "");
    expect(succeeded()).toBe(false);
  });
});
