// What error messages say behind `What to do:`. One action is a sentence, several are numbered.
import ts from "typescript";
import { textsOf } from "./reasons.mjs";

/** What a hint tells the reader to do begins with one of these. */
const verbs =
  /^(add|adopt|allow|ask|change|check|choose|configure|convert|copy|correct|create|declare|delete|edit|enable|ensure|fill|fix|generate|get|give|import|install|keep|let|look|make|merge|move|name|open|pass|put|remove|rename|replace|report|restore|review|run|see|select|send|set|start|stop|take|turn|unset|update|use|verify|wait|write)(?=[ `]|$)/i;

/** What the reader is to type. After a comma it is one of several that are named. */
const commands = /^(npm|pulumi|ucaas) /;

/** What may be before the verb. */
const lead = /^(`|else |otherwise |then:? |(if|where|when|for|to|else)\b[^:]*: `?)*/i;

/** Names of properties, parameters, variables and functions with what to do. */
const hintNames = /^(hint|remedy)$|(hints?|remed(y|ies))$/i;

/**
 * The hints in a program with several actions that `steps()` does not number, and those
 * with three alternatives or more that `oneOf()` does not list. It finds hints by the name
 * of a property, a parameter, a variable or a function, behind an error's code, and after
 * `What to do:`.
 * @param {ts.SourceFile} source
 * @returns {{ position: number, problem: string, text: string }[]}
 */
export function hintsInOneLine(source) {
  /** @type {Map<string, number>} */
  const functions = new Map();
  const declared = (/** @type {ts.Node} */ node) => {
    if (ts.isFunctionLike(node)) {
      const owner = ts.isConstructorDeclaration(node) ? node.parent : node;
      const name = owner.name ?? (ts.isVariableDeclaration(node.parent) && node.parent.name);
      const at = node.parameters.findIndex(
        ({ name: parameter }) => ts.isIdentifier(parameter) && hintNames.test(parameter.text),
      );
      if (name && at >= 0) functions.set(name.getText(source), at);
    }
    ts.forEachChild(node, declared);
  };
  declared(source);
  /** @type {Map<number, { position: number, problem: string, text: string }>} */
  const found = new Map();
  const check = (/** @type {ts.Node} */ node, /** @type {string} */ text) => {
    const problem = problemOf(text);
    const position = node.getStart(source);
    if (problem) found.set(position, { position, problem, text });
  };
  /** All texts within a hint, apart from those in a list. */
  const within = (/** @type {ts.Node} */ node) => {
    if (ts.isCallExpression(node) && /^(steps|oneOf)$/.test(node.expression.getText(source)))
      return;
    // Lines for `steps()`.
    if (ts.isArrayLiteralExpression(node) && !ts.isPropertyAccessExpression(node.parent)) return;
    for (const text of ts.isExpression(node) ? ownText(node) : []) check(node, text);
    ts.forEachChild(node, within);
  };
  const visit = (/** @type {ts.Node} */ node) => {
    if (isHint(node, source)) ts.forEachChild(node, within);
    const last = lastAfterCode(node);
    if (last && !ts.isObjectLiteralExpression(last)) within(last);
    if (ts.isCallExpression(node)) {
      const { expression } = node;
      const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
      const hint = node.arguments[functions.get(name.getText(source)) ?? -1];
      if (hint) within(hint);
    }
    for (const text of ts.isExpression(node) ? ownText(node) : []) {
      const hint = /What to do: (.*)/s.exec(text)?.[1];
      if (hint && !/^1\. /.test(hint)) check(node, hint);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found.values()];
}

/**
 * What comes last after an error's code: `fault("KEY_INVALID", reason, hint)`.
 * @param {ts.Node} node
 * @returns {ts.Expression | undefined}
 */
function lastAfterCode(node) {
  const list = ts.isArrayLiteralExpression(node)
    ? node.elements
    : ts.isCallExpression(node) || ts.isNewExpression(node)
      ? node.arguments
      : undefined;
  const code = list?.findIndex(
    (each) => ts.isStringLiteralLike(each) && /^[A-Z0-9]+(_[A-Z0-9]+)+$/.test(each.text),
  );
  if (!list || code === undefined || code < 0 || code === list.length - 1) return undefined;
  return list.at(-1);
}

/**
 * @param {ts.Node} node
 * @param {ts.SourceFile} source
 */
function isHint(node, source) {
  const named =
    ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node) || ts.isFunctionLike(node);
  return Boolean(named && node.name && hintNames.test(node.name.getText(source)));
}

/**
 * The text of a literal itself, with `…` for the values that are put in.
 * @param {ts.Expression} node
 * @returns {string[]}
 */
function ownText(node) {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
    ? textsOf(node).slice(0, 1)
    : [];
}

/**
 * @param {string} text
 * @returns {string | undefined}
 */
function problemOf(text) {
  if (/^\s*\d+\. /.test(text)) return "steps() numbers what to do";
  if (text.split(/, or /).length > 2) return "oneOf() lists three alternatives or more";
  // "Wait and run" is one action.
  const parts = text
    .replace(/\bwait and run\b/i, "run")
    .split(/[.;] +|\n *|,? (?:and )?then:? |,? and /)
    .flatMap((part) => {
      const [first = "", ...others] = part.replace(lead, "").split(/, /);
      return [
        commands.test(first) || verbs.test(first) ? [first] : [],
        others.filter((each) => verbs.test(each)),
      ].flat();
    });
  return parts.length > 1 ? `steps() numbers ${parts.length} actions` : undefined;
}
