import type { ServerResponse } from 'node:http'
import type { Answer } from '../src/answer.ts'

/** Writes to a Node response, unless somebody else has answered or nobody is there any more. */
export function writeAnswer(response: ServerResponse, answer: Answer | undefined): void {
  if (answer === undefined || response.headersSent || response.destroyed) return
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  response.end(answer.body)
}
