import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeText, readText, UnreadableTextError } from "../../provider/runtime/read-text.ts";

describe("readText", () => {
  let base: string;
  let project: string;
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(project, name);
    writeFileSync(path, content);
    return path;
  };
  const refusal = (read: () => string) => {
    try {
      return read();
    } catch (error) {
      expect(error).toBeInstanceOf(UnreadableTextError);
      const { code, message } = error as UnreadableTextError;
      return [code, message];
    }
  };

  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), "ucaas-text-"));
    project = join(base, "project");
    mkdirSync(project);
  });
  afterAll(() => rmSync(base, { recursive: true }));

  test("reads UTF-8 and leaves out the byte order mark", () => {
    expect(readText(file("plain", "Bäckerei\n"))).toBe("Bäckerei\n");
    expect(readText(file("bom", "\uFEFFBäckerei"), { within: project })).toBe("Bäckerei");
    expect(readText(file("empty", ""))).toBe("");
    expect(readText(file("replacement", "a real \uFFFD stays"))).toBe("a real \uFFFD stays");
  });

  test("refuses bytes that are not UTF-8, with the line and without its content", () => {
    expect(
      refusal(() => readText(file("latin1", Buffer.from("name: x\nstreet: Bäckerei", "latin1")))),
    ).toEqual(["NOT_UTF8", "is not UTF-8 (line 2): save it as UTF-8"]);
    expect(refusal(() => readText(file("utf16", Buffer.from("\uFEFFname", "utf16le"))))).toEqual([
      "NOT_UTF8",
      "is UTF-16, not UTF-8: save it as UTF-8",
    ]);
    for (const bytes of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xe2, 0x82],
    ]) {
      expect(refusal(() => decodeText(Uint8Array.from(bytes)))).toEqual([
        "NOT_UTF8",
        expect.any(String),
      ]);
    }
  });

  test("refuses a file that is too large, before it reads all of it", () => {
    expect(readText(file("fits", "x".repeat(1024)), { maxBytes: 1024 })).toHaveLength(1024);
    expect(refusal(() => readText(file("large", "x".repeat(1025)), { maxBytes: 1024 }))).toEqual([
      "TOO_LARGE",
      "is larger than 1 KB",
    ]);
    expect(refusal(() => readText("/dev/zero"))).toEqual(["TOO_LARGE", "is larger than 5 MB"]);
  });

  test("within a folder, reads regular files only: no link out of it, no device, no named pipe", () => {
    const outside = join(base, "outside");
    writeFileSync(outside, "root:canary");
    const link = (name: string, to: string) => {
      symlinkSync(to, join(project, name));
      return join(project, name);
    };
    const read = (path: string) => refusal(() => readText(path, { within: project }));
    file("inner", "inside");
    expect(read(link("to-inner", join(project, "inner")))).toBe("inside");
    expect(read(link("to-outside", outside))).toEqual(["OUTSIDE", expect.any(String)]);
    expect(read(link("to-zero", "/dev/zero"))).toEqual(["OUTSIDE", expect.any(String)]);
    expect(read(link("to-itself", join(project, "to-itself")))).toEqual([
      "ELOOP",
      expect.any(String),
    ]);
    expect(read(link("to-folder", base))).toEqual(["OUTSIDE", expect.any(String)]);
    execFileSync("mkfifo", [join(project, "pipe")]);
    expect(read(join(project, "pipe"))).toEqual(["NOT_REGULAR", "is not a regular file"]);
    expect(read(project)).toEqual([
      expect.stringMatching(/NOT_REGULAR|EISDIR/),
      expect.any(String),
    ]);
  });

  test("reads what a shell hands over by a pipe, also from a slow command", () => {
    const program = `
      import { readText } from ${JSON.stringify(import.meta.resolve("../../provider/runtime/read-text.ts"))};
      process.stdout.write(readText(process.argv[1]));`;
    const slow = `"$0" -e 'process.stdout.write("slow "); setImmediate(() => console.log("text"))'`;
    const args = ["-c", `"$0" --input-type=module -e "$1" <(${slow})`, process.execPath, program];
    expect(execFileSync("bash", args, { encoding: "utf8" })).toBe("slow text\n");
  });

  test("never waits for the other end of a named pipe", () => {
    const pipe = join(base, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(refusal(() => readText(pipe, { regular: true }))).toEqual([
      "NOT_REGULAR",
      "is not a regular file",
    ]);
    expect(refusal(() => readText(pipe, { patience: 0 }))).toEqual([
      "NOTHING_WRITTEN",
      "is a pipe to which no process writes",
    ]);
  });

  test("names why the system does not give it", () => {
    expect(refusal(() => readText(join(base, "missing")))).toEqual([
      "ENOENT",
      "cannot be read (ENOENT): no such file",
    ]);
    expect(refusal(() => readText(base))).toEqual([
      "EISDIR",
      "cannot be read (EISDIR): it is a folder",
    ]);
  });
});
