// Drives the page in a real Chromium. The servers' test starts it (tests/servers/page.rs):
//   BASE=http://127.0.0.1:9180/ LOGFERRY_TEST_CHROMIUM=/usr/bin/chromium LOGFERRY_TEST_BROWSER=MODULES node run.mjs
// SCREENSHOTS=folder also writes the pictures of docs/serve.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const modules = createRequire(pathToFileURL(join(process.env.LOGFERRY_TEST_BROWSER, "package.json")));
const { chromium } = modules("playwright-core");
const axe = modules.resolve("axe-core/axe.min.js");

const base = process.env.BASE;
const facts = JSON.parse(process.env.FACTS);
const pictures = process.env.SCREENSHOTS;
const days = `since=${facts.since}&until=${facts.until}`;

const browser = await chromium.launch({
  executablePath: process.env.LOGFERRY_TEST_CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
const faults = [];

/** A tab that notes every console error, every failed script and every request to another host. */
async function tab(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && !page.expectsFailure) faults.push(`console: ${message.text()} at ${page.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error} at ${page.url()}`));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== new URL(base).origin) faults.push(`a request to ${url}`);
  });
  return page;
}
const at = (path) => new URL(path, base).href;

const tests = {
  async "a request id typed into the search leads to its invocation"() {
    const page = await tab();
    await page.goto(at(`/search?${days}`));
    await page.fill("#q", facts.request);
    await page.press("#q", "Enter");
    await page.waitForURL(/\/invocation\?/);
    assert.match(await page.textContent("h1"), new RegExp(facts.request));
    assert.ok((await page.locator(".timeline li").count()) >= 5);
    assert.match(await page.textContent(".facts"), /status/);
  },

  async "an error is opened, and back leads back"() {
    const page = await tab();
    await page.goto(at(`/errors?${days}`));
    const groups = page.locator(".groups li");
    assert.ok((await groups.count()) >= 5, "groups");
    const refused = groups.filter({ hasText: "ReservationRefused" });
    assert.equal(await refused.count(), 1, "numbers do not tell groups apart");
    await refused.locator(".example a").click();
    await page.waitForURL(/\/invocation\?/);
    const target = page.locator(".timeline li:target");
    assert.match(await target.textContent(), /ReservationRefused/);
    // The link to a line opens its stack trace.
    assert.match(await target.locator("details[open] pre").textContent(), /stock\.py/);
    await page.goBack();
    await page.waitForURL(/\/errors\?/);
    assert.ok((await groups.count()) >= 5);
  },

  async "a histogram zooms by a click, by a drag and back"() {
    const page = await tab();
    await page.goto(at(`/?${days}`));
    const before = page.url();
    const bars = page.locator("svg.histogram a:has(rect:not(.hit))");
    await bars.first().locator("rect.hit").click({ force: true });
    await page.waitForURL((url) => url.href !== before);
    const zoomed = new URL(page.url()).searchParams;
    assert.ok(Date.parse(zoomed.get("until")) - Date.parse(zoomed.get("since")) <= 3 * 3600 * 1000, page.url());
    await page.goBack();
    await page.waitForURL(before);
    const box = await page.locator("svg.histogram").boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 30, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => url.href !== before);
    const dragged = new URL(page.url()).searchParams;
    const [since, until] = [Date.parse(dragged.get("since")), Date.parse(dragged.get("until"))];
    const whole = Date.parse(facts.until) + 24 * 3600 * 1000 - Date.parse(facts.since);
    assert.ok(Math.abs(until - since - whole / 4) < whole / 50, page.url());
    await page.goBack();
    await page.waitForURL(before);
  },

  async "a filter is added and taken away by clicks"() {
    const page = await tab();
    await page.goto(at(`/search?${days}`));
    await page.locator(".facets a", { hasText: "thumbnails" }).click();
    await page.waitForURL(/function=thumbnails/);
    const functions = new Set(await page.locator(".lines .function").allTextContents());
    assert.deepEqual([...functions].map((name) => name.trim()), ["thumbnails"]);
    await page.locator(".filters a").click();
    await page.waitForURL((url) => !url.search.includes("function="));
  },

  async "all lines of a page stream in, and older ones follow"() {
    const page = await tab();
    await page.goto(at(`/search?${days}`));
    assert.equal(await page.locator(".lines li").count(), 200);
    const anchors = await page.locator(".lines li").evaluateAll((lines) => lines.map((line) => line.id));
    assert.equal(new Set(anchors).size, 200, "each line once");
    await page.click("text=Older lines");
    await page.waitForURL(/page=2/);
    const older = await page.locator(".lines li").evaluateAll((lines) => lines.map((line) => line.id));
    assert.ok(!older.some((anchor) => anchors.includes(anchor)));
  },

  async "a trace shows its other invocations"() {
    const page = await tab();
    await page.goto(at(`/invocation?request=${facts.traced}`));
    const related = page.locator("table", { hasText: "(this one)" });
    assert.ok((await related.locator("tbody tr").count()) >= 2);
    await related.locator("a").first().click();
    await page.waitForURL((url) => !url.search.includes(facts.traced));
    assert.match(await page.textContent("h1"), /Invocation/);
  },

  async "retries are told apart"() {
    const page = await tab();
    await page.goto(at(`/invocation?request=8f14e45f`));
    assert.match(await page.textContent(".timeline"), /Attempt 2/);
  },

  async "the keyboard alone leads from the start to the failing line"() {
    const page = await tab();
    await page.goto(at(`/?${days}`));
    await page.keyboard.press("Tab");
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Skip/);
    await page.keyboard.press("Enter");
    const tabTo = async (wanted) => {
      for (let presses = 0; presses < 120; presses += 1) {
        await page.keyboard.press("Tab");
        const found = await page.evaluate((selector) => document.activeElement.matches(selector), wanted);
        const seen = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.notEqual(seen, "none", "the focus is visible");
        if (found) return presses + 1;
      }
      throw new Error(`no ${wanted} by the keyboard`);
    };
    await tabTo("a.errors");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/errors\?/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await tabTo(".example a");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/invocation\?/);
    assert.equal(await page.locator(".timeline li.failed:target").count(), 1);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "q");
    await page.keyboard.type("payment");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/search\?/);
  },

  async "hostile lines do nothing, and a huge one is cut"() {
    const page = await tab();
    await page.goto(at(`/search?${days}&function=hostile`));
    const text = await page.textContent(".lines");
    assert.match(text, /<script>window\.hacked=1<\/script>/);
    assert.match(text, /U\+0008/);
    assert.match(text, /U\+202E/);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await page.locator(".lines script, .lines img, .lines iframe").count(), 0);
    const huge = page.locator(".lines li", { has: page.locator("a.whole") });
    assert.ok((await huge.first().textContent()).length < 1500);
    await huge.locator("a.whole").first().click();
    await page.waitForURL(/\/line\?/);
    assert.match(await page.textContent("h2"), /part 1 of/);
    await page.click("text=Next part");
    await page.waitForURL(/page=2/);
  },

  async "mistakes are said, with a way on"() {
    const page = await tab();
    page.expectsFailure = true;
    await page.goto(at(`/search?${days}&q=payment+AND+(declined`));
    assert.match(await page.textContent("[role=alert]"), /ends too early/);
    await page.check("input[name=literal]");
    await page.press("#q", "Enter");
    await page.waitForURL(/literal=1/);
    const nothing = await page.goto(at("/invocation?request=00000000-0000-0000-0000-000000000000"));
    assert.equal(nothing.status(), 404);
    const nowhere = await page.goto(at("/nowhere"));
    assert.equal(nowhere.status(), 404);
  },

  async "every page works without script"() {
    const page = await tab({ javaScriptEnabled: false });
    await page.goto(at(`/?${days}`));
    await page.locator("a.errors").first().click();
    await page.waitForURL(/\/errors\?/);
    await page.locator(".example a").first().click();
    await page.waitForURL(/\/invocation\?/);
    await page.fill("#q", "order");
    await page.press("#q", "Enter");
    await page.waitForURL(/\/search\?/);
    await page.locator("summary", { hasText: "The bars as a list" }).click();
    await page.locator(".bars a").first().click();
    await page.waitForURL(/until=/);
  },

  async "views are narrow, wide, light, dark and accessible"() {
    const views = ["/?", "/search?", "/errors?", "/pipeline?", `/invocation?request=${facts.request}&`, `/invocation?trace=${facts.trace}&`]
      .map((view) => `${view}${days}`)
      .concat("/search?q=a+AND+(", "/search?since=2001-01-01&until=2001-01-02");
    const source = readFileSync(axe, "utf8");
    for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]]) {
      const page = await tab({ viewport: { width, height: 800 }, colorScheme });
      page.expectsFailure = true;
      for (const view of views) {
        await page.goto(at(view));
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${view} is ${overflow} px too wide for ${width} px`);
        // Injected by the debugger: the page's policy forbids a script of others.
        await page.evaluate(source);
        const { violations } = await page.evaluate(() => window.axe.run());
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html)}`);
        assert.deepEqual(found, [], `${view}, ${colorScheme}, ${width} px`);
      }
      await page.context().close();
    }
  },

  // "Something is wrong": from the first page to the failing line in three clicks, and in how many seconds.
  async "the stopwatch"() {
    const page = await tab();
    const start = performance.now();
    let clicks = 0;
    const click = async (locator) => {
      clicks += 1;
      await locator.click();
    };
    await page.goto(at("/"));
    // The documents are of one week in November; the page leads to their newest day.
    await click(page.locator(".empty a"));
    await click(page.locator("tr.failing", { hasText: "orders" }).locator("a.errors"));
    await click(page.locator(".groups li").first().locator(".example a"));
    await page.waitForURL(/\/invocation\?/);
    const line = page.locator(".timeline li.failed:target");
    await line.waitFor();
    assert.match(await line.textContent(), /Refused|Error/);
    const seconds = (performance.now() - start) / 1000;
    assert.equal(clicks, 3);
    assert.ok(seconds < 20, `${seconds} s`);
    console.log(`stopwatch: ${clicks} clicks, ${seconds.toFixed(2)} s from the first page to the failing line`);
  },
};

async function takePictures() {
  const shot = async (name, path, options = {}) => {
    const page = await tab({ viewport: { width: 1100, height: 700 }, ...options });
    await page.goto(at(path));
    await page.screenshot({ path: join(pictures, name), type: "png" });
    await page.context().close();
  };
  await shot("page-functions.png", `/?${days}`);
  await shot("page-errors.png", `/errors?${days}`);
  await shot("page-search.png", `/search?${days}&q=order`);
  await shot("page-invocation.png", `/invocation?request=${facts.request}`, { colorScheme: "dark" });
  await shot("page-narrow.png", `/?${days}`, { viewport: { width: 360, height: 700 } });
}

let failed = 0;
const only = process.env.ONLY;
for (const [name, test] of Object.entries(tests)) {
  if (only && !name.includes(only)) continue;
  const began = performance.now();
  try {
    await test();
    assert.deepEqual(faults.splice(0), []);
    console.log(`ok: ${name} (${Math.round(performance.now() - began)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
  for (const context of browser.contexts()) await context.close();
}
if (pictures && failed === 0) await takePictures();
await browser.close();
process.exitCode = failed === 0 ? 0 : 1;
