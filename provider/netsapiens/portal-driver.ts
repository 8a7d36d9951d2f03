import PQueue from "p-queue";
import { steps, UcaasError } from "../runtime/errors.ts";
import { entryReference, journalCommand } from "../runtime/intents.ts";
import type { JournalEntry } from "../runtime/journal.ts";
import { maskSecrets, rememberSecret } from "../runtime/secrets.ts";
import { type BrowserChoice, withBrowser } from "./browser.ts";
import type { ClientList } from "./client-list.ts";
import type { Acquired, ClientDriver, CreateRecord, RemoteStatus } from "./driver.ts";
import { leaveAsOneSystem, PortalError, portalInterrupted, SessionLost } from "./errors.ts";
import { type FailureArtifacts, saveFailureArtifacts } from "./failure-artifacts.ts";
import type { ClientRow } from "./page-scripts.ts";
import { portalLabels, portalPath } from "./portal-labels.ts";
import { type PortalLogin, PortalSession } from "./portal-session.ts";
import type { Settings } from "./settings.ts";

/**
 * A new row may need the page to be shown again (guide): pauses before each look, in
 * milliseconds.
 */
const pollAfterCreate = [0, 250, 500, 1_000, 2_000];

/**
 * Before a client is made, the list is shown twice: one that was made a moment ago must
 * not be made again.
 */
const pollBeforeCreate = [0, 0];

/**
 * A client that a browser makes, finds and deletes in the admin portal, as the guide
 * describes it for a person.
 *
 * @param signal ends the browser's work at once when it is aborted
 */
export function portalClient(settings: Settings, signal?: AbortSignal): ClientDriver {
  const { clientId, clientSecret: declared } = settings;
  const portal = Portal.of(settings, signal);
  return {
    async acquire(known, record): Promise<Acquired> {
      if (known !== undefined) return { clientSecret: known };
      return portal.withSession(
        `make or adopt client ${clientId}`,
        findOrCreate(clientId, declared, record),
      );
    },
    find: () =>
      portal.withSession<RemoteStatus>(`look for client ${clientId}`, async (session) => {
        const { rows, isWhole } = await waitForRow(session, clientId, pollAfterCreate.slice(0, 3));
        const [row] = rows;
        if (!row && !isWhole) throw listIncomplete(clientId, forgetClient);
        if (!row) return { kind: "gone" };
        return {
          kind: "there",
          clientSecret: remembered(
            rows.length === 1 ? await session.secretOf(row, clientId) : undefined,
          ),
        };
      }),
    release: (known, deleting, perhapsAt) =>
      portal.withSession(`delete client ${clientId}`, async (session) => {
        const { rows, isWhole } = await waitForRow(session, clientId, pollBeforeCreate);
        if (rows.length === 0 && !isWhole) throw listIncomplete(clientId, deleteByHand);
        if (rows.length === 0) return "was gone already";
        const row = await ownRow(session, rows, clientId, known, perhapsAt);
        if (!row) return keepOthers(session, clientId, rows.length);
        await session.delete(row, clientId, deleting);
        if ((await session.look(clientId)).rows.length < rows.length)
          return "deleted in the portal; what still uses it has lost access";
        throw new PortalError(
          "DELETE_NOT_DONE",
          `the portal still lists ${clientId} after it was deleted`,
          `delete it by hand: ${portalPath}`,
        );
      }),
  };
}

/**
 * The ids of all clients that the portal lists, one that it lists twice twice. Nothing is
 * looked at but the list.
 */
export function portalClients(settings: Settings): Promise<string[]> {
  return Portal.of(settings).withSession("list clients", async (session) => {
    const { rows, isWhole } = await session.look();
    if (!isWhole)
      throw new PortalError(
        "LIST_INCOMPLETE",
        "the portal's list has pages that could not be read",
        "name each client with --client domain/clientId",
      );
    return rows.map(({ clientId }) => clientId);
  });
}

/**
 * Finds the client or makes it. It may be run twice, when the session ends in the middle.
 * Create is clicked once, in this run or an earlier one, unless the portal refused it: the
 * list may show a client late. It is not clicked where pages of the list cannot be read.
 */
function findOrCreate(
  clientId: string,
  declared: string | undefined,
  record: CreateRecord,
): (session: PortalSession) => Promise<Acquired> {
  let clicked = false;
  return async (session) => {
    const pauses = clicked ? pollAfterCreate : pollBeforeCreate;
    let { rows, isWhole } = await waitForRow(session, clientId, pauses);
    if (rows.length === 0) {
      if (clicked) throw unsettled(clientId, "");
      const earlier = await record.findOpen();
      if (earlier) throw stillUnsettled(clientId, earlier);
      if (!isWhole) throw listIncomplete(clientId, makeByHand);
      const { isRefused, words } = await session.add(clientId, async () => {
        await record.begin();
        clicked = true;
      });
      if (isRefused) {
        await record.withdraw();
        clicked = false;
      }
      ({ rows } = await waitForRow(session, clientId, pollAfterCreate));
      if (rows.length === 0)
        throw isRefused ? refused(clientId, words) : unsettled(clientId, words);
    }
    const clientSecret = remembered(
      (await session.secretOf(await selectRow(session, rows, clientId, declared), clientId)) ??
        declared,
    );
    if (clientSecret === undefined && !clicked) throw secretNotShown(clientId);
    return {
      clientSecret,
      message: clicked
        ? "made in the portal"
        : "was in the portal already, and is adopted: it will be deleted there when it is no longer declared",
    };
  };
}

/** Looks at the list until the client is there, at most once for each pause. */
async function waitForRow(
  session: PortalSession,
  clientId: string,
  pauses: readonly number[],
): Promise<ClientList> {
  let list: ClientList = { rows: [], isWhole: false };
  for (const pause of pauses) {
    if (pause > 0) await session.page.waitForTimeout(pause);
    list = await session.look(clientId);
    if (list.rows.length > 0) break;
  }
  return list;
}

/** The row that is meant, where the portal allows the same name twice. */
async function selectRow(
  session: PortalSession,
  rows: readonly ClientRow[],
  clientId: string,
  known: string | undefined,
): Promise<ClientRow> {
  if (rows.length === 1) return rows[0]!;
  for (const row of rows)
    if (known !== undefined && (await session.secretOf(row, clientId)) === known) return row;
  throw ambiguous(clientId, rows.length);
}

/**
 * The row of the client that the state has; undefined when each row shows another secret.
 * A single row is not enough: ours may be gone, and this one another owner's.
 *
 * @param perhapsAt the address at which a row without proof may be in use
 */
async function ownRow(
  session: PortalSession,
  rows: readonly ClientRow[],
  clientId: string,
  known: string | undefined,
  perhapsAt: string | undefined,
): Promise<ClientRow | undefined> {
  let areOthers = known !== undefined;
  for (const row of known === undefined ? [] : rows) {
    const shown = await session.secretOf(row, clientId);
    if (shown === known) return row;
    areOthers &&= shown !== undefined;
  }
  if (areOthers) return undefined;
  if (rows.length > 1) throw ambiguous(clientId, rows.length);
  if (perhapsAt !== undefined) throw unclear(clientId, perhapsAt);
  return rows[0];
}

/** @param seen how many rows of that name show another secret */
async function keepOthers(session: PortalSession, clientId: string, seen: number): Promise<string> {
  const list = await session.look();
  if (!list.isWhole) throw listIncomplete(`${clientId} with the known secret`, deleteByHand);
  const named = list.rows.filter((row) => row.clientId === clientId).length;
  if (named > seen) throw ambiguous(clientId, named);
  return "was gone already; another client of that name, with another secret, is kept";
}

function ambiguous(clientId: string, count: number): PortalError {
  return new PortalError(
    "AMBIGUOUS_CLIENT",
    `the portal lists ${count} clients ${clientId}, and none has the known secret`,
    `delete those that nothing uses, or declare another clientId: ${portalPath}`,
  );
}

/** The row has the id, and nothing shows whether it has the secret of the state. */
function unclear(clientId: string, perhapsAt: string): PortalError {
  return new PortalError(
    "CLIENT_UNCLEAR",
    `${clientId} may be the client in use at ${perhapsAt}`,
    [
      "not deleted, since its secret is not known or not shown.",
      leaveAsOneSystem(perhapsAt),
      "If they are two systems:",
      steps(`Delete it there: ${portalPath}.`, "Take the old resource out of the state, as above."),
    ].join("\n    "),
  );
}

function remembered(secret: string | undefined): string | undefined {
  rememberSecret(secret);
  return secret;
}

function refused(clientId: string, words: string): PortalError {
  return new PortalError(
    "CREATE_REFUSED",
    `the portal did not make ${clientId}: ${words}`,
    "declare a clientId that the portal takes",
  );
}

function unsettled(clientId: string, words: string): PortalError {
  return new PortalError(
    "CREATE_UNSETTLED",
    `Create was clicked, and ${clientId} does not show in the list`,
    [
      words && `the portal said: ${words}`,
      "run `pulumi up` again: it looks at the list first, and never clicks Create a second time",
    ]
      .filter(Boolean)
      .join("\n    "),
  );
}

function stillUnsettled(clientId: string, entry: JournalEntry): PortalError {
  return new PortalError(
    "CREATE_UNSETTLED",
    `Create was clicked at ${entry.intendedAt}, and the list does not show ${clientId}`,
    steps(
      `Look for it on all pages of the list: ${portalPath}.`,
      'If it is there: declare driver: "existing" with its clientSecret, or delete it there.',
      `If it is not there: ${journalCommand(`resolve ${entryReference(entry)}`, entry.stack)}`,
      "Run `pulumi up` again.",
    ),
  );
}

const removeFromState = "Take it out of the state: pulumi state delete <urn>";

/** For a client that the state has. */
const forgetClient = [
  "If it is there, its secret and the API user are what to check.",
  `If it is not there: ${removeFromState.toLowerCase()}, then \`pulumi up\`.`,
];

/** For a client that is to be made. */
const makeByHand = [
  "If it is not there: make it there by hand.",
  'Declare driver: "existing" with its clientSecret.',
];

/** For a client that is to be deleted. */
const deleteByHand = ["If it is there, and nothing uses it: delete it there.", removeFromState];

/** Nothing is concluded from what the pages that were read do not show. */
function listIncomplete(client: string, remedy: readonly string[]): PortalError {
  return new PortalError(
    "LIST_INCOMPLETE",
    `pages of the list could not be read, and the others lack ${client}`,
    steps(
      `If a control leads to the next page, declare its label as portal.labels.next, and run the command again.`,
      `Otherwise look for ${client} on all pages: ${portalPath}.`,
      ...remedy,
    ),
  );
}

function secretNotShown(clientId: string): PortalError {
  return new PortalError(
    "SECRET_NOT_SHOWN",
    `${clientId} is in the portal already, and its secret is not shown there`,
    "declare its secret as clientSecret, or declare another clientId to have a new client made",
  );
}

function evidence({ folder, kept, reason }: FailureArtifacts): string {
  if (reason === undefined) return `screenshot and trace, secrets masked: ${folder}`;
  return kept.length === 0
    ? `neither screenshot nor trace could be kept: ${reason}`
    : `${kept.join(" and ")}, secrets masked: ${folder}; no screenshot: ${reason}`;
}

const portals = new Map<string, Portal>();

/** One portal, as one of its users: a walk at a time, one login for all of them. */
class Portal {
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #login: PortalLogin;
  readonly #browser: BrowserChoice;
  readonly #evidenceDir: string | undefined;
  readonly #signal: AbortSignal | undefined;
  #session: PortalSession | undefined;
  /** A login that was refused is not tried again in this run: more tries may lock the user out. */
  #refused: UcaasError | undefined;

  static of({ apiUrl, portal }: Settings, signal?: AbortSignal): Portal {
    const {
      username = "",
      password = "",
      labels,
      browserPath,
      headless = true,
      stepSeconds = 30,
      evidenceDir,
      sandbox,
    } = portal;
    const login = {
      apiUrl,
      username,
      password,
      labels: portalLabels(labels),
      patience: stepSeconds * 1000,
    };
    const browser = { path: browserPath, headless, sandbox };
    const key = JSON.stringify([login, browser, evidenceDir]);
    const found = portals.get(key) ?? new Portal(login, browser, evidenceDir, signal);
    portals.set(key, found);
    return found;
  }

  private constructor(
    login: PortalLogin,
    browser: BrowserChoice,
    evidenceDir: string | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#signal = signal;
    this.#login = login;
    this.#browser = browser;
    this.#evidenceDir = evidenceDir;
  }

  /**
   * Does some work in the portal. When the session ends in the middle, it logs in again
   * and begins the work again, once.
   */
  withSession<T>(operation: string, work: (session: PortalSession) => Promise<T>): Promise<T> {
    return this.#queue.add(() => {
      if (this.#refused) throw this.#refused;
      if (this.#signal?.aborted) throw portalInterrupted(operation);
      return withBrowser(this.#browser, async (browser) => {
        if (!this.#session?.isOpen) this.#session = await PortalSession.open(browser, this.#login);
        const session = this.#session;
        // Whatever the tab waits for ends when it is closed.
        const close = () => void session.close().catch(() => {});
        this.#signal?.addEventListener("abort", close, { once: true });
        try {
          if (this.#signal?.aborted) throw portalInterrupted(operation);
          return await work(session).catch((error) => {
            if (!(error instanceof SessionLost)) throw error;
            session.forgetLogin();
            return work(session);
          });
        } catch (error) {
          if (this.#signal?.aborted) {
            this.#session = undefined;
            await session.close().catch(() => {});
            throw portalInterrupted(operation, session.step);
          }
          // The journal's own error: the portal is not its cause.
          if (error instanceof UcaasError) throw error;
          const failure = await this.#failure(operation, session, error);
          if (failure.code === "PORTAL_LOGIN_REFUSED") this.#refused = failure;
          this.#session = undefined;
          await session.close().catch(() => {});
          throw failure;
        } finally {
          this.#signal?.removeEventListener("abort", close);
        }
      });
    });
  }

  async #failure(operation: string, session: PortalSession, error: unknown): Promise<UcaasError> {
    const problem =
      error instanceof PortalError
        ? error
        : new PortalError("PORTAL_FAILED", (error as Error).message.split("\n")[0] ?? "");
    const artifacts = await saveFailureArtifacts(
      session,
      [this.#login.password],
      this.#login.labels.clientId,
      this.#evidenceDir,
    );
    return new UcaasError(maskSecrets(`at the step '${session.step}': ${problem.message}`), {
      code: problem.code,
      vendor: "netsapiens",
      operation,
      hint: [problem.hint, evidence(artifacts)].filter(Boolean).join("\n  "),
    });
  }
}
