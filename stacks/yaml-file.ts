import { lstatSync } from "node:fs";
import { type ReadTextOptions, readText, UnreadableTextError } from "pulumi-ucaas/schemas";
import type { Path } from "./object-path.ts";
import { readYaml, type YamlFault, type YamlNode } from "./yaml-tree.ts";

/** The engine takes no stack file whose config is larger than 128 KB. */
const maxFileBytes = 256 * 1024;

/** A YAML file that knows where in it each value stands, and which values are encrypted. */
export class YamlFile {
  /** As people name it: `stacks/Pulumi.acme.yaml`. */
  readonly name: string;
  /** Why the file cannot be read at all, such as that it is not UTF-8. */
  readonly unreadable: string | undefined;
  /** What in it cannot be taken as it is there. Without a root nothing in it can. */
  readonly faults: readonly YamlFault[];
  readonly #root: YamlNode | undefined;
  readonly #lineAt: (offset: number) => { line: number; col: number };

  constructor(name: string, text: string, unreadable?: string) {
    const { root, faults, lines } = readYaml(text);
    this.name = name;
    this.unreadable = unreadable;
    this.faults = faults;
    this.#root = root;
    this.#lineAt = (offset) => lines.linePos(offset);
  }

  /** The file at a path, or undefined when there is none. */
  static read(path: string, name: string, options: ReadTextOptions = {}): YamlFile | undefined {
    try {
      return new YamlFile(name, readText(path, { maxBytes: maxFileBytes, ...options }));
    } catch (error) {
      if (!(error instanceof UnreadableTextError)) throw error;
      if (error.code !== "ENOENT") return new YamlFile(name, "", error.message);
      const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
      return isLink ? new YamlFile(name, "", "is a link to a file that does not exist") : undefined;
    }
  }

  /** Whether there is nothing in it but, perhaps, comments. */
  get isEmpty(): boolean {
    return (
      this.unreadable === undefined &&
      this.faults.length === 0 &&
      (this.#root?.value ?? null) === null
    );
  }

  /** Whether its text has a meaning, if not in all places the one that was meant. */
  get isReadable(): boolean {
    return this.unreadable === undefined && (this.#root !== undefined || this.faults.length === 0);
  }

  /** The value at a path as plain data; an encrypted one as it is there, `{ secure: … }`. */
  value(path: Path): unknown {
    return this.#node(path)?.value;
  }

  has(path: Path): boolean {
    return this.#node(path) !== undefined;
  }

  /** Whether the value at a path is encrypted, itself or as part of something that is. */
  isEncrypted(path: Path): boolean {
    return path.some((_, index) => this.#node(path.slice(0, index + 1))?.isSecure);
  }

  /** `file:line:column` of a value, or of its key. */
  place(path: Path, what: "key" | "value"): string {
    const node = this.#node(path);
    return this.at((what === "key" ? node?.keyStart : node?.start) ?? 0);
  }

  /** `file:line:column` of an offset. */
  at(offset: number): string {
    const { line, col } = this.#lineAt(offset);
    return `${this.name}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }

  #node(path: Path): YamlNode | undefined {
    return path.reduce<YamlNode | undefined>(
      (node, part) => node?.children.get(String(part)),
      this.#root,
    );
  }
}
