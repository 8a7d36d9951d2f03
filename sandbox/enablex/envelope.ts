/**
 * The envelope of every answer: `result` decides, as a number or a string, with the HTTP
 * status of success or beside one of its own.
 */
import { json, type Reply } from "../http-types.ts";

/** The words of the guide's tables. */
const messages: Record<number, string> = {
  0: "Error.",
  400: "Header is missing. Add a valid header.",
  401: "Invalid header used.",
  403: "Token has expired.",
  404: "Not Found.",
  406: "Unprocessable entity, validation failed.",
  429: "Too many requests.",
  500: "Internal Server Error.",
  1001: "Token is not valid.",
  1002: "The request is invalid.",
  1401: "App type must be specified.",
  1402: "App type must be a string.",
  1403: "Only Valid app-type should be passed.",
  1504: "Duplicate data",
};

/** The HTTP status that goes with an application's own code (inferred). */
const httpStatus: Record<number, number> = {
  0: 500,
  1001: 401,
  1002: 400,
  1401: 400,
  1402: 400,
  1403: 400,
  1504: 406,
};

/** A request that is answered with a result other than 1. */
export class Failure extends Error {
  readonly result: number;
  readonly data: object | undefined;

  constructor(result: number, desc: string, data?: object) {
    super(desc);
    this.result = result;
    this.data = data;
  }
}

export interface Form {
  resultAs: "number" | "string" | "alternate";
  idsAs: "number" | "string" | "alternate";
  errorsAs: "both" | "body" | "status";
  errorWords: "msg" | "error";
}

/**
 * Writes answers; where the form alternates, result and ids go through all four
 * combinations in turn.
 */
export class Envelope {
  #turn = 0;

  success(payload: Record<string, unknown>, form: Form): Reply {
    const turn = this.#turn++;
    const ids =
      form.idsAs === "alternate" ? (["number", "string"] as const)[(turn >> 1) % 2]! : form.idsAs;
    return json(200, { result: result(1, form, turn), ...(idsAs(ids, payload) as object) });
  }

  failure(failure: Failure, form: Form): Reply {
    const status = httpStatus[failure.result] ?? failure.result;
    // Without a body an application's own code could not be told at all.
    if (form.errorsAs === "status" && httpStatus[failure.result] === undefined) return { status };
    const [error, description] = [messages[failure.result], failure.message];
    const body = {
      result: result(failure.result, form, this.#turn++),
      ...(form.errorWords === "msg" ? { msg: error, desc: description } : { error, description }),
      data: failure.data,
    };
    return json(form.errorsAs === "body" ? 200 : status, body);
  }
}

/** An answer outside the rules above, such as a fault on demand. */
export const refusal = (status: number, desc: string): Reply =>
  json(status, { result: status, msg: messages[status] ?? "Error.", desc });

const result = (code: number, { resultAs }: Form, turn: number): number | string =>
  resultAs === "string" || (resultAs === "alternate" && turn % 2 === 1) ? String(code) : code;

/** Every property whose name ends in `_id`, as a number or as a string. */
function idsAs(kind: "number" | "string", value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => idsAs(kind, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const isId = key.endsWith("_id") && /^[0-9]+$/.test(String(item));
      return [key, isId ? (kind === "number" ? Number(item) : String(item)) : idsAs(kind, item)];
    }),
  );
}
