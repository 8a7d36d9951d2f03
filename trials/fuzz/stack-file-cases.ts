/**
 * Stack files and customers' files of any content: each ends in faults that a person can
 * read, or in none.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { StackFiles } from "../../stacks/stack-files.ts";
import {
  collectWarnings,
  findPlaintextSecrets,
  validateStackFiles,
} from "../../stacks/validate.ts";
import type { Case } from "./cases.ts";
import { faultsOfText } from "./judge.ts";
import { hostileTexts, hostileValues, pathsIn, withValueAt } from "./values.ts";

const customer = {
  name: "Acme",
  enablex: {
    customer: { customerName: "Acme", customerCode: "ACME", officeAddress: { country: "GB" } },
    users: { ada: { userType: "moderator", firstName: "Ada", email: "ada@acme.example" } },
  },
  xima: {
    ccId: {
      resellerId: "voicehouse",
      resellerName: "Voicehouse",
      tenantId: "acme",
      tenantName: "Acme",
    },
    professionalSeats: 12,
  },
  xelion: {
    serverUrl: "https://pbx.example",
    tenantName: "acme",
    tenantToken: { secure: "x" },
    configuration: { version: 1, organization: { name: "Acme" } },
  },
  netsapiens: { domain: "acme", clientId: "xima-acme", did: "+13125550100", driver: "portal" },
};

const bomb = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ..."bcdefghij"
    .split("")
    .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[at]}`)}]`),
].join("\n");

/** Texts that are hardly a customer's file. */
const texts: Readonly<Record<string, string | Buffer>> = {
  empty: "",
  "a scalar": "acme",
  "a list": "- a\n- b\n",
  "tabs for indentation": "name: Acme\n\txima: {}\n",
  "no end of a quote": 'name: "Acme\n',
  "no end of a flow": "xima: {professionalSeats: 5\n",
  "the same key twice": "name: Acme\nname: Other\n",
  "several documents": "name: Acme\n---\nname: Other\n",
  "a directive": "%YAML 9.9\n---\nname: Acme\n",
  "an unknown tag": "name: !!js/function 'function () {}'\n",
  "a binary tag": "name: !!binary aGVsbG8=\n",
  "a merge key": "<<: &a {name: Acme}\nxima: *a\n",
  "an alias of itself": "xima: &a {ccId: *a}\n",
  "an unknown alias": "name: *undefined\n",
  "aliases to the ninth power": bomb,
  "3,000 levels": `${"{a: ".repeat(3_000)}1${"}".repeat(3_000)}`,
  "20,000 keys": Array.from({ length: 20_000 }, (_, at) => `k${at}: ${at}`).join("\n"),
  "a line of 300,000 characters": `name: ${"x".repeat(300_000)}`,
  "control characters": "name: a\u0000b\u001b[31m\n",
  "a key that is a map": "? {a: 1}\n: 2\n",
  "keys of objects": "__proto__: {a: 1}\nconstructor: 2\ntoString: 3\nhasOwnProperty: 4\n",
  "bytes that are not UTF-8": Buffer.from([0x6e, 0x61, 0x6d, 0x65, 0x3a, 0x20, 0xff, 0xfe, 0x0a]),
  "UTF-16": Buffer.from("name: Acme\n", "utf16le"),
  "a byte order mark": "\ufeffname: Acme\n",
  "a secret in a plain key": "xima: {sipCredentials: 'Fuzz-sip-password-1'}\n",
};

export function stackFileCases(): Case[] {
  const files: [string, () => string | Buffer][] = Object.entries(texts).map(([name, text]) => [
    name,
    () => text,
  ]);
  const values = hostileValues([], 90);
  for (const path of pathsIn(customer)) {
    if (path.length === 0) continue;
    for (const { name, json } of values)
      files.push([
        `${path.join(".")} is ${name}`,
        () =>
          stringify(withValueAt(customer, path, JSON.parse(json)), {
            aliasDuplicateObjects: false,
          }),
      ]);
    for (const key of hostileTexts) {
      const inside = () => withValueAt(customer, path, { [key]: "x" });
      files.push([
        `${path.join(".")} has the key ${JSON.stringify(key)}`,
        () => stringify(inside()),
      ]);
    }
  }
  return files.map(([name, text]) => ({
    name: `customer's file: ${name}`,
    run: async () => judged(text()),
  }));
}

const secret = "Fuzz-sip-password-1";

/** What is wrong with what is said of a customer's file. */
function judged(text: string | Buffer): string[] {
  const folder = mkdtempSync(join(tmpdir(), "ucaas-fuzz-stack-"));
  try {
    mkdirSync(join(folder, "stacks", "customers", "one"), { recursive: true });
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      "name: ucaas\nruntime: nodejs\nmain: stacks/index.ts\nstackConfigDir: stacks\n",
    );
    writeFileSync(join(folder, "stacks", "Pulumi.one.yaml"), "config: {}\n");
    writeFileSync(join(folder, "stacks", "customers", "one", "acme.yaml"), text);
    return messages(join(folder, "stacks")).flatMap((line) => faultsOfText(line, [secret]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function messages(folder: string): string[] {
  try {
    const files = new StackFiles(folder, "one");
    const config = { defaults: undefined, customers: undefined, isSecret: () => false };
    const customers = files.customers(config);
    return [
      ...validateStackFiles(files, config, customers, { get: () => "x" }),
      ...collectWarnings(files),
      ...findPlaintextSecrets(customers),
    ];
  } catch (error) {
    const { message } = error as Error;
    // An error of the reading names the file and what to do.
    return /acme\.yaml/.test(message)
      ? [message]
      : [message, `[object Error] without a file: ${message.slice(0, 200)}`];
  }
}
