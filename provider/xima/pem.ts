/** One block of a PEM text. */
export interface PemBlock {
  /** `PRIVATE KEY`, `CERTIFICATE`, … */
  readonly label: string;
  /** The block with its line ends in order, or as it was where nothing can be made of it. */
  readonly text: string;
}

/** Whether a text holds PEM, whatever became of its line ends on the way. */
export function isPem(text: string): boolean {
  return pemText(text).includes("-----BEGIN ");
}

/**
 * The blocks of a PEM text. Line ends that were lost or changed on the way are put in
 * order: blanks in their place, the characters `\n` or `\r\n`, all in one line, the whole
 * text in base64. What stands between the blocks does not count.
 */
export function pemBlocks(text: string): PemBlock[] {
  return [
    ...pemText(text).matchAll(/-----BEGIN ([A-Z0-9 ]+?)-----([\s\S]*?)-----END \1-----/g),
  ].map(([whole, label = "", body = ""]) => ({
    label,
    text: inOrder(label, body) ?? whole,
  }));
}

/** The text with real line ends, out of base64 if it is in it. */
function pemText(text: string): string {
  const plain = /^\s*LS0tLS1CRUdJTi/.test(text)
    ? Buffer.from(text, "base64").toString("latin1")
    : text;
  return plain.replace(/\\+r\\+n|\\+n|\\+r|\r\n?/g, "\n");
}

/** Undefined when the body is no base64. */
function inOrder(label: string, body: string): string | undefined {
  // An encrypted key of PKCS#1 has these two headers.
  const headers =
    /^\s*Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Za-z0-9-]+),\s*([0-9A-Fa-f]+)\s/.exec(body);
  const base64 = body.slice(headers?.[0].length ?? 0).replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const lines = base64.match(/.{1,64}/g) ?? [];
  const head = headers
    ? ["Proc-Type: 4,ENCRYPTED", `DEK-Info: ${headers[1]},${headers[2]}`, ""]
    : [];
  return [`-----BEGIN ${label}-----`, ...head, ...lines, `-----END ${label}-----`, ""].join("\n");
}
