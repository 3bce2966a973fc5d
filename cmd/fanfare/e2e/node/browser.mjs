// Debian's Chromium, driven by playwright-core. A tab has a profile of its own, so that each can be another user, or shares that
// of the tab that it is opened beside.

import { chromium } from 'playwright-core';
import { emit } from './wire.mjs';

let browser;
const tabs = new Map();

export async function launch({ executable, trusted }) {
  browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-background-networking', ...trust(trusted)],
  });
  return browser.version();
}

// trust has a certificate accepted by the hash of its key: base64 of the SHA-256 of its SubjectPublicKeyInfo.
function trust(hash) {
  return hash ? [`--ignore-certificate-errors-spki-list=${hash}`] : [];
}

function newProfile() {
  return browser.newContext({ viewport: { width: 900, height: 600 }, deviceScaleFactor: 2 });
}

export async function open({ tab, url, beside }) {
  const context = beside ? tabs.get(beside).context() : await newProfile();
  const page = await context.newPage();
  page.on('pageerror', (error) => emit(tab, 'error', { error: String(error) }));
  page.on('console', (message) => {
    if (message.type() === 'error') emit(tab, 'error', { error: message.text() });
  });
  tabs.set(tab, page);
  await page.goto(url);
}

export function type({ tab, selector, text }) {
  return tabs.get(tab).locator(selector).pressSequentially(text);
}

const typists = new Set();

// keepTyping types a text over and over, each letter a key that goes down and up, until stopTyping. It resolves with all that
// was typed.
export async function keepTyping({ tab, selector, text, delay }) {
  const page = tabs.get(tab);
  const field = page.locator(selector);
  let typed = '';
  for (typists.add(tab); typists.has(tab); await page.waitForTimeout(delay)) {
    const letter = text[typed.length % text.length];
    await field.pressSequentially(letter);
    typed += letter;
  }
  return typed;
}

export function stopTyping({ tab }) {
  typists.delete(tab);
}

export function press({ tab, selector, key }) {
  return tabs.get(tab).locator(selector).press(key);
}

export function texts({ tab, selector }) {
  return tabs.get(tab).locator(selector).allInnerTexts();
}

// expect waits until the elements that a selector finds hold exactly these texts, in this order.
export async function expect({ tab, selector, want, timeout }) {
  const page = tabs.get(tab);
  const same = ([css, wanted]) => {
    const found = Array.from(document.querySelectorAll(css), (element) => element.innerText.trim());
    return JSON.stringify(found) === JSON.stringify(wanted);
  };
  try {
    await page.waitForFunction(same, [selector, want], { timeout });
  } catch {
    const got = await texts({ tab, selector });
    throw `tab ${tab}: ${selector} holds ${JSON.stringify(got)} after ${timeout} ms, want ${JSON.stringify(want)}`;
  }
}

// grow waits until an element's text has become longer.
export async function grow({ tab, selector, by, timeout }) {
  const page = tabs.get(tab);
  const length = (css) => document.querySelector(css).textContent.length;
  const want = await page.evaluate(length, selector) + by;
  await page.waitForFunction(([css, n]) => document.querySelector(css).textContent.length >= n, [selector, want], { timeout });
}

export function screenshot({ tab, path }) {
  return tabs.get(tab).screenshot({ path });
}

export function shut({ tab }) {
  return tabs.get(tab).close();
}

export function close() {
  return browser?.close();
}
