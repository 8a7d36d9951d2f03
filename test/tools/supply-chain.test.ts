import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../../tools/engine/paths.mjs";
import { allowed, licences } from "../../tools/licences.mjs";

const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: Record<
    string,
    { integrity?: string; link?: boolean; dependencies?: Record<string, string> }
  >;
};

test("each locked package has the hash of its contents", () => {
  const without = Object.entries(lock.packages).filter(
    ([path, { integrity, link }]) => path.includes("node_modules/") && !integrity && !link,
  );
  // npm leaves it out for packages of other platforms. To fill it in, take their entries
  // out and run: npm install --package-lock-only
  expect(without.map(([path]) => path)).toEqual([]);
});

test("each installed package has a licence that lets it be passed on", () => {
  expect(licences().filter(({ licence }) => !allowed.includes(licence))).toEqual([]);
});

test("the bill of materials names each package that is installed", async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [npm = "", ...args] = scripts.sbom.split(" ");
  const { stdout } = await promisify(execFile)(npm, args, { cwd: root, maxBuffer: 64e6 });
  const bill = JSON.parse(stdout);
  expect(bill.bomFormat).toBe("CycloneDX");
  const named = new Set(
    bill.components.map(({ purl }: { purl: string }) => decodeURIComponent(purl)),
  );
  const missing = licences().filter(
    ({ name, version }) => !named.has(`pkg:npm/${name}@${version}`),
  );
  expect(missing).toEqual([]);
});

test("no workflow runs another's code beside secrets, or hands secrets to all steps", () => {
  const folder = join(root, ".github", "workflows");
  for (const file of readdirSync(folder)) {
    const workflow = parse(readFileSync(join(folder, file), "utf8"));
    expect(Object.keys(workflow.on), file).not.toContain("pull_request_target");
    expect(JSON.stringify(workflow.env ?? {}), file).not.toContain("secrets.");
    for (const job of Object.values(workflow.jobs) as { env?: object; secrets?: unknown }[]) {
      expect(JSON.stringify(job.env ?? {}), file).not.toContain("secrets.");
      expect(job.secrets, file).not.toBe("inherit");
    }
  }
});
