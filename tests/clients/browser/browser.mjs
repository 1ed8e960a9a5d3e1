// A headless Chromium, Debian's, and one page of it.
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

// Runs `use(page)`. All that the page waits for must come within LIMIT_MS.
export async function withPage(use) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  try {
    const context = await browser.newContext({ viewport: { width: 900, height: 640 } });
    context.setDefaultTimeout(Number(process.env.LIMIT_MS ?? 20_000));
    await use(await context.newPage(), context);
  } finally {
    await browser.close();
  }
}

// `actual` is what a user sees.
export function same(actual, expected, what) {
  if (actual !== expected) {
    throw new Error(`${what}: '${actual}' is seen, '${expected}' was expected`);
  }
}

export function contains(actual, part, what) {
  if (!actual.includes(part)) {
    throw new Error(`${what}: '${actual}' is seen, with '${part}' in it expected`);
  }
}
