import { promisify } from "node:util";
import { unzip } from "node:zlib";

const decompress = promisify(unzip);

/** What {@link bodyText} can read, for the header `Accept-Encoding`. */
export const acceptEncoding = "gzip, deflate";

/**
 * The body as text, decompressed where the header says so and never beyond the limit: a small reply may unpack to a huge one.
 *
 * @throws {Error} with `code` `ERR_BUFFER_TOO_LARGE` beyond the limit, a zlib code for what is not what its header says
 */
export async function bodyText(bytes: Uint8Array, contentEncoding: string | undefined, limit: number): Promise<string> {
  const packed = bytes.length > 0 && /\b(gzip|deflate)\b/i.test(contentEncoding ?? "");
  return Buffer.from(packed ? await decompress(bytes, { maxOutputLength: limit }) : bytes).toString("utf8");
}
