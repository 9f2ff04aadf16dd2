import { describe, expect, it } from 'vitest'
import { MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { PNG_HEAD } from '../support/tiny-files.ts'
import { until } from '../support/until.ts'
import { useBrowser } from './support/browser.ts'
import { BUCKET, expectNothingLeft, useDemo } from './support/demo.ts'
import { useFiles } from './support/files.ts'
import {
  acceptAnyType,
  choose,
  letServerCheck,
  PNG,
  phase,
  recordProgress,
  row,
  textFile,
  ZIP,
} from './support/page.ts'
import { drawPicture } from './support/pictures.ts'

const { open } = useBrowser()
const sparseFile = useFiles()

/** Chromium can show a response only after `drainTimeout`, which is 30 seconds. */
const SLOW_REJECTION_MS = 150_000

describe.each([
  ['express', 'Express'],
  ['koa', 'Koa'],
  ['http', 'node:http'],
])('the demo with --server %s', async (server, name) => {
  const demo = await useDemo(server)

  it('uploads a picture to S3, reports the progress and shows the picture', async () => {
    const page = await open(demo.url)
    const picture = await drawPicture(page, 'evening.png', 215)
    const release = hold(demo.s3, 'PutObject')
    await choose(page, picture)

    await phase(page, 'evening.png', 'storing')
    expect(
      await row(page, 'evening.png')
        .locator('progress')
        .evaluate(bar => (bar as HTMLProgressElement).value),
    ).toBe(0.99)
    expect(demo.s3.objects(BUCKET)).toEqual([])
    release()
    await phase(page, 'evening.png', 'done')

    const [object] = demo.s3.objects(BUCKET)
    expect(object).toMatchObject({ type: 'image/png', size: picture.buffer.length })
    expect(object?.body.equals(picture.buffer)).toBe(true)
    // The thumbnail comes from S3.
    const thumb = page.locator('.object img')
    await thumb.waitFor()
    await expect.poll(() => thumb.evaluate(image => (image as HTMLImageElement).naturalWidth)).toBe(720)
    const link = page.locator('.object a', { hasText: 'evening.png' })
    const stored = await page.request.get(new URL((await link.getAttribute('href')) ?? '', demo.url).href)
    expect((await stored.body()).equals(picture.buffer)).toBe(true)
    await page.locator('#server-name', { hasText: name }).waitFor()
  })

  it('explains why the server rejected one file, and stores the other', async () => {
    const page = await open(demo.url)
    await letServerCheck(page)
    await choose(page, [ZIP, PNG])

    await phase(page, 'photo.png', 'done')
    await phase(page, 'a.zip', 'failed')
    const error = row(page, 'a.zip').locator('.error')
    expect(await error.textContent()).toContain('The server does not accept application/zip here.')
    expect(await error.textContent()).toContain('415 TYPE_NOT_ACCEPTED')
    expect(demo.s3.objects(BUCKET).map(({ type }) => type)).toEqual(['image/png'])
    expect(await page.locator('#total-facts').textContent()).toBe('1 stored · 1 not stored')
  })

  it.each([
    ['while it arrives', '11 MB', 11 * MB, 'FILE_TOO_LARGE'],
    ['before the server reads it', '60 MB', 60 * MB, 'REQUEST_TOO_LARGE'],
    ['with more bytes than the server drops', '2 GB', 2048 * MB, 'REQUEST_TOO_LARGE'],
  ])(
    'explains that a file is too large: rejected %s',
    async (_when, sizeText, size, code) => {
      const page = await open(demo.url)
      page.setDefaultTimeout(SLOW_REJECTION_MS)
      await letServerCheck(page)
      await choose(page, sparseFile('large.png', size, PNG_HEAD))

      await phase(page, 'large.png', 'failed')
      const error = await row(page, 'large.png').locator('.error').textContent()
      expect(error).toContain(`This file is too large: ${sizeText}. The maximum`)
      expect(error).toContain(`413 ${code}`)
      await expectNothingLeft(demo.s3)
    },
    SLOW_REJECTION_MS,
  )

  it('refuses files over the limits of the route without a request, in the words of the server', async () => {
    const page = await open(demo.url)
    const requests: string[] = []
    page.on('request', request => request.method() === 'POST' && requests.push(request.url()))
    await choose(page, [
      sparseFile('large.png', 60 * MB, PNG_HEAD),
      sparseFile('backup.zip', 10),
      sparseFile('a.txt', 10, 'some words'),
    ])
    await phase(page, 'a.txt', 'done')

    const texts = await page.locator('.row[data-phase=failed]').allInnerTexts()
    expect(texts).toEqual([
      expect.stringMatching(
        /large\.png[\s\S]*too large: 60 MB\. The maximum is 10 MB\.[\s\S]*413 FILE_TOO_LARGE/,
      ),
      expect.stringMatching(
        /backup\.zip[\s\S]*does not accept application\/zip here[\s\S]*415 TYPE_NOT_ACCEPTED/,
      ),
    ])
    expect(requests).toEqual([`${demo.url}/upload`])
  })

  it('counts the same files as received and as stored', async () => {
    const page = await open(demo.url)
    const counts = () => page.locator('#received, #stored, #parts').allTextContents()
    await expect.poll(counts).not.toContain('–')
    const before = await counts()
    await letServerCheck(page)
    await choose(page, sparseFile('large.png', 11 * MB, PNG_HEAD))
    await phase(page, 'large.png', 'failed')
    await acceptAnyType(page)
    const release = hold(demo.s3, 'UploadPart')
    await choose(page, sparseFile('cancelled.mp4', 30 * MB))
    await until(() => demo.s3.uploads(BUCKET).length > 0)
    await page.getByRole('button', { name: 'Cancel cancelled.mp4' }).click()
    release()
    await expectNothingLeft(demo.s3)
    await expect.poll(counts).toEqual(before)

    await choose(page, sparseFile('film.mp4', 30 * MB))
    await phase(page, 'film.mp4', 'done')
    // The page asks for the counts again and again: it may ask while a part is on its way.
    await expect.poll(async () => (await counts())[1]).toMatch(/^30(\.\d)? MB$/)
    const [received, stored] = await counts()
    expect(received).toBe(stored)
  })
})

describe('the demo', async () => {
  const demo = await useDemo()

  it.each([
    ['a desktop', 1120],
    ['a phone', 375],
  ])('shows what was wrong above the fold of %s', async (_name, width) => {
    const page = await open(demo.url, { viewport: { width, height: 800 } })
    const names = Array.from({ length: 12 }, (_, n) => `${n}.txt`)
    await letServerCheck(page)
    await choose(page, [...names.map(name => textFile(name, 10)), textFile('large.txt', 11 * MB)])
    await phase(page, 'large.txt', 'failed')
    await choose(page, [textFile('newer.txt', 10)])
    await phase(page, 'newer.txt', 'done')
    const { y = 0, height = 0 } = (await row(page, 'large.txt').locator('.error').boundingBox()) ?? {}
    expect(await page.evaluate(() => scrollY)).toBe(0)
    expect(y).toBeGreaterThan(0)
    expect(y + height).toBeLessThan(800)
    const [first, second] = await page.locator('.row .name').allTextContents()
    expect([first, second]).toEqual(['large.txt', 'newer.txt'])
  })

  it.each([
    ['of another type', ZIP.buffer, 'The bytes of this file are application/zip, not image/png.'],
    ['of no known type', Buffer.alloc(100), 'The bytes of this file match no known type.'],
  ])('explains that the bytes of a file are %s', async (_what, buffer, explanation) => {
    const page = await open(demo.url)
    await choose(page, { ...PNG, buffer })
    await phase(page, 'photo.png', 'failed')
    const error = await row(page, 'photo.png').locator('.error').textContent()
    expect(error).toContain(`${explanation} Allowed: image files`)
    expect(error).toContain('415 TYPE_NOT_ACCEPTED')
  })

  it('keeps the focus in a row that moves to the top when it fails', async () => {
    const page = await open(demo.url)
    let respond = () => {}
    const focused = new Promise<void>(resolve => {
      respond = resolve
    })
    await page.route('**/upload', async route => {
      const isSecond = route.request().postData()?.includes('b.txt')
      if (!isSecond) return route.continue()
      await focused
      await route.fulfill({ status: 422, json: { code: 'REFUSED', detail: 'No.' } })
    })
    await choose(page, [textFile('a.txt', 10), textFile('b.txt', 10)])
    await phase(page, 'a.txt', 'done')
    await page.getByRole('button', { name: 'Cancel b.txt' }).focus()
    respond()
    await phase(page, 'b.txt', 'failed')
    expect(await page.locator('.row .name').allTextContents()).toEqual(['b.txt', 'a.txt'])
    expect(await page.evaluate(() => document.activeElement?.closest('.row')?.textContent)).toContain('b.txt')
  })

  it.each([1120, 375])('shows a long name in at most two lines, at a width of %i', async width => {
    const page = await open(demo.url, { viewport: { width, height: 800 } })
    const name = `${'a long name with many words '.repeat(8)}${'x'.repeat(20)}.txt`
    await choose(page, textFile(name, 10))
    await phase(page, 'a long name', 'done')
    await page.locator('.object .name').waitFor()
    for (const element of await page.locator('.name').all()) {
      const lines = await element.evaluate(
        element => element.clientHeight / Number.parseFloat(getComputedStyle(element).lineHeight),
      )
      expect(Math.round(lines)).toBe(2)
      expect(await element.getAttribute('title')).toBe(name)
    }
  })

  it('shows finished rows as stored, not as sending', async () => {
    const page = await open(demo.url)
    await choose(page, PNG)
    await phase(page, 'photo.png', 'done')
    const [text] = await row(page, 'photo.png').allInnerTexts()
    expect(text).toContain(`Stored · ${PNG.buffer.length} bytes · Open`)
    expect(text).not.toMatch(/Sending|Storing/)
  })

  it('labels the axes of the chart', async () => {
    const page = await open(demo.url)
    await page.locator('.plot', { hasText: 'now' }).waitFor()
    await expect.poll(() => page.locator('.scale li').allTextContents()).toEqual(['256 MB', '128 MB', '0'])
    expect(await page.locator('.time span').allTextContents()).toEqual(['10 s ago', 'now'])
  })

  it('shows increasing progress in every phase, and reaches 1 only at the end', async () => {
    const page = await open(demo.url)
    const recorded = await recordProgress(page)
    await acceptAnyType(page)
    await choose(page, sparseFile('film.mp4', 64 * MB))
    await phase(page, 'film.mp4', 'done')

    const steps = await recorded()
    const sending = steps.filter(([phase]) => phase === 'sending').map(([, value]) => value)
    expect(new Set(sending).size).toBeGreaterThan(3)
    expect(sending).toEqual([...sending].sort((a, b) => a - b))
    expect(
      Math.max(...steps.filter(([phase]) => phase !== 'done').map(([, value]) => value)),
    ).toBeLessThanOrEqual(0.99)
    const phases = steps.map(([phase]) => phase)
    expect([...new Set(phases)].filter(phase => phase !== 'queued')).toEqual(['sending', 'storing', 'done'])
    expect(steps.at(-1)).toEqual(['done', 1])
  })

  it('uploads dropped files', async () => {
    const page = await open(demo.url)
    const data = await page.evaluateHandle(() => {
      const data = new DataTransfer()
      data.items.add(new File(['one'], 'one.txt', { type: 'text/plain' }))
      data.items.add(new File(['two'], 'two.txt', { type: 'text/plain' }))
      return data
    })
    await page.dispatchEvent('.drop', 'dragover', { dataTransfer: data })
    await page.locator('body.dropping').waitFor()
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: data })
    await phase(page, 'one.txt', 'done')
    await phase(page, 'two.txt', 'done')
    expect(await page.locator('body.dropping').count()).toBe(0)
    expect(
      demo.s3
        .objects(BUCKET)
        .map(({ body }) => body.toString())
        .sort(),
    ).toEqual(['one', 'two'])
  })

  it('cancels an upload while it is sending, and stores nothing', async () => {
    const page = await open(demo.url)
    const release = hold(demo.s3, 'UploadPart')
    await acceptAnyType(page)
    await choose(page, sparseFile('film.mp4', 200 * MB))
    await until(() => demo.s3.requests.some(({ operation }) => operation === 'UploadPart'))
    await page.getByRole('button', { name: 'Cancel film.mp4' }).click()

    await phase(page, 'film.mp4', 'cancelled')
    expect(await row(page, 'film.mp4').textContent()).toContain('Cancelled. Nothing was stored.')
    // A server that waits for S3 does not read the request, so it cannot detect the disconnect.
    release()
    await expectNothingLeft(demo.s3)
  })

  it('cancels all uploads, and retries one only once after a double click', async () => {
    const page = await open(demo.url)
    hold(demo.s3, 'PutObject')
    await choose(page, [textFile('a.txt', 10), textFile('b.txt', 10), textFile('c.txt', 10)])
    await phase(page, 'b.txt', 'storing')
    await page.getByRole('button', { name: 'Cancel all' }).dblclick()
    for (const name of ['a.txt', 'b.txt', 'c.txt']) await phase(page, name, 'cancelled')
    await expectNothingLeft(demo.s3)

    demo.s3.reset()
    await page.getByRole('button', { name: 'Try again: b.txt' }).dblclick()
    await phase(page, 'b.txt', 'done')
    expect(demo.s3.objects(BUCKET)).toHaveLength(1)
    expect(demo.s3.requests.filter(({ operation }) => operation === 'PutObject')).toHaveLength(1)
  })

  it('uploads a file once after a double click on the file button', async () => {
    const page = await open(demo.url)
    page.on('filechooser', chooser => chooser.setFiles(PNG).catch(() => {}))
    const fileChooser = page.waitForEvent('filechooser')
    // From now on the test selects the files, not a dialog.
    await page.getByText('Choose files').hover()
    await page.getByText('Choose files').dblclick()
    await fileChooser
    await phase(page, 'photo.png', 'done')
    const rows = await page.locator('.row').count()
    await expect.poll(() => page.locator('.row[data-phase=done]').count()).toBe(rows)
    expect(demo.s3.objects(BUCKET)).toHaveLength(rows)
  })

  it('leaves nothing in S3 if the page is reloaded during an upload', async () => {
    const page = await open(demo.url)
    const release = hold(demo.s3, 'UploadPart')
    await acceptAnyType(page)
    await choose(page, sparseFile('film.mp4', 200 * MB))
    await until(() => demo.s3.uploads(BUCKET).length === 1)
    page.on('dialog', dialog => dialog.accept())
    await page.reload()
    release()
    await page.locator('#nothing').waitFor()
    await expectNothingLeft(demo.s3)
  })

  it('keeps non-ASCII filenames', async () => {
    const page = await open(demo.url)
    const name = '日本語のファイル 写真①.png'
    await choose(page, { ...PNG, name })
    await phase(page, name, 'done')
    await page.locator('.object a', { hasText: name }).waitFor()
  })

  it('reports a failure of S3 without its details, and leaves nothing in S3', async () => {
    const page = await open(demo.url)
    demo.s3.fault(({ operation }) =>
      operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    await choose(page, PNG)
    await row(page, 'photo.png').getByText('Retrying').waitFor()
    await page.getByRole('button', { name: 'Cancel photo.png' }).click()
    await phase(page, 'photo.png', 'cancelled')
    expect(await page.locator('main').textContent()).not.toContain('AccessDenied')
    await expectNothingLeft(demo.s3)
  })

  it('retries until the server is back', async () => {
    const page = await open(demo.url)
    await demo.end()
    await choose(page, PNG)
    await row(page, 'photo.png').getByText('Cannot reach the server').waitFor()
    await demo.startAgain()
    await phase(page, 'photo.png', 'done')
    expect(demo.s3.objects(BUCKET)).toHaveLength(1)
    // The panel of the server reconnects too.
    await page.locator('#server-name', { hasText: 'Express' }).waitFor()
  })

  it('uploads 200 MB with constant server memory, and shows it', async () => {
    const page = await open(demo.url)
    await acceptAnyType(page)
    // Memory for code that the first upload loads does not count.
    await choose(page, sparseFile('warm-up.bin', 30 * MB))
    await phase(page, 'warm-up.bin', 'done')
    const memory = await page.evaluateHandle(() => {
      const seen: number[] = []
      new EventSource('/activity').onmessage = ({ data }) => seen.push(JSON.parse(data).memory)
      return seen
    })
    await expect.poll(async () => (await memory.jsonValue()).length).toBeGreaterThan(0)
    await choose(page, sparseFile('film.mp4', 200 * MB))
    await phase(page, 'film.mp4', 'done')

    const [before = 0, ...during] = await memory.jsonValue()
    const increase = Math.max(...during) - before
    process.stdout.write(
      `200 MB through the demo: ${Math.round(before / MB)} MB before, at most ${Math.round(increase / MB)} MB more\n`,
    )
    expect(increase).toBeLessThan(100 * MB)
    expect(demo.s3.objects(BUCKET).map(({ size }) => size)).toContain(200 * MB)
    const received = await page.locator('#received').textContent()
    expect(received).toMatch(/MB/)
    expect(await page.locator('#parts').textContent()).not.toBe('0')
  })
})
