import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { until } from '../support/until.ts'
import { useBrowser } from './support/browser.ts'
import { BUCKET, useDemo } from './support/demo.ts'
import { useFiles } from './support/files.ts'
import { acceptAnyType, choose, PNG, phase, textFile, ZIP } from './support/page.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core')
const demo = await useDemo()
const { open } = useBrowser()
const sparseFile = useFiles()

async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE })
  const { violations, passes } = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  expect(passes.length).toBeGreaterThan(15)
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

const wide = { width: 1120, height: 900 }
const VARIANTS: [string, BrowserContextOptions][] = [
  ['light', { colorScheme: 'light', viewport: wide }],
  ['dark', { colorScheme: 'dark', viewport: wide }],
  ['narrow', { colorScheme: 'light', viewport: { width: 375, height: 800 } }],
  ['narrow and dark', { colorScheme: 'dark', viewport: { width: 375, height: 800 } }],
]

describe.each(VARIANTS)('axe-core finds no violation on the page, %s', (_name, variant) => {
  // The Content-Security-Policy of the page would block axe-core.
  const openPage = async () => open(demo.url, { ...variant, bypassCSP: true })

  it('when the page is empty', async () => {
    const page = await openPage()
    await page.locator('#memory', { hasText: 'MB' }).waitFor()
    expect(await violations(page)).toEqual([])
    const overflow = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return scrollWidth - clientWidth
    })
    expect(overflow).toBe(0)
  })

  it('during an upload', async () => {
    const page = await openPage()
    const release = hold(demo.s3, 'UploadPart')
    hold(demo.s3, 'PutObject')
    await acceptAnyType(page)
    await choose(page, [
      sparseFile('sending.txt', 200 * MB),
      sparseFile('storing.txt', 10),
      sparseFile('queued.txt', 10),
    ])
    await phase(page, 'storing.txt', 'storing')
    await until(() => demo.s3.uploads(BUCKET).length === 1)
    await phase(page, 'sending.txt', 'sending')
    await phase(page, 'queued.txt', 'queued')
    expect(await violations(page)).toEqual([])
    release()
  })

  it('when every upload is done', async () => {
    const page = await openPage()
    await choose(page, [PNG, textFile('notes.txt', 10)])
    await phase(page, 'photo.png', 'done')
    await phase(page, 'notes.txt', 'done')
    await page.locator('.object').nth(1).waitFor()
    expect(await violations(page)).toEqual([])
  })

  it('after an error', async () => {
    const page = await openPage()
    demo.s3.fault(({ operation }) => (operation === 'PutObject' ? { status: 500, code: 'X' } : undefined))
    await choose(page, [{ ...ZIP, name: 'photo.png' }, textFile('notes.txt', 10)])
    await phase(page, 'photo.png', 'failed')
    await phase(page, 'notes.txt', 'waiting')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Cancel notes.txt' }).click()
    await phase(page, 'notes.txt', 'cancelled')
    expect(await violations(page)).toEqual([])
  })
})

describe('with a keyboard only', () => {
  it('selects, cancels and retries files without losing the focus', async () => {
    const page = await open(demo.url)
    const focused = () => page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.id)
    const fileChooser = page.waitForEvent('filechooser')
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowDown')
    expect(await page.locator('input[name=route]:checked').inputValue()).toBe('/upload/anything')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('check')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('files')
    hold(demo.s3, 'PutObject')
    await page.keyboard.press('Enter')
    const chooser = await fileChooser
    await chooser.setFiles(PNG)
    await phase(page, 'photo.png', 'storing')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Cancel photo.png')
    await page.keyboard.press('Enter')
    await phase(page, 'photo.png', 'cancelled')
    expect(await focused()).toBe('Try again: photo.png')
    demo.s3.reset()
    await page.keyboard.press('Enter')
    await phase(page, 'photo.png', 'done')
    expect(await focused()).not.toBe('')
  })

  it('announces the result of each file to a screen reader', async () => {
    const page = await open(demo.url)
    const status = page.getByRole('status')
    await choose(page, PNG)
    await expect.poll(() => status.textContent()).toBe('photo.png was stored.')
    await choose(page, ZIP)
    await expect
      .poll(() => status.textContent())
      .toMatch(/^a\.zip was not stored\. The server does not accept application\/zip/)
    const bar = page.locator('progress[aria-label="Progress of a.zip"]')
    expect(await bar.count()).toBe(1)
  })
})
