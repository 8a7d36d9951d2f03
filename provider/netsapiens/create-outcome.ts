import { mayHaveActed, type Outcome } from "../http/retry.ts";

/** How a form that was posted to the portal was answered. */
export type PostReply = Outcome & { readonly location?: string };

/** What came of the click on Create, before anybody looks at the list. */
export interface CreateOutcome {
  /** It is certain that no client was made. */
  readonly isRefused: boolean;
  /** What the portal says of it; empty when it says nothing. */
  readonly words: string;
}

/** The page after the click. */
export interface PageAfterCreate {
  /** What it says and did not say before. */
  readonly words: string;
  /** It still has the form, with the client ID that was typed. */
  readonly showsForm: boolean;
}

/**
 * Words alone are no refusal: they may say that the client was made.
 *
 * @param loginPath where the login page is: a form that leads there was not looked at
 */
export function createOutcome(
  replies: readonly PostReply[],
  { words, showsForm }: PageAfterCreate,
  loginPath: string,
): CreateOutcome {
  const isHandedBack = words !== "" && showsForm;
  const mayHaveMade = (reply: PostReply) =>
    mayHaveActed(reply) && !leadsTo(reply, loginPath) && !(isPage(reply) && isHandedBack);
  const isKnown = replies.length > 0 || isHandedBack;
  return { isRefused: isKnown && !replies.some(mayHaveMade), words: words || statuses(replies) };
}

/** After a redirect, words may be about a client that was made: only a page of its own refuses. */
function isPage(reply: PostReply): boolean {
  return reply.kind === "status" && reply.status >= 200 && reply.status < 300;
}

function leadsTo(reply: PostReply, path: string): boolean {
  if (reply.kind !== "status" || reply.location === undefined) return false;
  const url = new URL(reply.location, "http://portal/SiPbx/");
  return reply.status >= 300 && reply.status < 400 && url.pathname === path;
}

function statuses(replies: readonly PostReply[]): string {
  return replies
    .map((reply) => (reply.kind === "failure" ? "no connection" : `HTTP ${reply.status}`))
    .join(", ");
}
