import { once } from 'node:events'
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { FORM_TYPE } from './form-body.ts'

export interface Reply {
  status: number
  headers: IncomingMessage['headers']
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  json: any
}

/** Posts these bytes, by default as a form with its length declared. */
export async function post(
  url: string,
  body: Buffer | string,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const client = open(url, {
    'content-type': FORM_TYPE,
    'content-length': `${Buffer.byteLength(body)}`,
    ...headers,
  })
  client.end(body)
  return replyTo(client)
}

/** Posts a form in pieces, without declaring its length. */
export async function postChunks(url: string, chunks: Iterable<Buffer>): Promise<Reply> {
  const client = open(url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
  const reply = replyTo(client)
  for (const chunk of chunks) {
    if (!client.write(chunk)) await once(client, 'drain')
  }
  client.end()
  return reply
}

/** A request whose body the test writes by itself. */
export function open(
  url: string,
  headers: Record<string, string>,
  agent: Agent | false = false,
): ClientRequest {
  const client = request(url, { method: 'POST', headers, agent })
  // A refused upload may be cut off while the rest is being written, after the answer has come.
  return client.on('error', () => {})
}

export async function replyTo(client: ClientRequest): Promise<Reply> {
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const isJson = /[/+]json/.test(response.headers['content-type'] ?? '')
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: isJson && JSON.parse(text),
  }
}
