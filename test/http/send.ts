// One call in a process of its own, since proxy, authorities and debug log come from the
// environment at its start. It prints {status, …} or {code, sent, message}:
// node test/http/send.ts '{"baseUrl": …, "call": …}'
import { HttpClient, type HttpRequest, type NoResponseError } from "../../provider/http/client.ts";

const { baseUrl, call, message } = JSON.parse(process.argv[2]!) as {
  baseUrl: string;
  call: HttpRequest;
  message?: object;
};
const client = new HttpClient({
  vendor: "test",
  baseUrl,
  limits: { concurrency: 1 },
  retry: { attempts: 1 },
});
try {
  const { status, text } = await client.send({ ...call, buildRequest: () => message ?? {} });
  console.log(JSON.stringify({ status, text }));
} catch (error) {
  const { code, sent, message } = error as NoResponseError;
  console.log(JSON.stringify({ code, sent, message }));
}
