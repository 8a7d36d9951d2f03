import { readFileSync } from "node:fs";
import { type Document, isAlias, isMap, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { Path } from "./tree.ts";

/** A YAML file that knows where in it each value stands, and which values are encrypted. */
export class YamlFile {
  /** As people name it: `stacks/Pulumi.acme.yaml`. */
  readonly name: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  constructor(name: string, text: string) {
    this.name = name;
    this.#document = parseDocument(text, { lineCounter: this.#lines, merge: true });
  }

  /** The file at a path, or undefined when there is none. */
  static read(path: string, name: string): YamlFile | undefined {
    try {
      return new YamlFile(name, readFileSync(path, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** What keeps it from being read as YAML. */
  get errors(): { place: string; reason: string }[] {
    return this.#document.errors.map(({ pos, message }) => ({
      place: this.#at(pos[0]),
      reason: message.split(/ at line \d/)[0] ?? message,
    }));
  }

  /** The value at a path as plain data; an encrypted one as it stands there, `{ secure: … }`. */
  value(path: Path): unknown {
    return this.#node(path)?.toJS(this.#document);
  }

  has(path: Path): boolean {
    return this.#node(path) !== undefined;
  }

  /** Whether the value at a path is encrypted, itself or as part of something that is. */
  isEncrypted(path: Path): boolean {
    return path.some((_, index) => isSecure(this.#node(path.slice(0, index + 1))));
  }

  /** `file:line:column` of a value, or of its key. */
  place(path: Path, what: "key" | "value"): string {
    const node = what === "key" ? this.#pair(path)?.key : this.#node(path);
    return this.#at((node as Node | undefined)?.range?.[0] ?? 0);
  }

  #at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.name}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }

  #node(path: Path): Node | undefined {
    let node = this.#document.contents as Node | null | undefined;
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(this.#document);
      if (isMap(node)) node = pairOf(node.items, part)?.value as Node | undefined;
      else if (isSeq(node)) node = node.items[Number(part)] as Node | undefined;
      else return undefined;
    }
    return node ?? undefined;
  }

  #pair(path: Path): Pair | undefined {
    const parent = this.#node(path.slice(0, -1));
    return isMap(parent) ? pairOf(parent.items, path.at(-1)) : undefined;
  }
}

function pairOf(pairs: readonly Pair[], key: PropertyKey | undefined): Pair | undefined {
  return pairs.find((pair) => String((pair.key as { value?: unknown } | null)?.value) === String(key));
}

/** How Pulumi writes an encrypted value: a map with the one key `secure`. */
function isSecure(node: unknown): boolean {
  return isMap(node) && node.items.length === 1 && pairOf(node.items, "secure") !== undefined;
}
