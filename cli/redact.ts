import { printableLine } from "pulumi-ucaas/internal/runtime/printable";
import { mask, maskSecrets, rememberSecret } from "pulumi-ucaas/internal/runtime/secrets";

/**
 * A text that may be printed, written or sent: without the secrets that are known, and
 * without credentials in URLs. Pulumi and git print whole URLs, and the URL of a backend
 * or of a remote often holds a password or a token.
 */
export function redact(text: string): string {
  return maskSecrets(text)
    .replace(userAndPassword, `$1:${mask}@`)
    .replace(tokenAsUser, `$1${mask}@`)
    .replace(secretParameter, `$1=${mask}`)
    .replace(knownTokens, mask);
}

/**
 * `postgres://user:password@host`. A password may hold any of `/?#@` as it is; digits and
 * a slash are a port.
 */
const userAndPassword = /\b([a-z][a-z0-9+.-]*:\/\/[^\s/?#@:"'`<>]*):(?!\d{1,5}[/?#])[^\s"'`<>]*@/gi;

/** `https://token@host`. */
const tokenAsUser = /\b((?:git\+)?https?:\/\/)[^\s/?#@:"'`<>[]+@/gi;

const secretNames =
  "password|passwd|pwd|passphrase|token|secret|signature|credential|api[-_]?key|access[-_]?key|sig|auth";
/** `?sslpassword=…`, `&sig=…`; Go writes `&` in JSON as `\u0026`. */
const secretParameter = new RegExp(
  String.raw`((?:[?&;]|\\u0026)[\w.-]*(?:${secretNames}))=[^&;\s"'\x60<>\\[]+`,
  "gi",
);

/** Tokens of GitHub, GitLab and Pulumi Cloud have a form of their own. */
const knownTokens =
  /\b(?:gh[pousr]_[A-Za-z0-9_.-]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|pul-[0-9a-f]{40})/g;

/** Remembers the secrets of the environment, so that `redact` finds them in every spelling. */
export function rememberEnvironment(env: NodeJS.ProcessEnv): void {
  for (const [name, value = ""] of Object.entries(env)) {
    if (secretName.test(name) && value.length >= 8) rememberSecret(value);
    const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@:]*:(.*)@/is.exec(value)?.[1];
    if (password === undefined) continue;
    // A parser that takes a slash for the end of the password prints the parts.
    for (const part of [password, decoded(password), ...password.split(/[/?#@]/)])
      rememberSecret(part);
  }
}

const secretName = /(TOKEN|PASSWORD|PASSPHRASE|SECRET|PRIVATE_KEY|ACCESS_KEY|RELAY_KEY)$/i;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Text of others in one line, as it may stand on a terminal: control and bidirectional
 * characters by their number.
 */
export function visible(text: string): string {
  return printableLine(text, Number.POSITIVE_INFINITY);
}

/** The same for a text that may have lines of its own, such as numbered steps. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}
