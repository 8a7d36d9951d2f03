import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Browser } from "playwright-core";
import { dataDir } from "../runtime/data-dir.ts";
import { steps, UcaasError } from "../runtime/errors.ts";
import { bundledChromium, lastErrorLine } from "./bundled-chromium.ts";

/** Which browser is used, and how. */
export interface BrowserChoice {
  /** Executable of a Chromium or Chrome; looked for when it is not given. */
  readonly path?: string;
  readonly headless: boolean;
  /**
   * Whether Chromium's own sandbox is on. Default: on, except for root and for the
   * Chromium of npm, with which it does not start.
   */
  readonly sandbox?: boolean;
}

/** No graphics, and no word to anybody but the portal. */
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const namesOnPath = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const usualPlaces = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const running = new Map<string, Promise<Browser>>();
let users = 0;
let closeWhenUnused = false;

/**
 * Lends the one browser of this process to some work. It stays open for the next work
 * until the process ends. Chromium ends with the process in any case, since the pipe
 * between them closes. After work that failed, it is closed as soon as no other work uses
 * it.
 *
 * @throws {UcaasError} `BROWSER_MISSING`, which says what to install, `BROWSER_FAILED`,
 *   and what the work throws
 */
export async function withBrowser<T>(
  choice: BrowserChoice,
  work: (browser: Browser) => Promise<T>,
): Promise<T> {
  users++;
  try {
    return await work(await open(choice));
  } catch (error) {
    closeWhenUnused = true;
    throw error;
  } finally {
    users--;
    if (users === 0 && closeWhenUnused) await closeBrowser();
  }
}

/** Closes the browser, if there is one. */
export async function closeBrowser(): Promise<void> {
  closeWhenUnused = false;
  const open = [...running.values()];
  running.clear();
  await Promise.allSettled(open.map(async (browser) => (await browser).close()));
}

async function open(choice: BrowserChoice): Promise<Browser> {
  const key = JSON.stringify(choice);
  const found = running.get(key);
  if (found && (await found).isConnected()) return found;
  const launched = launch(choice);
  running.set(key, launched);
  launched.catch(() => running.delete(key));
  return launched;
}

async function launch({ path, headless, sandbox }: BrowserChoice): Promise<Browser> {
  const { chromium } = await playwright();
  const executable = await findExecutable(path);
  const root = process.getuid?.() === 0;
  try {
    return await chromium.launch({
      executablePath: executable.path,
      headless,
      chromiumSandbox: sandbox ?? !(root || executable.ofNpm),
      args: flags,
      env: {
        ...browserEnvironment(process.env),
        ...(executable.ofNpm && fontsOfNpm(executable.path)),
      },
      // How this process ends is not the browser's business.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    throw new UcaasError(`${executable.path} does not start: ${lastErrorLine(error)}`, {
      code: "BROWSER_FAILED",
      vendor: "netsapiens",
      operation: "start the browser",
      hint: steps(
        "Install the libraries that are missing, or a Chromium by the system's package manager.",
        "Where its sandbox is not allowed (containers): pulumi config set netsapiens:browserSandbox false",
      ),
    });
  }
}

async function playwright(): Promise<typeof import("playwright-core")> {
  try {
    return await import("playwright-core");
  } catch {
    throw missing('the driver "portal" needs the npm package playwright-core');
  }
}

async function findExecutable(
  given: string | undefined,
): Promise<{ path: string; ofNpm: boolean }> {
  if (given !== undefined) {
    if (isExecutable(given)) return { path: given, ofNpm: false };
    throw missing(`browserPath ${given} is not an executable file`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const candidates = [
    ...namesOnPath.flatMap((name) => folders.map((folder) => join(folder, name))),
    ...usualPlaces,
  ];
  const installed = candidates.find(isExecutable);
  if (installed) return { path: installed, ofNpm: false };
  const unpacked = await bundledChromium(dataDir());
  if (unpacked) return { path: unpacked, ofNpm: true };
  throw missing("no browser found");
}

/** What a browser needs of the environment: paths, display, fonts, language and proxies. */
const neededVariables = new RegExp(
  `^(${[
    ...["PATH", "HOME", "USER", "LANG", "LANGUAGE", "LC_\\w+", "TZ", "TMPDIR", "TMP", "TEMP"],
    ...["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_\\w+", "DBUS_SESSION_BUS_ADDRESS"],
    ...["FONTCONFIG_\\w+", "LD_LIBRARY_PATH", "SYSTEMROOT", "(https?|all|no)_proxy"],
  ].join("|")})$`,
  "i",
);

/**
 * The environment without the secrets that the provider process has, such as the stack's
 * passphrase.
 */
function browserEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => value !== undefined && neededVariables.test(name),
    ),
  ) as Record<string, string>;
}

/** The package brings a font along, for machines that have none at all. */
function fontsOfNpm(executable: string): Record<string, string> {
  return existsSync("/etc/fonts/fonts.conf")
    ? {}
    : { FONTCONFIG_PATH: join(dirname(executable), "fonts") };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(reason: string): UcaasError {
  return new UcaasError(reason, {
    code: "BROWSER_MISSING",
    vendor: "netsapiens",
    operation: "start the browser",
    hint: [
      "run npm install playwright-core, then one of:",
      "- apt-get install chromium (or install Google Chrome)",
      "- npm install @sparticuz/chromium (Linux)",
      "- pulumi config set netsapiens:browserPath <path>",
      'Without a browser: create the client by hand, and set driver: "existing".',
    ].join("\n  "),
  });
}
