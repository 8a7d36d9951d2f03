/** The error codes of the contract, each with its HTTP status. */
const statuses = {
  VALIDATION_ERROR: 400,
  INVALID_JTI: 400,
  EXPIRED_TOKEN: 400,
  INVALID_TOKEN: 401,
  INVALID_SIGNATURE: 401,
  DUPLICATE_JTI: 401,
  INVALID_CERTIFICATE: 401,
  CUSTOMER_NOT_FOUND: 404,
};

/** A request that is answered with `{code, message}`. */
export class Refusal extends Error {
  readonly code: keyof typeof statuses;
  readonly status: number;

  constructor(code: keyof typeof statuses, message: string) {
    super(message);
    this.code = code;
    this.status = statuses[code];
  }
}
