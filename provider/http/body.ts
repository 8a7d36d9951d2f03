import { promisify } from "node:util";
import { brotliDecompress, unzip } from "node:zlib";

const unpack = promisify(unzip);
const unpackBrotli = promisify(brotliDecompress);

/** What replies are asked for, for the header `Accept-Encoding`. */
export const acceptEncoding = "gzip, deflate";

/** The headers that say how a body is written. */
export interface BodyHeaders {
  readonly contentEncoding?: string;
  readonly contentType?: string;
}

export interface DecodeOptions {
  /** Bytes that the body may unpack to: a small body may unpack to a huge one. */
  readonly limit: number;
  /** Whether bytes that are not text in the charset are an error, or become U+FFFD. */
  readonly strict?: boolean;
}

/**
 * The body as text: unpacked and decoded as its headers say, without a byte order mark.
 *
 * @throws {Error} with `code` `ERR_BUFFER_TOO_LARGE` beyond the limit. With a zlib code, or
 * `ERR_ENCODING_INVALID_ENCODED_DATA`, for bytes that are not what the headers say.
 */
export async function decodeBody(
  bytes: Uint8Array,
  { contentEncoding, contentType }: BodyHeaders,
  { limit, strict = false }: DecodeOptions,
): Promise<string> {
  const unpacked = await decompress(bytes, contentEncoding, limit);
  const text = new TextDecoder(charsetOf(unpacked, contentType), { fatal: strict }).decode(
    unpacked,
  );
  // The decoder removes one byte order mark of its own charset.
  return text.replace(/^\uFEFF+/, "");
}

async function decompress(bytes: Uint8Array, encoding: string | undefined, limit: number) {
  if (bytes.length === 0) return bytes;
  if (/\b(x-)?(gzip|deflate)\b/i.test(encoding ?? ""))
    return unpack(bytes, { maxOutputLength: limit });
  if (/\bbr\b/i.test(encoding ?? "")) return unpackBrotli(bytes, { maxOutputLength: limit });
  return bytes;
}

/**
 * A byte order mark is stronger than the header, as in browsers. Unknown charsets are
 * read as UTF-8.
 */
function charsetOf(bytes: Uint8Array, contentType: string | undefined): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? "")?.[1];
  // JSON begins with ASCII, so a zero byte is half of a UTF-16 character.
  if (charset === undefined && bytes[0] === 0) return "utf-16be";
  if (charset === undefined && bytes[1] === 0) return "utf-16le";
  try {
    return new TextDecoder(charset).encoding;
  } catch {
    return "utf-8";
  }
}

/** Node's code for the same, where a body is unpacked. */
const tooLarge = "ERR_BUFFER_TOO_LARGE";

/**
 * The bytes of a body that is no larger than the limit. A larger one is cut off, before
 * all of it is in memory.
 *
 * @throws {Error} with `code` `ERR_BUFFER_TOO_LARGE`
 */
export async function readUpTo(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      body.destroy();
      throw Object.assign(new Error("the body is larger than allowed"), { code: tooLarge });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
