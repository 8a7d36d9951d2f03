import { describe, expect, test } from "vitest";
import {
  describePendingCreate,
  pendingCreates,
  unreportedCreates,
} from "../../provider/pending-creates.ts";
import type { JournalEntry } from "../../provider/runtime/journal.ts";
import type { RecordedResource } from "../../provider/runtime/stack-record.ts";

const objects = {
  XimaLicense: [
    { ccId: { resellerId: "voicehouse", tenantId: "acme" } },
    { ccId: { resellerId: "voicehouse", tenantId: "bakery" } },
    "voicehouse/acme",
  ],
  EnableXCustomer: [{ customerCode: "ACME" }, { customerCode: "BAKERY" }, "ACME"],
  EnableXSubscription: [
    { customerId: "7", planId: "gold" },
    { customerId: "8", planId: "gold" },
    "7 gold",
  ],
  EnableXUser: [{ email: "a@acme.example" }, { email: "b@acme.example" }, "a@acme.example"],
  NetsapiensOAuthClient: [{ clientId: "acme" }, { clientId: "bakery" }, "acme"],
  XelionTenantProvision: [
    { serverUrl: "https://voice.example", tenantName: "acme" },
    { serverUrl: "https://voice.example", tenantName: "bakery" },
    "voice.example/acme",
  ],
} as const;

type Inputs = Record<string, unknown>;
const secret = { "4dabf18193072939515e22adb298388d": "1b47", ciphertext: "v1:abc" };
const resource = (type: string, inputs: Inputs, id?: string, name = "a"): RecordedResource => ({
  urn: `urn:pulumi:live::shop::pulumi-nodejs:dynamic/ucaas:${type}::${name}`,
  type: `pulumi-nodejs:dynamic/ucaas:${type}`,
  ...(id !== undefined && { id }),
  inputs: { ...inputs, password: secret },
});
const plain = ({ inputs, ...rest }: RecordedResource): RecordedResource => {
  const { password: _, ...others } = inputs ?? {};
  return { ...rest, inputs: others };
};
const creating = (known: RecordedResource) => ({ type: "creating", resource: known });

describe.each(Object.entries(objects))("a create of %s that was cut off", (type, objects) => {
  const [object, other, label] = objects as unknown as [Inputs, Inputs, string];
  const found = (...resources: RecordedResource[]) =>
    pendingCreates({ resources, pending: [creating(resource(type, object))] });

  test("is open until the state has this object, with these arguments under another name", () => {
    expect(found()).toMatchObject([{ type, name: "a", label, isNowAnother: false }]);
    expect(found(resource(type, { ...object, more: 1 }, "1"))).toEqual([]);
    // Its other arguments may have been sent to the object of another resource.
    expect(found(plain(resource(type, object, "1", "b")))).toHaveLength(1);
    const create = creating(plain(resource(type, object)));
    const other = (more: Inputs = {}) => plain(resource(type, { ...object, ...more }, "1", "b"));
    expect(pendingCreates({ resources: [other()], pending: [create] })).toEqual([]);
    expect(pendingCreates({ resources: [other({ seats: 5 })], pending: [create] })).toHaveLength(1);
  });

  test("stays open when the resource is another object, of another account, or has no id", () => {
    expect(found(resource(type, other, "1"))).toMatchObject([{ label, isNowAnother: true }]);
    expect(found(resource(type, { ...object, account: "second" }, "1"))).toHaveLength(1);
    expect(found(resource(type, object))).toHaveLength(1);
  });

  test("is reported with its object, and how it is settled", () => {
    const text = describePendingCreate(found()[0]!);
    expect(text).toContain(`the create of ${type} "a" (${label})`);
    expect(text).toMatch(/2\. .*run pulumi up\.\n/);
    const look = type === "XelionTenantProvision" ? "orderId" : "ucaas adopt";
    expect(text).toMatch(
      new RegExp(`3\\. .*${look}.*\\n +4\\. .*pulumi refresh --clear-pending-creates$`),
    );
  });
});

test("objects whose names are secrets are compared by the resource alone", () => {
  const user = (id?: string, name?: string) => resource("EnableXUser", { email: secret }, id, name);
  const found = (known: RecordedResource) =>
    pendingCreates({ resources: [known], pending: [creating(user())] });
  expect(found(user("1"))).toEqual([]);
  expect(found(user("1", "b"))).toHaveLength(1);
});

test("updates, and creates of other packages, are no pending creates", () => {
  const licence = resource("XimaLicense", objects.XimaLicense[0]);
  const bucket = { urn: "urn:pulumi:live::shop::aws:s3:Bucket::a", type: "aws:s3:Bucket" };
  const pending = [{ type: "updating", resource: licence }, creating(bucket)];
  expect(pendingCreates({ resources: [], pending })).toEqual([]);
});

describe("a program reports a pending create", () => {
  const stack = "shop/live";
  const [open] = pendingCreates({
    resources: [],
    pending: [creating(resource("EnableXCustomer", objects.EnableXCustomer[0]))],
  }) as [ReturnType<typeof pendingCreates>[number]];
  const declared = [{ type: "EnableXCustomer", name: "a" }];

  test("that it does not declare, or declares as another object", () => {
    expect(unreportedCreates([open], [], stack)).toEqual([open]);
    expect(unreportedCreates([open], [], stack, declared)).toEqual([]);
    const another = { ...open, isNowAnother: true };
    expect(unreportedCreates([another], [], stack, declared)).toEqual([another]);
  });

  test("unless its own journal has the entry, which is reported with it", () => {
    const entry = {
      ...{ vendor: "enablex", stack: "shop/live", thing: "customer ACME" },
      ...{ operation: "create", type: "EnableXCustomer", resource: "a" },
      ...{ argumentsHash: "", intendedAt: "2026-01-05T09:00:00Z", note: null },
    } as JournalEntry;
    expect(unreportedCreates([open], [entry], stack)).toEqual([]);
    expect(unreportedCreates([open], [{ ...entry, resource: "b" }], stack)).toEqual([open]);
    expect(unreportedCreates([open], [{ ...entry, stack: "shop/dev" }], stack)).toEqual([open]);
  });
});
