import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchChromium } from './chromium.ts'

/** Starts one browser for a test file. Each test opens its own pages. A test fails if a page has an uncaught error. */
export function useBrowser(): { open(url: string, options?: BrowserContextOptions): Promise<Page> } {
  let browser: Browser
  let errors: string[] = []
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    const seen = errors
    errors = []
    expect(seen).toEqual([])
  })
  afterAll(() => browser?.close())
  return {
    async open(url, options) {
      const context = await browser.newContext(options)
      const page = await context.newPage()
      page.on('pageerror', error => errors.push(String(error)))
      await page.goto(url)
      return page
    },
  }
}
