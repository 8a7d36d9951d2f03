/** An answer of the API that is an error, thrown from wherever it is noticed. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
