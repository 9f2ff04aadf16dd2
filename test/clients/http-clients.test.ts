import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import axios from 'axios'
import FormData3 from 'form-data-3'
import FormData404 from 'form-data-4.0.4'
import type FormData4 from 'form-data-4.0.6'
import FormData406 from 'form-data-4.0.6'
import { FormData as FormDataNode, File as NodeFile } from 'formdata-node'
import got from 'got'
import nodeFetch from 'node-fetch'
import superagent from 'superagent'
import undici from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { areInstalled } from '../support/programs.ts'
import { type RunningRoute, routes } from '../support/routes.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'

interface Answer {
  status: number
  body: unknown
}

interface Client {
  name: string
  /** Sends the field and the files. */
  send(url: string, files: SentFile[]): Promise<Answer>
}

interface SentFile {
  name: string
  type: string
  body: Buffer
}

const FIELD = ['title', 'Grüße'] as const
const s3 = await useStorage()
const folder = await mkdtemp(join(tmpdir(), 'clients-'))
afterAll(() => rm(folder, { recursive: true }))

function standardForm<Form extends { append(name: string, value: never): void }>(
  form: Form,
  File: new (parts: Buffer[], name: string, options: { type: string }) => unknown,
  files: SentFile[],
): Form {
  form.append(FIELD[0], FIELD[1] as never)
  for (const { name, type, body } of files) form.append('f', new File([body], name, { type }) as never)
  return form
}

/** The package form-data: streams, not the standard. */
function streamForm(form: FormData4, files: SentFile[]): FormData4 {
  form.append(...FIELD)
  for (const { name, type, body } of files) form.append('f', body, { filename: name, contentType: type })
  return form
}

async function viaNodeFetch(url: string, form: FormData4): Promise<Answer> {
  const response = await nodeFetch(url, { method: 'POST', body: form, headers: form.getHeaders() })
  return { status: response.status, body: await response.json() }
}

const all: Client[] = [
  {
    name: 'fetch',
    async send(url, files) {
      const body = standardForm(new FormData(), File as never, files)
      const response = await fetch(url, { method: 'POST', body })
      return { status: response.status, body: await response.json() }
    },
  },
  {
    name: 'axios',
    async send(url, files) {
      const form = standardForm(new FormData(), File as never, files)
      const { status, data } = await axios.post(url, form, { validateStatus: () => true })
      return { status, body: data }
    },
  },
  {
    name: 'got',
    async send(url, files) {
      const body = standardForm(new FormData(), File as never, files)
      const response = await got.post(url, { body, throwHttpErrors: false, retry: { limit: 0 } })
      return { status: response.statusCode, body: JSON.parse(response.body) }
    },
  },
  {
    name: 'undici',
    async send(url, files) {
      const body = standardForm(new undici.FormData(), File as never, files)
      const response = await undici.request(url, { method: 'POST', body })
      return { status: response.statusCode, body: await response.body.json() }
    },
  },
  {
    name: 'superagent',
    async send(url, files) {
      const request = superagent
        .post(url)
        .ok(() => true)
        .field(...FIELD)
      for (const { name, type, body } of files)
        request.attach('f', body, { filename: name, contentType: type })
      const { status, text } = await request
      return { status, body: JSON.parse(text) }
    },
  },
  {
    name: 'node-fetch with form-data 3',
    send: (url, files) => viaNodeFetch(url, streamForm(new FormData3() as never, files)),
  },
  {
    name: 'node-fetch with form-data 4.0.4',
    send: (url, files) => viaNodeFetch(url, streamForm(new FormData404() as never, files)),
  },
  {
    name: 'node-fetch with form-data 4.0.6',
    send: (url, files) => viaNodeFetch(url, streamForm(new FormData406(), files)),
  },
  {
    name: 'node-fetch with formdata-node',
    async send(url, files) {
      const body = standardForm(new FormDataNode(), NodeFile as never, files)
      const response = await nodeFetch(url, { method: 'POST', body: body as never })
      return { status: response.status, body: await response.json() }
    },
  },
  {
    name: 'curl',
    async send(url, files) {
      const forms: string[] = []
      for (const [index, { name, type, body }] of files.entries()) {
        const path = `${folder}/${index}`
        await writeFile(path, body)
        forms.push('-F', `f=@${path};type=${type};filename="${name.replaceAll('"', '\\"')}"`)
      }
      const args = ['-sS', '-w', '\n%{http_code}', '-F', FIELD.join('='), ...forms, url]
      const { stdout } = await promisify(execFile)('curl', args)
      const [json = '', status] = stdout.split('\n')
      return { status: Number(status), body: JSON.parse(json) }
    },
  },
]

const clients = all.filter(({ name }) => name !== 'curl' || areInstalled(['curl'], 'uploads of curl'))

describe.each(clients)('$name', ({ send }) => {
  let route: RunningRoute
  beforeAll(async () => {
    const kind = routes.at(-1)
    if (kind === undefined) throw new Error('There is no route.')
    route = await kind.open({ bucket: BUCKET, client: s3.client, maxFileSize: '1MB', onError: () => {} })
  })
  afterAll(() => route.close())

  it('has its files stored with their names and types', async () => {
    const picture = bytes(300_000)
    const sent = [
      { name: 'Grüße "1".txt', type: 'text/plain', body: Buffer.from('text') },
      { name: 'picture.png', type: 'image/png', body: picture },
    ]
    const { status, body } = await send(route.url, sent)
    expect(body).toMatchObject({
      fields: { [FIELD[0]]: FIELD[1] },
      files: [
        { field: 'f', filename: 'Grüße "1".txt', type: 'text/plain', size: 4 },
        { field: 'f', filename: 'picture.png', type: 'image/png', size: picture.length },
      ],
    })
    expect(status).toBe(201)
    const stored = s3.objects(BUCKET)
    expect(stored).toHaveLength(sent.length)
    for (const { type, body } of sent) {
      expect(stored.find(object => object.body.equals(body))).toMatchObject({ type, size: body.length })
    }
  })

  it('sees the refusal of a file that is too large', async () => {
    const { status, body } = await send(route.url, [
      { name: 'large.png', type: 'image/png', body: bytes(5 * MB) },
    ])
    expect({ status, ...(body as object) }).toMatchObject({ status: 413, code: 'FILE_TOO_LARGE' })
    expectNothingLeft(s3)
  })
})
