// The expressions of GitHub's workflows, as far as ours use them: `${{
// needs.stacks.outputs.stacks != '[]' }}`.

export interface Scope {
  /**
   * `github`, `needs`, `matrix`, … A name that is not here is an error; below it, what is
   * not there is empty.
   */
  readonly contexts: Record<string, unknown>;
  readonly functions: Record<string, (...args: unknown[]) => unknown>;
}

/**
 * A value of a workflow, with its expressions evaluated; one that is an expression as a
 * whole keeps its type.
 */
export function evaluated(text: string, scope: Scope): unknown {
  const whole = /^\$\{\{((?:(?!\}\}).)*)\}\}$/s.exec(text.trim());
  if (whole) return new Expression(whole[1]!, scope).value();
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    String(new Expression(expression, scope).value() ?? ""),
  );
}

/**
 * Whether a job or a step runs: without a function that asks for the status, only when
 * nothing failed before.
 */
export function isMet(condition: string | undefined, scope: Scope): boolean {
  const text = condition?.trim().replace(/^\$\{\{(.*)\}\}$/s, "$1") ?? "true";
  const asksStatus = /\b(success|failure|always|cancelled)\(\)/.test(text);
  return Boolean(new Expression(asksStatus ? text : `success() && (${text})`, scope).value());
}

class Expression {
  readonly #tokens: string[];
  readonly #scope: Scope;

  constructor(text: string, scope: Scope) {
    this.#tokens = text.match(/'(?:[^']|'')*'|[\w-]+|&&|\|\||[=!]=|[!().,]|\S/g) ?? [];
    this.#scope = scope;
  }

  value(): unknown {
    const value = this.#or();
    if (this.#tokens.length > 0)
      throw new Error(`not understood in an expression: ${this.#tokens.join(" ")}`);
    return value;
  }

  #or(): unknown {
    let left = this.#and();
    while (this.#takes("||")) {
      const right = this.#and();
      left = left || right;
    }
    return left;
  }

  #and(): unknown {
    let left = this.#comparison();
    while (this.#takes("&&")) {
      const right = this.#comparison();
      left = left && right;
    }
    return left;
  }

  #comparison(): unknown {
    const left = this.#unary();
    if (this.#takes("==")) return (left ?? "") === (this.#unary() ?? "");
    if (this.#takes("!=")) return (left ?? "") !== (this.#unary() ?? "");
    return left;
  }

  #unary(): unknown {
    if (this.#takes("!")) return !this.#unary();
    if (this.#takes("(")) {
      const value = this.#or();
      this.#must(")");
      return value;
    }
    const token = this.#tokens.shift() ?? "";
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (token === "true" || token === "false") return token === "true";
    if (!/^[A-Za-z_]/.test(token)) throw new Error(`not understood in an expression: ${token}`);
    return this.#takes("(") ? this.#call(token) : this.#property(token);
  }

  #call(name: string): unknown {
    const args: unknown[] = [];
    while (!this.#takes(")")) {
      args.push(this.#or());
      this.#takes(",");
    }
    const fn = this.#scope.functions[name];
    if (!fn) throw new Error(`there is no function ${name}`);
    return fn(...args);
  }

  #property(name: string): unknown {
    if (!(name in this.#scope.contexts)) throw new Error(`there is no context ${name} here`);
    let value: unknown = this.#scope.contexts[name];
    while (this.#takes(".")) {
      const key = this.#tokens.shift() ?? "";
      value =
        typeof value === "object" && value !== null
          ? (value as Record<string, unknown>)[key]
          : undefined;
    }
    return value;
  }

  #takes(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }

  #must(token: string): void {
    if (!this.#takes(token)) throw new Error(`${token} is missing in an expression`);
  }
}
