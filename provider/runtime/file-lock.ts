import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";

/**
 * A lock whose owner cannot be asked is dead when it does not change for this time; a
 * holder needs milliseconds.
 */
const deadAfter = 30_000;
/** A wait for a lock ends after this time. */
const patience = 60_000;

/** A lock that this process holds. */
export interface FileLock {
  /** Whether the lock is still this process's own: ask right before the write that it protects. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Takes a lock: a file that only one process can create (`O_EXCL`), with its owner's
 * machine and process id. The lock of a process that has ended on this machine is taken
 * over at once. Any other lock is taken over when it stays the same for 30 s of this
 * process's own clock. So clocks of machines and file servers do not matter.
 *
 * @throws {Error} with `code` `ELOCKED` when other processes hold it for too long, or the
 *   file system's error
 */
export async function lockFile(path: string): Promise<FileLock> {
  const token = randomUUID();
  const begun = performance.now();
  let seen: { readonly token: string | undefined; readonly since: number } | undefined;
  for (;;) {
    if (await createLock(path, token)) return heldLock(path, token);
    const owner = await ownerOf(path);
    const now = performance.now();
    if (seen?.token !== owner?.token || !seen) seen = { token: owner?.token, since: now };
    const hasEnded = owner?.host === hostname() && !isRunning(owner.pid);
    if (hasEnded || now - seen.since > deadAfter) await removeDeadLock(path, owner);
    if (now - begun > patience)
      throw Object.assign(new Error(`${path} is locked`), { code: "ELOCKED" });
    await pause(5 + Math.random() * 20);
  }
}

interface Owner {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
}

async function createLock(path: string, token: string): Promise<boolean> {
  const owner: Owner = { token, host: hostname(), pid: process.pid };
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    await handle.writeFile(JSON.stringify(owner));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return true;
}

function heldLock(path: string, token: string): FileLock {
  const isHeld = async () => (await ownerOf(path))?.token === token;
  return {
    isHeld,
    async release() {
      if (await isHeld()) await rm(path, { force: true });
    },
  };
}

/**
 * Two processes may find the same dead lock. The one that moves it away looks again
 * whether it is that one.
 */
async function removeDeadLock(path: string, dead: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  // A lock that was taken meanwhile goes back; its owner asks `isHeld` before it writes.
  const moved = await ownerOf(aside);
  if (moved && moved.token !== dead?.token) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as Owner | null;
    return typeof owner?.token === "string" && typeof owner.pid === "number" ? owner : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT")
      return undefined;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
