// The reasons of error messages: `where: reason [CODE]`, then `What to do:`.
import ts from "typescript";

/** Without the values that are put in. What else there is to say belongs to `What to do:`. */
const maxWords = 12;

/** Parameters and properties with the reason of an error. */
const names = new Set(["reason", "evidence", "found"]);

/**
 * The reasons in a program that have too many words. It finds them as the first argument of
 * an error, as the argument of a function of the same file, and as a property.
 * @param {ts.SourceFile} source
 * @returns {{ position: number, count: number, text: string }[]}
 */
export function longReasons(source) {
  /** @type {Map<string, number>} */
  const functions = new Map();
  /** @type {ts.Expression[]} */
  const reasons = [];
  const declared = (/** @type {ts.Node} */ node) => {
    if (ts.isFunctionLike(node)) {
      const name = node.name ?? (ts.isVariableDeclaration(node.parent) && node.parent.name);
      const at = node.parameters.findIndex(
        (parameter) => ts.isIdentifier(parameter.name) && names.has(parameter.name.text),
      );
      if (name && at >= 0) functions.set(name.getText(source), at);
    }
    ts.forEachChild(node, declared);
  };
  declared(source);
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isNewExpression(node) && /Error$/.test(node.expression.getText(source)))
      reasons.push(...(node.arguments ?? []).slice(0, 1));
    if (ts.isCallExpression(node)) {
      const { expression } = node;
      const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
      const at = functions.get(name.getText(source));
      const reason = at === undefined ? undefined : node.arguments[at];
      if (reason) reasons.push(reason);
    }
    if (ts.isPropertyAssignment(node) && names.has(node.name.getText(source)))
      reasons.push(node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return reasons.flatMap((reason) =>
    textsOf(reason).flatMap((text) => {
      const words = text.split("What to do:")[0]?.match(/[^\s]*[A-Za-z0-9][^\s]*/g) ?? [];
      return words.length > maxWords
        ? [{ position: reason.getStart(source), count: words.length, text }]
        : [];
    }),
  );
}

/**
 * The texts that an expression may have, without the values that are put in.
 * @param {ts.Expression} node
 * @returns {string[]}
 */
export function textsOf(node) {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [
      [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…"),
      ...node.templateSpans.flatMap(({ expression }) => textsOf(expression)),
    ];
  if (ts.isConditionalExpression(node))
    return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node)) return [...textsOf(node.left), ...textsOf(node.right)];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  return [];
}
