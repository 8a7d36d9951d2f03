// Pulumi's own download, by the code of its npm package `pulumi`: `node download.mjs
// <version> <folder>`. A process of its own, so that it can be
// stopped after a time whatever it waits for.
// @ts-expect-error: the package brings no types
import { installCLI } from "pulumi/lib/download.js";

const [, , version, folder] = process.argv;

// A network that silently drops packets would let the first request hang for minutes.
const fetchText = async (/** @type {string} */ url) => {
  const reply = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch((error) => {
    throw new Error(`${new URL(url).host} cannot be reached (${error.cause?.code ?? error.name})`);
  });
  if (!reply.ok) throw new Error(`${new URL(url).host} answered ${reply.status}`);
  return await reply.text();
};

try {
  await installCLI(version, folder, { fetchText });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
