import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Scalar,
} from "yaml";
import type { Path } from "./object-path.ts";
import { plainKey, plainScalar } from "./plain-scalar.ts";

/** A value of a YAML document, with where it stands. */
export interface YamlNode {
  /** As plain data; an encrypted value as it is there, `{ secure: … }`. */
  readonly value: unknown;
  /** Offset of the value in the text. */
  readonly start: number;
  /** Offset of its key, in a map. */
  readonly keyStart?: number;
  /** Written as Pulumi writes an encrypted value: a map with the one key `secure`. */
  readonly isSecure: boolean;
  readonly children: ReadonlyMap<string, YamlNode>;
}

/** Why a document cannot be taken as it is there. */
export interface YamlFault {
  readonly path: Path;
  readonly offset: number;
  readonly reason: string;
  /**
   * The text that the reason quotes. The code that prints the reason decides whether to
   * show it.
   */
  readonly quotes?: string;
}

export interface YamlTree {
  readonly root: YamlNode | undefined;
  readonly faults: readonly YamlFault[];
  readonly lines: LineCounter;
}

/** With all that aliases repeat. A stack of 200 customers has some 8,000. */
const maxValues = 50_000;
const maxDepth = 64;

/**
 * Reads a YAML document as the engine and any other reader do. What they would read
 * differently is a fault. Faults have the document's text only in `quotes`.
 */
export function readYaml(text: string): YamlTree {
  const lines = new LineCounter();
  const faults: YamlFault[] = [];
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
    });
    faults.push(...forbiddenCharacters(text), ...syntaxFaults(document, text));
    if (faults.length > 0) return { root: undefined, faults, lines };
    const reader = new Reader(text, faults);
    const root = document.contents === null ? undefined : reader.node(document.contents, []);
    return { root, faults, lines };
  } catch (error) {
    if (error instanceof TooMuch)
      return {
        root: undefined,
        faults: [{ path: [], offset: error.offset, reason: error.message }],
        lines,
      };
    if (!(error instanceof RangeError)) throw error;
    return { root: undefined, faults: [{ path: [], offset: 0, reason: tooDeep }], lines };
  }
}

const tooDeep = `is nested more than ${maxDepth} levels deep`;

class TooMuch extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}

/** Line ends and characters on which YAML's versions, and so its readers, do not agree. */
function forbiddenCharacters(text: string): YamlFault[] {
  const found =
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)/.exec(
      text,
    );
  if (!found) return [];
  const codePoint = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return [
    {
      path: [],
      offset: found.index,
      reason: `the character U+${codePoint} does not belong into a YAML file`,
    },
  ];
}

function syntaxFaults(document: Document, text: string): YamlFault[] {
  const directive = /^%/m.exec(document.directives?.yaml.explicit || /^%/.test(text) ? text : "");
  if (directive)
    return [
      {
        path: [],
        offset: directive.index,
        reason: "directives (%) are not read: take the line out",
      },
    ];
  return document.errors.map(({ pos, message }) => ({
    path: [],
    offset: pos[0],
    reason: syntaxReason(message),
  }));
}

/** The parser's words without what they repeat of the text, which may be a secret. */
function syntaxReason(message: string): string {
  if (message.includes("call stack")) return tooDeep;
  if (message.startsWith("Source contains multiple documents"))
    return "a second document (---) is not read: take it out";
  return message
    .replace(/(?<=\S): .*$/s, "")
    .replace(/^(Invalid escape sequence|Unresolved tag) .*$/s, "$1");
}

/** Walks through a document once: values, places and faults. */
class Reader {
  readonly #text: string;
  readonly #faults: YamlFault[];
  readonly #anchors = new Map<string, { node: YamlNode; size: number }>();
  #count = 0;

  constructor(text: string, faults: YamlFault[]) {
    this.#text = text;
    this.#faults = faults;
  }

  node(node: unknown, path: Path, keyStart?: number): YamlNode {
    const start = (node as { range?: [number] } | null)?.range?.[0] ?? keyStart ?? 0;
    if (path.length > maxDepth) throw new TooMuch(start, tooDeep);
    this.#add(1, start);
    if (isAlias(node)) return { ...this.#alias(node.source, path, start), start, keyStart };
    const before = this.#count;
    const found = { ...this.#content(node, path, start), start, keyStart };
    const { anchor, tag } = (node ?? {}) as { anchor?: string; tag?: string };
    if (tag) this.#fault(path, start, "a tag (!) is not read: write text in quotes instead");
    if (anchor) this.#anchors.set(anchor, { node: found, size: this.#count - before });
    return found;
  }

  #alias(name: string, path: Path, offset: number): Omit<YamlNode, "start"> {
    const target = this.#anchors.get(name);
    if (target) {
      this.#add(target.size, offset);
      return target.node;
    }
    const text = `*${name}`;
    const reason = `is an alias of nothing: write it in quotes (${JSON.stringify(text)})`;
    this.#fault(path, offset, reason, text);
    return { value: text, isSecure: false, children: new Map() };
  }

  #content(node: unknown, path: Path, start: number): Omit<YamlNode, "start"> {
    if (isMap(node)) return this.#map(node.items, path);
    if (isSeq(node)) {
      const children = new Map(
        node.items.map((item, index) => [String(index), this.node(item, [...path, index])]),
      );
      return { value: [...children.values()].map(({ value }) => value), isSecure: false, children };
    }
    return {
      value: isScalar(node) ? this.#scalar(node, path, start) : null,
      isSecure: false,
      children: new Map(),
    };
  }

  #map(items: readonly { key: unknown; value: unknown }[], path: Path): Omit<YamlNode, "start"> {
    const children = new Map<string, YamlNode>();
    for (const { key, value } of items) {
      const keyStart = (key as { range?: [number] } | null)?.range?.[0] ?? 0;
      const name = this.#key(key, path, keyStart);
      if (name === undefined) continue;
      if (children.has(name))
        this.#fault([...path, name], keyStart, "is there twice in the same map");
      children.set(name, this.node(value, [...path, name], keyStart));
    }
    const value = Object.fromEntries([...children].map(([name, child]) => [name, child.value]));
    const isSecure = children.size === 1 && typeof value.secure === "string";
    return { value, isSecure, children };
  }

  #key(key: unknown, path: Path, offset: number): string | undefined {
    if (!isScalar(key) || (key as Scalar).anchor || (key as Scalar).tag) {
      this.#fault(path, offset, "a key must be text, without anchor, alias or tag");
      return undefined;
    }
    const text = key.type === "PLAIN" ? (key.source ?? "") : String(key.value);
    if (text === "<<" && key.type === "PLAIN") {
      this.#fault(
        path,
        offset,
        "merge keys (<<) are not read: write the values out, or use ucaas:defaults",
      );
      return undefined;
    }
    if (text === "__proto__") {
      this.#fault(path, offset, "the key __proto__ is not allowed");
      return undefined;
    }
    const meaning = key.type === "PLAIN" ? plainKey(text) : { value: text };
    if ("ambiguous" in meaning) this.#fault([...path, text], offset, meaning.ambiguous, text);
    return text;
  }

  #scalar(node: Scalar, path: Path, start: number): unknown {
    // The tag is the fault; what it makes of the text, such as bytes, would be a second one.
    if (node.tag) return typeof node.value === "object" ? (node.source ?? "") : node.value;
    if (node.type !== "PLAIN") return node.value;
    const text = node.source ?? "";
    if (this.#text.slice(start, node.range?.[1]).includes("\n")) {
      this.#fault(path, start, "is text of several lines: write it in quotes, or below a |");
      return text;
    }
    const meaning = plainScalar(text);
    if ("value" in meaning) return meaning.value;
    this.#fault(path, start, meaning.ambiguous, text);
    return text;
  }

  #add(count: number, offset: number): void {
    this.#count += count;
    if (this.#count > maxValues)
      throw new TooMuch(
        offset,
        `the file holds more than ${maxValues} values, counting what aliases repeat`,
      );
  }

  #fault(path: Path, offset: number, reason: string, quotes?: string): void {
    this.#faults.push({ path, offset, reason, quotes });
  }
}
