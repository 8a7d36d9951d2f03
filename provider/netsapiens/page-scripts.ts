/**
 * Functions that run inside the portal's page. They are sent there as text, so each must
 * be whole in itself: no imports, nothing from outside. The project's types are Node's,
 * so as much of the DOM as they need is declared here.
 */
interface Element {
  readonly tagName: string;
  textContent: string | null;
  readonly innerText: string;
  readonly className: unknown;
  readonly children: Iterable<Element> & { readonly length: number };
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  readonly parentElement: Element | null;
  value?: string;
  cloneNode(deep: true): Element;
  closest(selector: string): Element | null;
  getAttribute(name: string): string | null;
  getClientRects(): { readonly length: number };
  matches(selector: string): boolean;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  remove(): void;
  removeAttribute(name: string): void;
  setAttribute(name: string, value: string): void;
  readonly outerHTML: string;
}
interface TextNode {
  nodeValue: string | null;
  readonly parentElement: Element | null;
}
declare function getComputedStyle(element: Element): { readonly cursor: string };
declare const document: Element & {
  readonly body: Element;
  readonly documentElement: Element;
  createTreeWalker(root: Element, what: number): { nextNode(): TextNode | null };
};

/** What a page shows of other pages of its list. */
export interface Pager {
  /** The control `[data-ucaas-next]` leads to the following page. */
  readonly hasNext: boolean;
  /** Something that can be used leads to later pages, or looks as if it did. */
  readonly leadsOn: boolean;
  /** Something that can be used leads to earlier pages. */
  readonly leadsBack: boolean;
  /** The highest number of a page. */
  readonly pages: number;
  /** How many entries all pages have, as the page says; 0 when it does not. */
  readonly entries: number;
}

/** A row of the list of clients. */
export interface ClientRow {
  readonly clientId: string;
  /** Selector of the row, good until the page changes. */
  readonly selector: string;
  /** Text of the secret's cell; absent when there is no such column. */
  readonly secret?: string;
}

/** One page of the list of clients. */
export interface ClientsPage {
  /** Those of the client that is looked for, or all. */
  readonly rows: ClientRow[];
  /** The ids of all rows. */
  readonly ids: string[];
}

/**
 * The rows of a client, or of all: undefined when the page has no table with a column of
 * that label.
 */
export function readClients({
  clientId,
  idLabels,
  secretLabels,
}: {
  clientId?: string;
  idLabels: string[];
  secretLabels: string[];
}): ClientsPage | undefined {
  const plain = (text: string | null | undefined) => (text ?? "").replace(/\s+/g, " ").trim();
  const label = (text: string | null | undefined) =>
    plain(text)
      .replace(/\s*[:*]$/, "")
      .toLowerCase();
  const isOneOf = (labels: string[]) => (cell: Element) =>
    labels.some((wanted) => label(wanted) === label(cell.textContent));
  const cellsOf = (row: Element) =>
    [...row.children].filter((cell) =>
      cell.matches("td, th, [role=cell], [role=gridcell], [role=columnheader], [role=rowheader]"),
    );
  const textOf = (cell: Element) => {
    const input = cell.querySelector(
      "input:not([type=hidden]):not([type=submit]):not([type=button])",
    );
    if (input) return plain(input.value);
    const copy = cell.cloneNode(true);
    for (const control of copy.querySelectorAll("button, a, input, select, script, style"))
      control.remove();
    return plain(copy.textContent);
  };
  const wanted = clientId === undefined ? undefined : plain(clientId);
  for (const table of document.querySelectorAll("table, [role=table], [role=grid]")) {
    if (table.getClientRects().length === 0) continue;
    const [header, ...rows] = table.querySelectorAll("tr, [role=row]");
    if (!header || header.querySelector("input")) continue;
    const columns = cellsOf(header);
    const idColumn = columns.findIndex(isOneOf(idLabels));
    if (idColumn === -1) continue;
    const secretColumn = columns.findIndex(isOneOf(secretLabels));
    const found: ClientRow[] = [];
    const ids: string[] = [];
    for (const row of rows) {
      const cells = cellsOf(row);
      const id = plain(cells[idColumn]?.textContent);
      if (cells.length !== columns.length) continue;
      ids.push(id);
      if (wanted !== undefined && id !== wanted) continue;
      row.setAttribute("data-ucaas-row", String(found.length));
      const secret = cells[secretColumn];
      found.push({
        clientId: id,
        selector: `[data-ucaas-row="${found.length}"]`,
        ...(secret && { secret: textOf(secret) }),
      });
    }
    return { rows: found, ids };
  }
  return undefined;
}

/**
 * What the page shows of other pages of its list, however it is made. In doubt it is a sign:
 * a false one is an error, but a client on a page that was missed is made a second time.
 */
export function readPager({ nextLabels }: { nextLabels: string[] }): Pager {
  const plain = (text: string) => text.replace(/\s+/g, " ").trim();
  const textOf = (element: Element) => plain(element.textContent ?? "");
  const nameOf = (element: Element) =>
    plain(
      element.getAttribute("aria-label") ||
        element.textContent ||
        String(element.value ?? "") ||
        element.getAttribute("title") ||
        element.getAttribute("alt") ||
        "",
    ).toLowerCase();
  const wordsOf = (name: string) => name.replace(/^[\s‹«<←›»>→]+|[\s‹«<←›»>→]+$/g, "");
  const isVisible = (element: Element) => element.getClientRects().length > 0;
  const pager =
    "[class*=pagin], [class*=paging], [class*=pager], [id*=pagin], [id*=paging], [id*=pager]";
  const navigation = "nav, [role=navigation]";
  const link = "a, button, [role=button], [role=link]";
  const isInside = (element: Element, selector: string) => element.closest(selector) !== null;
  // Not `disabled:opacity-50`, which an enabled control may have.
  const isOff = (element: Element) =>
    element.matches("[disabled], [aria-disabled=true]") ||
    /(^|[\s_-])disabled($|[\s_-])/.test(String(element.className));
  // What is around a control is part of it up to its link, and while it has no other text.
  const isEnabled = (element: Element): boolean => {
    const parent = element.parentElement;
    if (isOff(element)) return false;
    if (!parent) return true;
    if (parent.matches("li, span, td") && isOff(parent)) return false;
    const isPart = isInside(parent, link) || textOf(parent) === textOf(element);
    return !isPart || isEnabled(parent);
  };
  // A part of a link inherits its pointer, so the parts of a link are controls as well.
  const isControl = (element: Element) =>
    element.matches(
      "a, button, input[type=button], input[type=submit], input[type=image], [role=button], [role=link], [onclick]",
    ) ||
    (element.children.length === 0 && getComputedStyle(element).cursor === "pointer");
  const leadsOn = /^(go to (the )?)?next\b|^last( page)?$|^(load|show|see|view) more\b/;
  const leadsBack = /^prev(ious)?\b|^first( page)?$/;
  // A menu entry may have an arrow beside its words.
  const isOrnament = (element: Element) =>
    !isInside(element, pager) && wordsOf(textOf(element.closest(link) ?? element)) !== "";
  const isArrow = (element: Element, arrows: RegExp) =>
    arrows.test(nameOf(element)) && !isOrnament(element);
  // A label may be an arrow alone.
  const isNamed = (element: Element, label: string) =>
    wordsOf(label) === ""
      ? label !== "" && nameOf(element) === label && !isOrnament(element)
      : wordsOf(nameOf(element)) === wordsOf(label);
  const isNext = (element: Element) =>
    element.matches("[rel~=next]") ||
    nextLabels.some((label) => isNamed(element, plain(label).toLowerCase()));

  const numbers = (text: string) => Number(text.replace(/\D/g, ""));
  const isNumber = (element: Element) =>
    element.children.length === 0 && /^\d+$/.test(textOf(element)) && isVisible(element);
  const isPageLink = (element: Element) => {
    const whole = element.closest(link) ?? element;
    const isLinked = isControl(element) || isInside(element, `${link}, [onclick]`);
    const isAlone = /^(page )?\d+$/i.test(textOf(whole)) && !whole.querySelector("i, svg, img");
    return isNumber(element) && isLinked && isAlone;
  };
  // "1 of 7" and "1/7", but no date.
  const ofNumber = /((^|[^a-z])of|(^|[^\d/])\d*\s*\/)\s*\d+(?![\d/])/i;
  // A menu may have numbers too, such as that of the unread messages.
  const isPageNumber = (element: Element) => {
    if (!isNumber(element) || isInside(element, pager)) return isNumber(element);
    const menu = element.closest(navigation);
    if (!menu) return false;
    return ofNumber.test(textOf(menu)) || [...menu.querySelectorAll("*")].some(isPageLink);
  };

  const controls: Element[] = [];
  let pages = 1;
  for (const element of document.querySelectorAll("body *")) {
    if (element.matches("option, script, style") || !isVisible(element)) continue;
    if (isControl(element)) controls.push(element);
    if (isPageNumber(element)) pages = Math.max(pages, numbers(textOf(element)));
  }
  const enabled = controls.filter(isEnabled);
  const next = enabled.find(isNext);
  next?.setAttribute("data-ucaas-next", "");
  for (const other of document.querySelectorAll("[data-ucaas-next]"))
    if (other !== next) other.removeAttribute("data-ucaas-next");

  // biome-ignore lint/performance/useDomNodeTextContent: scripts and hidden texts are no sign.
  const text = document.body.innerText;
  for (const [, count] of text.matchAll(/\bpage\s+\d*\s*(?:of|\/)\s*(\d+)/gi))
    pages = Math.max(pages, numbers(count ?? ""));
  let entries = 0;
  const ofEntries = /\d\s*(?:to|through|-|–|—)\s*\d[\d.,]*\s+of\s+(?:about\s+)?(\d[\d.,]*)/gi;
  for (const pattern of [ofEntries, /\bfiltered from\s+(\d[\d.,]*)/gi])
    for (const [, count] of text.matchAll(pattern))
      entries = Math.max(entries, numbers(count ?? ""));
  return {
    hasNext: next !== undefined,
    leadsOn:
      enabled.some(
        (each) => isNext(each) || leadsOn.test(wordsOf(nameOf(each))) || isArrow(each, /^[›»>→]+$/),
      ) || document.querySelector("link[rel~=next]") !== null,
    leadsBack: enabled.some(
      (each) =>
        each.matches("[rel~=prev]") ||
        leadsBack.test(wordsOf(nameOf(each))) ||
        (isInside(each, `${pager}, ${navigation}`) && isArrow(each, /^[‹«<←]+$/)),
    ),
    pages,
    entries,
  };
}

/**
 * The texts of all controls, fields and column headers that a visitor sees, in the page's
 * order.
 */
export function visibleLabels(): string[] {
  const found = new Set<string>();
  const controls =
    "a, button, input[type=submit], input[type=button], label, th, legend, h1, h2, [role=tab], [role=menuitem], [role=button], [role=link]";
  for (const control of document.querySelectorAll(controls)) {
    const text = (control.textContent || control.value || control.getAttribute("aria-label") || "")
      .replace(/\s+/g, " ")
      .trim();
    if (text && text.length <= 60 && control.getClientRects().length > 0) found.add(text);
  }
  return [...found].slice(0, 60);
}

/**
 * What the page says in its alerts, with all its blanks and as long as a page may be: it is
 * masked before it is shortened.
 */
export function alerts(): string {
  const texts = [...document.querySelectorAll("[role=alert], .error, .alert, .errorMessage")]
    // A frame for success is named an alert too.
    .filter((element) => !element.matches("[class*=success]"))
    .filter((element) => element.getClientRects().length > 0)
    .map((element) => (element.textContent ?? "").trim());
  return [...new Set(texts.filter(Boolean))].join(" ").slice(0, 100_000);
}

/**
 * The page as HTML that may be kept: no scripts, no hidden fields, no typed values, no
 * secret. The page lists the secrets of other clients too, in markup that is not public.
 * So in a table only the column headers, the client IDs and the controls keep their
 * texts. Elsewhere every word is masked that is a known secret, or that mixes letters and
 * digits, or upper and lower case.
 */
export function maskedPage({
  secrets,
  idLabels,
}: {
  secrets: string[];
  idLabels: string[];
}): string {
  const mask = "[masked]";
  const label = (text: string | null | undefined) =>
    (text ?? "")
      .replace(/\s+/g, " ")
      .trim()
      .replace(/\s*[:*]$/, "")
      .toLowerCase();
  const root = document.documentElement.cloneNode(true);
  for (const element of root.querySelectorAll(
    "script, noscript, template, iframe, frame, object, embed, meta, base, link, input[type=hidden], svg",
  ))
    element.remove();
  for (const table of root.querySelectorAll("table, [role=table], [role=grid]")) {
    for (const row of table.querySelectorAll("tr, [role=row]")) {
      const header = table.querySelector("tr, [role=row]");
      if (!header || row === header) continue;
      const isId = [...header.children].map((cell) =>
        idLabels.some((wanted) => label(wanted) === label(cell.textContent)),
      );
      // A row with a field is a form's, unless the table lists clients: its other cells are labels.
      if (!isId.includes(true) && row.querySelector("input, select, textarea")) continue;
      for (const [index, cell] of [...row.children].entries()) {
        if (isId[index]) continue;
        const texts = document.createTreeWalker(cell, 4);
        for (let node = texts.nextNode(); node; node = texts.nextNode()) {
          const isControl = node.parentElement?.closest(
            "button, a, th, [role=button], [role=rowheader]",
          );
          if (!isControl && (node.nodeValue ?? "").trim() !== "") node.nodeValue = mask;
        }
      }
    }
  }
  const known = (text: string) => {
    let masked = text;
    for (const secret of secrets) masked = masked.split(secret).join(mask);
    return masked;
  };
  const clean = (text: string) =>
    known(text).replace(/[^\s<>"'()]{8,}/g, (word) =>
      (/[a-z]/i.test(word) && /\d/.test(word)) || /[a-z][A-Z]/.test(word) || word.length > 24
        ? mask
        : word,
    );
  const kept = [
    "class",
    "id",
    "style",
    "type",
    "for",
    "role",
    "hidden",
    "colspan",
    "rowspan",
    "scope",
    "align",
    "lang",
    "charset",
  ];
  for (const element of root.querySelectorAll("*")) {
    const isButton = element.matches("input[type=submit], input[type=button], input[type=reset]");
    for (const { name, value } of [...element.attributes]) {
      if ((isButton && name === "value") || name.startsWith("aria-"))
        element.setAttribute(name, clean(value));
      else if (kept.includes(name) && !value.includes("url("))
        element.setAttribute(name, known(value));
      else element.removeAttribute(name);
    }
    if (element.matches("textarea, code, pre, output, samp")) element.textContent = "";
  }
  const texts = document.createTreeWalker(root, 4);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.nodeValue ?? "";
    node.nodeValue = node.parentElement?.tagName === "STYLE" ? known(text) : clean(text);
  }
  return `<!doctype html><meta charset="utf-8">${root.outerHTML}`;
}
