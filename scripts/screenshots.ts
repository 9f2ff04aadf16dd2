// npm run screenshots: takes the screenshots of the demo page in docs/images. Needs Chromium or Chrome.
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../test/browser/support/chromium.ts'
import { drawPicture } from '../test/browser/support/pictures.ts'
import { startProgram } from '../test/support/run-program.ts'
import { shrinkPng } from './shrink-png.ts'

const FOLDER = 'docs/images'
const WIDE = { width: 1120, height: 800 }
const NARROW = { width: 375, height: 800 }
const GB = 1024 ** 3

interface Variant {
  name: string
  viewport: { width: number; height: number }
  colorScheme: 'light' | 'dark'
}

const VARIANTS: Variant[] = [
  { name: 'light', viewport: WIDE, colorScheme: 'light' },
  { name: 'dark', viewport: WIDE, colorScheme: 'dark' },
  { name: 'narrow', viewport: NARROW, colorScheme: 'light' },
]

const rowOf = (page: Page, name: string) => page.locator('.row', { hasText: name })
const choose = (page: Page, files: Parameters<Page['setInputFiles']>[1]) =>
  page.setInputFiles('#files', files)

/** Creates a large sparse file, which takes no disk space. */
async function createFilm(folder: string): Promise<string> {
  const path = join(folder, 'the-whole-concert.mov')
  await writeFile(path, '')
  await truncate(path, 2 * GB)
  return path
}

async function takeScreenshots(page: Page, variant: Variant, film: string): Promise<void> {
  const take = async (state: string) => {
    await page.evaluate(async () => {
      for (const image of document.images) image.loading = 'eager'
      await Promise.all(Array.from(document.images, image => image.decode().catch(() => {})))
      scrollTo(0, 0)
    })
    const png = await page.screenshot({ fullPage: true })
    await writeFile(`${FOLDER}/demo-${state}-${variant.name}.png`, shrinkPng(png))
  }
  const draw = (name: string, hue: number) => drawPicture(page, name, hue)
  await page.locator('#chart .memory.line[d*="L1"]').waitFor({ state: 'attached' })
  await take('empty')

  const photos = [await draw('evening at the lake.png', 215), await draw('富士山の朝.png', 320)]
  await choose(page, photos)
  for (const { name } of photos) await rowOf(page, name).locator('a').waitFor()
  await page.locator('.object').nth(1).waitFor()
  await page.getByRole('radio', { name: /Anything/ }).check()
  await choose(page, film)
  await page.waitForFunction(() => {
    const bar = document.querySelector<HTMLProgressElement>('.row[data-phase=sending] progress')
    return bar && bar.value > 0.6
  })
  await take('uploading')
  await rowOf(page, 'concert').locator('a').waitFor({ timeout: 120_000 })

  await page.getByRole('button', { name: 'Clear the list' }).click()
  await choose(page, [await draw('harbour.png', 180), await draw('heath.png', 20)])
  await page.locator('.object').nth(4).waitFor()
  await take('done')

  await page.getByRole('button', { name: 'Clear the list' }).click()
  await page.getByRole('radio', { name: /Documents/ }).check()
  await choose(page, [
    await draw('first snow on the way to the summit, seen from the hut before sunrise.png', 250),
    { name: 'panorama.png', mimeType: 'image/png', buffer: Buffer.alloc(14.2 * 1024 ** 2) },
    { name: 'backup.zip', mimeType: 'application/zip', buffer: Buffer.alloc(3 * 1024 ** 2) },
  ])
  await page.locator('.row[data-phase=failed]').nth(1).waitFor()
  await rowOf(page, 'first snow').locator('a').waitFor()
  await page.locator('.object').nth(5).waitFor()
  await take('error')
}

async function takeAll(browser: Browser, film: string): Promise<void> {
  for (const variant of VARIANTS) {
    const demo = await startProgram('examples/demo/server.ts', {})
    try {
      const page = await browser.newPage({ viewport: variant.viewport, colorScheme: variant.colorScheme })
      await page.goto(demo.url)
      await takeScreenshots(page, variant, film)
      await page.close()
    } finally {
      await demo.end()
    }
  }
}

const folder = await mkdtemp(join(tmpdir(), 's3-upstream-'))
const browser = await launchChromium()
try {
  await takeAll(browser, await createFilm(folder))
} finally {
  await browser.close()
  await rm(folder, { recursive: true })
}
