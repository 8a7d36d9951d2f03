import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { access, constants, open, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { oneOf } from "pulumi-ucaas/internal/runtime/errors";
import { Journal } from "pulumi-ucaas/internal/runtime/journal";
import { readStackNames } from "pulumi-ucaas/internal/runtime/stack-record";
import { isWrite } from "../journal.ts";
import type { Check, Outcome } from "./check.ts";
import type { StackContext } from "./context.ts";
import { examinedStack, judgeEntries } from "./open-entries.ts";

/** The intent journal: its folder or database, and what runs have begun and not ended. */
export function journalChecks(
  { stack, resources, config, environment }: StackContext,
  readNames = readStackNames,
): Check[] {
  const open = () => new Journal({ get: (key) => config.get(key) as never }, environment);
  return [
    {
      system: "journal",
      check: "place",
      run: async () => {
        const journal = open();
        return placeOutcome(journal, () => journal.list(), {
          isChosen: Boolean(config.get("ucaas:journalDir") || environment.UCAAS_JOURNAL_DIR),
          inPipeline: Boolean(environment.CI),
          hasOrders: hasOrdersWithoutRelay(config, environment),
        });
      },
    },
    {
      system: "journal",
      check: "open entries",
      async run() {
        const { entries, unreadable } = await open().list();
        const writes = entries.filter(isWrite);
        const examined =
          stack === undefined
            ? undefined
            : await examinedStack(stack, resources, writes, readNames);
        return judgeEntries(writes, unreadable, new Date(), examined);
      },
    },
  ];
}

/** A database has answered, or the error says why not. */
async function placeOutcome(
  { location, isShared }: Journal,
  list: () => Promise<unknown>,
  facts: { isChosen: boolean; inPipeline: boolean; hasOrders: boolean },
): Promise<Outcome> {
  if (!isShared) return folderOutcome(location, facts);
  await list();
  return { status: "ok", found: `${location} answers: machines can share it` };
}

async function folderOutcome(
  folder: string,
  facts: { isChosen: boolean; inPipeline: boolean; hasOrders: boolean },
): Promise<Outcome> {
  const place = existingFolder(folder);
  const failure = await tryWrite(place, place === folder);
  const { type } = await statfs(place);
  return judgeFolder({
    folder,
    exists: place === folder,
    failure,
    fileSystem: type,
    ...facts,
  });
}

/** Numbers of `statfs(2)` on Linux. */
const fileSystems: ReadonlyMap<number, { name: string; kind: "shared" | "lost" }> = new Map([
  [0x6969, { name: "NFS", kind: "shared" }],
  [0xff534d42, { name: "CIFS", kind: "shared" }],
  [0xfe534d42, { name: "SMB", kind: "shared" }],
  [0x517b, { name: "SMB", kind: "shared" }],
  [0x00c36400, { name: "Ceph", kind: "shared" }],
  [0x0bd00bd0, { name: "Lustre", kind: "shared" }],
  [0x01161970, { name: "GFS2", kind: "shared" }],
  [0x01021994, { name: "tmpfs", kind: "lost" }],
  [0x858458f6, { name: "ramfs", kind: "lost" }],
  [0x794c7630, { name: "the container's own layer", kind: "lost" }],
]);

export function judgeFolder({
  folder,
  exists,
  failure,
  fileSystem,
  isChosen,
  inPipeline,
  hasOrders,
}: {
  folder: string;
  exists: boolean;
  /** The system's code, where it cannot be written. */
  failure?: string;
  fileSystem: number;
  /** By the config or the environment, so its disk is meant to last. */
  isChosen: boolean;
  inPipeline: boolean;
  /** Orders cannot be looked up, so only the journal tells a second try from a first. */
  hasOrders: boolean;
}): Outcome {
  if (failure !== undefined)
    return {
      status: "action",
      code: "JOURNAL_UNAVAILABLE",
      found: `${folder} cannot be written (${failure})`,
      remedy: "make it writable, or name another: pulumi config set ucaas:journalDir <folder>",
    };
  const { name, kind } = fileSystems.get(fileSystem) ?? { name: "a local disk", kind: "local" };
  const found = `${folder} is writable${exists ? "" : " (the first write creates it)"}, on ${name}`;
  if (kind === "shared") return { status: "ok", found: `${found}: machines can share it` };
  if (!inPipeline || (isChosen && kind === "local"))
    return { status: "ok", found: `${found}: only this machine sees it` };
  const lost = `${found}: the next job of this pipeline does not see it`;
  if (!hasOrders) return { status: "ok", found: `${lost}, and looks at the vendors instead` };
  return {
    status: "action",
    code: "JOURNAL_NOT_KEPT",
    found: `${lost}, and orders at Xelion cannot be looked up`,
    remedy: oneOf(
      "keep it in PostgreSQL (ucaas:journal)",
      "keep it on a disk that outlives the job (UCAAS_JOURNAL_DIR)",
      "use a relay (docs/gitops.md)",
    ),
  };
}

/** Whether an account of Xelion is configured whose orders no relay keeps. */
function hasOrdersWithoutRelay(
  config: StackContext["config"],
  environment: NodeJS.ProcessEnv,
): boolean {
  const hasXelion =
    config.keys().some((key) => key.startsWith("xelion:")) || Boolean(environment.XELION_BASE_URL);
  const callbacks = ["callback", "accounts"].map((key) => config.get(`xelion:${key}`));
  return (
    hasXelion &&
    ![...callbacks, environment.XELION_CALLBACK].some((text) => text?.includes("relayUrl"))
  );
}

/** The folder itself, or the nearest one above it: the first write creates what is missing. */
function existingFolder(folder: string): string {
  return existsSync(folder) || folder === dirname(folder)
    ? folder
    : existingFolder(dirname(folder));
}

/** The system's code of the failure. Only the journal's own folder gets a file for a moment. */
async function tryWrite(folder: string, isJournal: boolean): Promise<string | undefined> {
  const file = join(folder, `.doctor-${randomUUID()}`);
  try {
    if (!isJournal) await access(folder, constants.W_OK);
    else await (await open(file, "wx", 0o600)).close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
  } finally {
    if (isJournal) await rm(file, { force: true }).catch(() => {});
  }
}
