import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isWholeList } from "../../provider/netsapiens/client-list.ts";
import { type Pager, readPager } from "../../provider/netsapiens/page-scripts.ts";
import { chromiumPath } from "../../tools/chromium.ts";

const only: Pager = { hasNext: false, leadsOn: false, leadsBack: false, pages: 1, entries: 0 };

describe("a list is whole", () => {
  test.each<[string, boolean, number, number, Partial<Pager>, Partial<Pager>]>([
    ["when nothing speaks of more", true, 1, 3, {}, {}],
    ["when all pages were read that it has", true, 3, 25, { pages: 3, entries: 25 }, { pages: 3 }],
    ["not when a control leads on", false, 1, 10, {}, { leadsOn: true }],
    ["not when it did not begin at its first page", false, 2, 20, { leadsBack: true }, {}],
    ["not when a later page was not reached", false, 2, 20, { pages: 3 }, {}],
    ["not when it has more entries than were read", false, 1, 10, {}, { entries: 11 }],
  ])("%s", (_, expected, pages, entries, first, last) => {
    const walk = { pages, entries, first: { ...only, ...first }, last: { ...only, ...last } };
    expect(isWholeList(walk)).toBe(expected);
  });
});

describe("a page shows that its list", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: await chromiumPath(),
      chromiumSandbox: false,
    });
    page = await browser.newPage();
  });
  afterAll(() => browser.close());
  const pagerOf = async (html: string, nextLabels = ["Next", "Next Page"]) => {
    await page.setContent(html);
    return page.evaluate(readPager, { nextLabels });
  };

  test.each([
    ["a link", "<a href=/2>Next</a>"],
    ["a button with an arrow", "<button>Next page &rsaquo;</button>"],
    ["a link that is marked as the next one", '<a rel=next href="/2">Weiter</a>'],
    ["a name for screen readers", '<button aria-label="Next">&rsaquo;</button>'],
    ["a class for when it is disabled", '<button class="disabled:opacity-50">Next</button>'],
    ["a plain element", "<span onclick='turn()'>Next</span>"],
    ["an element with a pointer", "<b style='cursor: pointer'>Next</b>"],
    [
      "a link whose text is nested",
      "<li><a href=/2><i>navigate_next</i><span>Next</span></a></li>",
    ],
    ["a link with an arrow before its text", "<a href=/2><i>&rarr;</i> Next</a>"],
    [
      "a link in an item with a disabled one",
      "<ul><li class=disabled>Previous</li><li><a href=/2><b>Next</b></a></li></ul>",
    ],
  ])("can be turned by %s", async (_, html) => {
    expect(await pagerOf(html)).toMatchObject({ hasNext: true, leadsOn: true });
  });

  test.each([
    ["an arrow", "»", "<a href=/x>Menu <i>&raquo;</i></a> <p>1 <a href=/2>&raquo;</a></p>"],
    ["words and an arrow", "Weiter ›", "<a href=/2>Weiter &rsaquo;</a>"],
  ])("can be turned by the declared label: %s", async (_, label, html) => {
    expect(await pagerOf(html, [label])).toMatchObject({ hasNext: true });
    expect(await page.textContent("[data-ucaas-next]")).toBe(label);
  });

  test("cannot be turned by an icon when the declared label is blank", async () => {
    expect(await pagerOf("<button><svg></svg></button>", [" "])).toEqual(only);
  });

  test.each([
    ["an arrow, which may lead to the last page", "<a href=/2>&raquo;</a>"],
    ["a nested arrow", "<a href=/2><span>&raquo;</span></a>"],
    ["a nested arrow in a pager", "<p class=paging><a href=/2>Weiter <span>&raquo;</span></a></p>"],
    ["a long name for screen readers", '<a aria-label="Go to next page" href=/2><svg></svg></a>'],
    ["a label that begins with Next", "<button>Next 25</button>"],
    ["a control that loads more", "<button>Load more</button>"],
    ["a control for the last page", "<a href=/9>Last</a>"],
    ["a link that only browsers see", "<link rel=next href=/2>"],
  ])("goes on by %s", async (_, html) => {
    expect(await pagerOf(html)).toMatchObject({ hasNext: false, leadsOn: true });
  });

  test.each([
    ["numbers", "<nav><a>1</a> <a href=/2>2</a></nav>", { pages: 2 }],
    [
      "the number of the last",
      "<ul class=pagination><li>1</li><li>&hellip;</li><li>12</li></ul>",
      { pages: 12 },
    ],
    [
      "the number of the last beside a link",
      "<nav><b>1</b> <a href=/2><span>2</span></a> &hellip; <span>12</span></nav>",
      { pages: 12 },
    ],
    [
      "numbers without a link",
      "<nav><ul><li onclick='go(2)'><b>2</b></li></ul></nav>",
      { pages: 2 },
    ],
    ["a number of a number", "<nav><b>1</b> / <b>7</b></nav>", { pages: 7 }],
    ["a field for the number", "Page <input value=1> of 7", { pages: 7 }],
    ["a count of entries", "Showing 1 to 10 of 1,057 entries", { entries: 1057 }],
    ["a short count", "1–10 of 57", { entries: 57 }],
    ["a filter", "1 to 3 of 3 entries (filtered from 57 total entries)", { entries: 57 }],
    ["a way back", "<a href=/1>Previous</a>", { leadsBack: true }],
    ["an arrow back", "<div class=pager><a href=/1>&lsaquo;</a></div>", { leadsBack: true }],
  ])("has other pages by %s", async (_, html, expected) => {
    expect(await pagerOf(html)).toMatchObject(expected);
  });

  test.each([
    ["nothing of the kind", "<a href=/>Home</a> <a href=/x>2</a> <button>Create</button>"],
    [
      "DataTables' disabled controls",
      '<a class="paginate_button previous disabled">Previous</a><a class="paginate_button next disabled">Next</a>',
    ],
    ["older ones of it", '<a class="paginate_disabled_next">Next</a>'],
    [
      "those of Bootstrap",
      '<li class="page-item disabled"><a class="page-link" href="#">Next</a></li>',
    ],
    [
      "a disabled button",
      '<button disabled>Next</button><button aria-disabled=true aria-label="Next page">&rsaquo;</button>',
    ],
    [
      "a disabled control whose text is nested",
      '<li class="page-item disabled"><a class="page-link" href="#"><span>Next</span></a></li>',
    ],
    [
      "a disabled control whose arrow is nested",
      '<li class="page-item disabled"><a class="page-link" href="#"><span>&raquo;</span></a></li>',
    ],
    [
      "a disabled control in a frame of its own",
      '<div class="disabled"><div><a href="#"><span>Next</span></a></div></div> Clients',
    ],
    ["a disabled link whose text is nested", '<a class="disabled" href="#"><b>Next</b> page</a>'],
    ["an arrow inside a menu entry", "<a href=/x>Settings <span>&rsaquo;</span></a>"],
    ["an arrow back inside a menu entry", "<nav><a href=/x><span>&lsaquo;</span> Home</a></nav>"],
    [
      "a badge in the navigation",
      "<nav><a href=/>Home</a> 11/29/2026 <b>12</b> <a href=/m>Mail <b>3</b></a></nav>",
    ],
    [
      "a badge on an icon",
      "<nav><a href=/m><i class=mail></i><span class=badge>12</span></a></nav>",
    ],
    ["a word without a link", "<span>Next</span>"],
    ["a hidden control", "<a href=/2 hidden>Next</a>"],
    ["breadcrumbs", "<a href=/>System</a> <span>&raquo;</span> <a href=/s>Settings</a>"],
    ["all entries on one page", "<nav><b>1</b></nav> Showing 1 to 0 of 0 entries"],
  ])("has one page: %s", async (_, html) => {
    expect(await pagerOf(html)).toEqual(only);
  });
});
