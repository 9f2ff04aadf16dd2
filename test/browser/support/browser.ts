import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchChromium } from './chromium.ts'

/** One browser for a test file, and a page of its own for each test, which must not have an error in its console. */
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
