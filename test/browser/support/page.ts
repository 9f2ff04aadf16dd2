import type { Locator, Page } from 'playwright-core'
import { PNG as PIXEL } from '../../support/tiny-files.ts'

export const PNG = { name: 'photo.png', mimeType: 'image/png', buffer: PIXEL }

/** An empty archive. */
export const ZIP = {
  name: 'a.zip',
  mimeType: 'application/zip',
  buffer: Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)]),
}

export function textFile(name: string, size: number) {
  return { name, mimeType: 'text/plain', buffer: Buffer.alloc(size, 'text ') }
}

export const choose = (page: Page, files: Parameters<Page['setInputFiles']>[1]) =>
  page.setInputFiles('#files', files)

export function row(page: Page, name: string): Locator {
  return page.locator('.row', { has: page.locator('.name', { hasText: name }) })
}

/** Waits until a row is in this phase. */
export async function phase(page: Page, name: string, phase: string): Promise<void> {
  const found = page.locator(`.row[data-phase=${phase}] .name`, { hasText: name })
  await found.first().waitFor({ state: 'attached' })
}

export async function acceptAnyType(page: Page): Promise<void> {
  await page.getByRole('radio', { name: /Anything/ }).check()
}

/** Sends the files that exceed a limit too, so that the server rejects them. */
export async function letServerCheck(page: Page): Promise<void> {
  await page.getByRole('checkbox', { name: /Check files/ }).uncheck()
}

/** Records every phase and progress value of the first row from now on. */
export async function recordProgress(page: Page): Promise<() => Promise<[phase: string, value: number][]>> {
  const record = await page.evaluateHandle(() => {
    const seen: [string, number][] = []
    new MutationObserver(() => {
      const row = document.querySelector<HTMLElement>('.row')
      const value = row?.querySelector('progress')?.value ?? 0
      seen.push([row?.dataset.phase ?? '', value])
    }).observe(document.querySelector('#rows') as Node, { subtree: true, childList: true, attributes: true })
    return seen
  })
  return () => record.jsonValue()
}
