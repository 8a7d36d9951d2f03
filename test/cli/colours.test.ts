import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";
import { OutputFile } from "../../cli/output-file.ts";
import { renderTable } from "../../cli/table.ts";
import { onTerminal } from "./on-terminal.ts";
import { ucaas } from "./ucaas.ts";

// The doctor needs neither a stack nor a vendor, and its table has several statuses.
const folder = mkdtempSync(join(tmpdir(), "ucaas-colours-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { ...process.env, TERM: "xterm-256color", UCAAS_JOURNAL_DIR: join(folder, "journal") };
const where = { cwd: folder, env };
const csi = "\u001b[";

describe("colours", () => {
  test("a terminal shows each status in its colour, and NO_COLOR or --no-color shows none", async () => {
    const shown = await onTerminal(["doctor"], [], where);
    expect(shown).toContain(`${csi}31mACTION${csi}39m`);
    expect(shown).toContain(`${csi}32mok${csi}39m`);
    for (const [args, more] of [
      [["doctor", "--no-color"], {}],
      [["doctor"], { NO_COLOR: "1" }],
    ] as const) {
      const plain = await onTerminal(args, [], { cwd: folder, env: { ...env, ...more } });
      expect(plain).toContain("ACTION");
      expect(plain).not.toContain(csi);
    }
  });

  test("a pipe has none unless FORCE_COLOR asks for them, and --no-color has the last word", async () => {
    expect((await ucaas(["doctor"], where)).stdout).not.toContain(csi);
    const forced = { cwd: folder, env: { ...env, FORCE_COLOR: "1" } };
    expect((await ucaas(["doctor"], forced)).stdout).toContain(`${csi}31mACTION`);
    expect((await ucaas(["doctor", "--no-color"], forced)).stdout).not.toContain(csi);
  });

  test("a report in a file has no colours, for any terminal", () => {
    const file = join(folder, "report.txt");
    OutputFile.prepare(file, "--out").write(`${csi}31mfailed${csi}39m`);
    expect(readFileSync(file, "utf8")).toBe("failed");
    OutputFile.prepare(file, "--out").replace(`${csi}1mhead${csi}22m`);
    expect(readFileSync(file, "utf8")).toBe("head");
  });

  test("a table's columns are as wide with them as without, and each line has its own", () => {
    const table = () =>
      renderTable(["name", "status"], [["acme", { text: "not\ndone", tone: "bad" }]], 80);
    vi.stubEnv("FORCE_COLOR", undefined);
    const plain = table();
    vi.stubEnv("FORCE_COLOR", "1");
    vi.stubEnv("NO_COLOR", undefined);
    const coloured = table();
    vi.unstubAllEnvs();
    expect(coloured).toContain(`${csi}31mnot${csi}39m`);
    expect(coloured).toContain(`${csi}31mdone${csi}39m`);
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });
});
