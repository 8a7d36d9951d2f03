import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliErrors } from "../../cli/error-codes.ts";
import { policyErrors } from "../../policy/error-codes.ts";
import { enablexErrors } from "../../provider/enablex/errors.ts";
import { httpErrors } from "../../provider/http/errors.ts";
import { netsapiensErrors } from "../../provider/netsapiens/errors.ts";
import { stepErrors } from "../../provider/netsapiens/steps.ts";
import { runtimeErrors } from "../../provider/runtime/errors.ts";
import { xelionErrors } from "../../provider/xelion/errors.ts";
import { ximaApiErrors, ximaErrors } from "../../provider/xima/errors.ts";
import { receiverErrors } from "../../receiver/error-codes.ts";
import { root } from "../../tools/engine/paths.mjs";

const catalogues = {
  cliErrors,
  enablexErrors,
  httpErrors,
  netsapiensErrors,
  policyErrors,
  receiverErrors,
  runtimeErrors,
  stepErrors,
  xelionErrors,
  ximaApiErrors,
  ximaErrors,
};

test.each(Object.entries(catalogues))(
  "says in at most 12 words what each code of %s means",
  (_, codes) => {
    for (const [code, meaning] of Object.entries(codes))
      expect.soft(meaning.split(" ").length, code).toBeLessThanOrEqual(12);
  },
);

test("explains every code of a command on a page", () => {
  const pages = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => readFileSync(join(root, "docs", name), "utf8"))
    .join("\n");
  const codes = Object.keys({ ...cliErrors, ...policyErrors, ...receiverErrors, ...runtimeErrors });
  expect(codes.filter((code) => !pages.includes(`\`${code}\``))).toEqual([]);
});
