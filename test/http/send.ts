// One call in a process of its own, since proxy, authorities and debug log come from the environment at its start:
//   node test/http/send.ts '{"baseUrl": …, "call": …}'   prints {status, …} or {code, sent, message}
import { type Call, HttpClient, type NoReply } from "../../provider/http/client.ts";

const { baseUrl, call, message } = JSON.parse(process.argv[2]!) as { baseUrl: string; call: Call; message?: object };
const client = new HttpClient({ vendor: "test", baseUrl, limits: { concurrency: 1 }, retry: { attempts: 1 } });
try {
  const { status, text } = await client.send({ ...call, message: () => message ?? {} });
  console.log(JSON.stringify({ status, text }));
} catch (error) {
  const { code, sent, message } = error as NoReply;
  console.log(JSON.stringify({ code, sent, message }));
}
