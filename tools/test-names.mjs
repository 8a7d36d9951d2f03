// The names of tests and groups of tests.
import ts from "typescript";
import { textsOf } from "./reasons.mjs";

/** A longer name is cut by the reports of CI. */
const maxLength = 90;

/** `test`, `it`, `describe`, also with `.each(…)`, `.for(…)`, `.runIf(…)` and the like. */
const declares = /^(test|it|describe)\b/;

/**
 * The names in a file of tests that have too many characters. A value that is put in counts
 * as one.
 * @param {ts.SourceFile} source
 * @returns {{ position: number, length: number, text: string }[]}
 */
export function longTestNames(source) {
  /** @type {{ position: number, length: number, text: string }[]} */
  const found = [];
  const visit = (/** @type {ts.Node} */ node) => {
    const name =
      ts.isCallExpression(node) && declares.test(node.expression.getText(source))
        ? node.arguments[0]
        : undefined;
    const [text = ""] = name ? textsOf(name) : [];
    if (name && text.length > maxLength)
      found.push({ position: name.getStart(source), length: text.length, text });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
