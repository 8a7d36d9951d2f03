/**
 * What goes wrong on a walk through the portal; it becomes an error when what the page
 * showed has been kept.
 */
export class PortalError extends Error {
  readonly code: string;
  readonly hint?: string;
  constructor(code: string, reason: string, hint?: string) {
    super(reason);
    this.code = code;
    this.hint = hint;
  }
}

/** The portal shows its login page in the middle of a walk. */
export class SessionLost extends PortalError {
  constructor() {
    super(
      "PORTAL_SESSION_LOST",
      "the portal ended the session, and did so again after a new login",
    );
  }
}
