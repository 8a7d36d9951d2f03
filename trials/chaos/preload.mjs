// Loaded into each Node process of a story's commands (NODE_OPTIONS): the machine's
// faults that need no rights of an administrator. In the folder UCAAS_TRIAL_MACHINE, the
// file `clock` says by how many milliseconds the clock is off, and while the file
// `disk-full` is there, nothing new can be written below UCAAS_TRIAL_DISK. Both are read
// from that folder alone, so that a story can change them at once.
import fs, { existsSync, readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join, resolve, sep } from "node:path";

const machine = process.env.UCAAS_TRIAL_MACHINE;
const disk = process.env.UCAAS_TRIAL_DISK;

if (machine && existsSync(join(machine, "clock"))) {
  const offset = Number(readFileSync(join(machine, "clock"), "utf8"));
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [target.now() + offset] : args, newTarget),
    get: (target, property) =>
      property === "now" ? () => target.now() + offset : Reflect.get(target, property),
  });
}

if (machine && disk) {
  const flag = join(machine, "disk-full");
  const found = existsSync;
  /** @param {unknown} path */
  const isFull = (path) =>
    typeof path === "string" &&
    `${resolve(path)}${sep}`.startsWith(`${resolve(disk)}${sep}`) &&
    found(flag);
  /** @param {unknown} path @param {unknown} flags */
  const writes = (path, flags) =>
    isFull(path) && flags !== "r" && flags !== undefined && typeof flags !== "number";
  const full = () =>
    Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC", errno: -28 });
  /** @type {Record<string, (path: unknown, second: unknown) => boolean>} */
  const refused = {
    open: writes,
    writeFile: isFull,
    appendFile: isFull,
    mkdir: (path) => isFull(path) && !found(String(path)),
  };
  for (const [name, isRefused] of Object.entries(refused)) {
    for (const [owner, how] of /** @type {const} */ ([
      [fs.promises, "promise"],
      [fs, "callback"],
      [fs, "sync"],
    ])) {
      const method = how === "sync" ? `${name}Sync` : name;
      const methods = /** @type {Record<string, (...args: unknown[]) => unknown>} */ (
        /** @type {unknown} */ (owner)
      );
      const original = methods[method];
      if (!original) continue;
      methods[method] = function (...args) {
        if (!isRefused(args[0], args[1])) return original.apply(this, args);
        if (how === "promise") return Promise.reject(full());
        if (how === "sync") throw full();
        const done = args.at(-1);
        if (typeof done === "function") process.nextTick(() => done(full()));
        return undefined;
      };
    }
  }
  syncBuiltinESMExports();
}
