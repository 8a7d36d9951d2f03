import { oneOf, steps } from "pulumi-ucaas/internal/runtime/errors";
import { expect, test } from "vitest";
import { remedyInCell, remedyInLine } from "../../cli/remedy.ts";

const numbered = steps("Check the address.", "Run `pulumi up`.");

test.each([
  ["renew it", "What to do: renew it", "What to do: renew it"],
  [
    numbered,
    "What to do:\n1. Check the address.\n2. Run `pulumi up`.",
    "What to do: 1. Check the address. 2. Run `pulumi up`.",
  ],
  [oneOf("a", "b", "c"), "What to do: one of:\n- a\n- b\n- c", "What to do: one of: - a - b - c"],
  [
    `nothing was sent\n    ${numbered}`,
    "What to do: nothing was sent\n1. Check the address.\n2. Run `pulumi up`.",
    "What to do: nothing was sent 1. Check the address. 2. Run `pulumi up`.",
  ],
])(
  "each step has its line in a table, and all are in one line of a log: %j",
  (remedy, cell, line) => {
    expect(remedyInCell(remedy)).toBe(cell);
    expect(remedyInLine(remedy)).toBe(line);
  },
);
