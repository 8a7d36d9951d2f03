// Makes `dist/`, what `npm pack` packs: JavaScript with types, since Node does not strip
// types below node_modules. package.json then leads there for as long as it is packed
// (clean-package, in the scripts prepack and postpack).
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./engine/paths.mjs";

rmSync(join(root, "dist"), { recursive: true, force: true });
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
