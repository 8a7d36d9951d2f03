import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../tools/engine/paths.mjs";

test("every image that a build or a pipeline starts from is pinned by its digest", () => {
  const files = globSync("{cli,receiver}/**/{Containerfile,.gitlab-ci.yml}", { cwd: root });
  const images = files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line) => /^(?:FROM|\s+image:) (\S+)/.exec(line)?.[1] ?? []),
  );
  expect(images).toHaveLength(6);
  for (const image of images) expect(image).toMatch(/^\S+:24\S*@sha256:[0-9a-f]{64}$/);
});
