import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { XimaLicense } from "../../provider/index.ts";
import { isSameStack } from "../../provider/runtime/journal.ts";
import { stackIdentity, stackParts } from "../../provider/runtime/stack-identity.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ucaas-identity-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const identity = (environment: NodeJS.ProcessEnv) =>
  stackIdentity("shop", "live", undefined, join(folder, "src"), {
    PULUMI_HOME: folder,
    ...environment,
  });

/** What the resources of a program in this organization carry. */
async function declaredIn(organization: string, backend: string): Promise<string> {
  vi.stubEnv("PULUMI_BACKEND_URL", backend);
  let stack = "";
  const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => {
    stack = inputs.__stack;
    return { id: name, state: inputs };
  };
  await pulumi.runtime.setMocks(
    { newResource, call: () => ({}) },
    ...(["shop", "live", false, organization] as const),
  );
  pulumi.runtime.setAllConfig({});
  const { urn } = new XimaLicense("a", { ccId: { resellerId: "r", tenantId: "t" } });
  await new Promise((resolve) => urn.apply(resolve));
  return stack;
}

describe("the identity of a stack", () => {
  test("names the backend by Pulumi's own rule: the environment, the project file, the login", () => {
    expect(identity({})).toBe("shop/live");
    writeFileSync(
      join(folder, "credentials.json"),
      JSON.stringify({ current: "https://api.pulumi.com" }),
    );
    expect(identity({})).toBe("shop/live@https://api.pulumi.com");
    mkdirSync(join(folder, "src"));
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      "name: shop\nbackend:\n  url: file:///srv/state\nruntime: nodejs\n",
    );
    expect(identity({})).toBe("shop/live@file:///srv/state");
    writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\nbackend: { url: 's3://states' }\n");
    expect(identity({})).toBe("shop/live@s3://states");
    expect(identity({ PULUMI_BACKEND_URL: "gs://bucket/" })).toBe("shop/live@gs://bucket");
  });

  test("contains no credentials, and distinguishes two queries", () => {
    const first = identity({
      PULUMI_BACKEND_URL: "postgres://user:canary@db.example/state?password=canary",
    });
    expect(first).toMatch(/^shop\/live@postgres:\/\/db\.example\/state#[0-9a-f]{8}$/);
    expect(
      identity({ PULUMI_BACKEND_URL: "postgres://user:canary@db.example/state?table=b" }),
    ).not.toBe(first);
  });

  test("does not change with how a backend of files writes", () => {
    const plain = identity({ PULUMI_BACKEND_URL: "file:///srv/state" });
    for (const query of ["metadata=skip", "no_tmp_dir=true&metadata=skip"])
      expect(identity({ PULUMI_BACKEND_URL: `file:///srv/state?${query}` })).toBe(plain);
    const prefixed = identity({ PULUMI_BACKEND_URL: "file:///srv/state?prefix=a%2F" });
    expect(prefixed).not.toBe(plain);
    expect(identity({ PULUMI_BACKEND_URL: "file:///srv/state?metadata=skip&prefix=a%2F" })).toBe(
      prefixed,
    );
  });

  test("is the same as what 0.1.0 wrote for the stack, and another on another backend", () => {
    expect(isSameStack("shop/live", "shop/live@s3://a")).toBe(true);
    expect(isSameStack("shop/live@s3://a", "shop/live")).toBe(true);
    expect(isSameStack("shop/live@s3://a", "shop/live@s3://b")).toBe(false);
    expect(isSameStack("shop/live", "shop/test")).toBe(false);
  });

  test("is another one in another organization of Pulumi Cloud", async () => {
    const cloud = "https://api.pulumi.com";
    const [prod, other] = [
      await declaredIn("prod-org", cloud),
      await declaredIn("test-org", cloud),
    ];
    expect([prod, other]).toEqual([`shop/live@${cloud}/prod-org`, `shop/live@${cloud}/test-org`]);
    expect(isSameStack(prod, other)).toBe(false);
    // What was written before does not say whose it is.
    for (const earlier of ["shop/live", `shop/live@${cloud}`])
      for (const each of [prod, other]) expect(isSameStack(earlier, each)).toBe(true);
  });

  test("has no organization on a backend of one's own", async () => {
    expect(await declaredIn("organization", "s3://states/ucaas")).toBe(
      "shop/live@s3://states/ucaas",
    );
    expect(await declaredIn("anything", "s3://states/ucaas")).toBe("shop/live@s3://states/ucaas");
  });
});

test("a stack's name is found in its identity, with a backend and without", () => {
  expect(stackParts("shop/old@file:///a/b").name).toBe("old");
  expect(stackParts("shop/old")).toEqual({ project: "shop", name: "old", backend: undefined });
});
