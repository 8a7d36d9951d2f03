import { HttpClient } from "pulumi-ucaas/internal/http/client";
import { steps } from "pulumi-ucaas/internal/runtime/errors";
import type { Check, Outcome } from "./check.ts";

/**
 * Whether a vendor's server answers, and whether its clock agrees with ours. One GET of
 * the base URL without credentials.
 */
export function addressCheck(
  system: string,
  { vendor, baseUrl, seconds }: { vendor: string; baseUrl: string; seconds: number },
): Check {
  return {
    system,
    check: "address",
    async run(signal) {
      const http = new HttpClient({
        vendor,
        baseUrl,
        limits: { concurrency: 1 },
        retry: { deadline: seconds * 1000, attempts: 2 },
        signal,
      });
      let sentAt = Date.now();
      const reply = await http.send({
        operation: "reach the server",
        method: "GET",
        path: "",
        retry: "safe",
        signal,
        buildRequest: () => {
          sentAt = Date.now();
          return {};
        },
      });
      return [
        judgeAddress(http.baseUrl, reply.status),
        { check: "clock", ...judgeClock(reply.headers.date, sentAt, Date.now()) },
      ];
    },
  };
}

/** Any answer is one, but that of a gateway which does not reach the server behind it. */
export function judgeAddress(baseUrl: string, status: number): Outcome {
  const secure = baseUrl.startsWith("https:") ? "TLS verified" : "plain HTTP on this machine";
  if (![502, 503, 504].includes(status))
    return { status: "ok", found: `${baseUrl} answers, ${secure}` };
  return {
    status: "unknown",
    code: `HTTP_${status}`,
    found: `${baseUrl} is down or overloaded (HTTP ${status})`,
    remedy: steps("Run ucaas doctor again later.", "If it stays, ask the vendor."),
  };
}

/** Seconds. Signed requests and tokens live for minutes. */
const mostSkew = 60;

/** The header has whole seconds, and was written at some time between request and reply. */
export function judgeClock(date: string | undefined, sentAt: number, receivedAt: number): Outcome {
  const server = Date.parse(date ?? "");
  if (Number.isNaN(server))
    return { status: "skipped", found: "the server sends no Date, so clocks cannot be compared" };
  const ahead =
    sentAt > server + 1000 ? sentAt - server - 1000 : receivedAt < server ? receivedAt - server : 0;
  const skew = Math.round(Math.abs(ahead) / 1000);
  if (skew <= mostSkew)
    return {
      status: "ok",
      found: skew === 0 ? "the clocks agree" : `the clocks differ by ${skew} s`,
    };
  return {
    status: "action",
    code: "CLOCK_OFF",
    found: `this machine's clock is ${skew} s ${ahead > 0 ? "ahead of" : "behind"} the server's`,
    remedy: "synchronize this machine's clock (NTP); the vendor refuses signatures of another time",
  };
}
