// Pulumi's own release, checked and unpacked: `node download.mjs <version> <folder> [site]`. A
// process of its own, so that it can be stopped after a time, and gets no secret of the
// environment.
import { unpackRelease } from "../../cli/pulumi/release.ts";

const [, , version = "", folder = "", site] = process.argv;
try {
  await unpackRelease({ version, site }, folder);
} catch (error) {
  const { reason, message } = /** @type {Error & { reason?: string }} */ (error);
  console.error(reason ?? message);
  process.exitCode = 1;
}
