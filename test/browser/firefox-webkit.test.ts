import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { areInstalled } from '../support/programs.ts'
import { PNG_HEAD } from '../support/tiny-files.ts'
import { BUCKET, expectNothingLeft, useDemo } from './support/demo.ts'
import { type RemoteBrowser, startFirefox, startWebKit } from './support/remote-browser.ts'

/** Runs in the page: `find(name)` is a row, `reach(name, …phases)` waits until it is in one of the phases. */
const IN_PAGE = `
  const until = condition => new Promise(resolve => {
    const check = () => condition() && resolve()
    new MutationObserver(check).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
    check()
  })
  const find = name => [...document.querySelectorAll('.row')].find(row => row.querySelector('.name').textContent.includes(name))
  const reach = async (name, ...phases) => {
    await until(() => phases.includes(find(name)?.dataset.phase))
    return find(name)
  }
`

// Chromium shows a response that arrives early. These browsers read a response only after they have sent everything.
const browsers = [
  { name: 'Firefox', start: startFirefox, programs: ['firefox-esr'] },
  { name: 'WebKit', start: startWebKit, programs: ['WebKitWebDriver', 'Xvfb'] },
].filter(({ name, programs }) => areInstalled(programs, `the demo in ${name}`))

describe.each(browsers)('the demo in $name', async ({ start }) => {
  const demo = await useDemo()
  let browser: RemoteBrowser
  beforeAll(async () => {
    browser = await start()
  })
  afterAll(() => browser?.close())
  beforeEach(() => browser.open(demo.url))

  /** Sends files that exceed a limit too, and counts the requests. */
  async function choose(name: string, type: string, size: number): Promise<void> {
    await browser.run(`${IN_PAGE}
      // The scripts of the page run.
      await until(() => document.querySelector('#server-name').textContent !== 'Connecting…')
      const { send } = XMLHttpRequest.prototype
      window.requests = 0
      XMLHttpRequest.prototype.send = function (body) {
        window.requests++
        send.call(this, body)
      }
      document.querySelector('#check').checked = false
      const files = new DataTransfer()
      const bytes = new Uint8Array(${size})
      if ('${type}' === 'image/png') bytes.set([${[...PNG_HEAD]}])
      files.items.add(new File([bytes], '${name}', { type: '${type}' }))
      const input = document.querySelector('#files')
      input.files = files.files
      input.dispatchEvent(new Event('change', { bubbles: true }))`)
  }

  it('uploads a file', async () => {
    await choose('picture.png', 'image/png', 3 * MB)
    await browser.run(`${IN_PAGE} await reach('picture.png', 'done')`)
    expect(demo.s3.objects(BUCKET)).toMatchObject([{ type: 'image/png', size: 3 * MB }])
  })

  it('cancels an upload, and nothing is stored', async () => {
    const release = hold(demo.s3, 'PutObject')
    await choose('picture.png', 'image/png', 3 * MB)
    await browser.run(`${IN_PAGE}
      const row = await reach('picture.png', 'sending', 'storing')
      row.querySelector('.cancel').click()
      await reach('picture.png', 'cancelled')`)
    release()
    await expectNothingLeft(demo.s3)
  })

  it.each([
    ['60 MB', 'image/png', 60, '413 REQUEST_TOO_LARGE'],
    ['200 MB', 'image/png', 200, '413 REQUEST_TOO_LARGE'],
    ['40 MB of another type', 'application/zip', 40, '415 TYPE_NOT_ACCEPTED'],
  ])('shows why %s are refused, after one request', async (_, type, megabytes, error) => {
    await choose('large.bin', type, megabytes * MB)
    const seen = await browser.run(`${IN_PAGE}
      const row = await reach('large.bin', 'failed')
      return { error: row.querySelector('.error').textContent, requests: window.requests }`)
    expect(seen).toEqual({ error: expect.stringContaining(error), requests: 1 })
    await expectNothingLeft(demo.s3)
  })
})
