import { inspect } from 'node:util'
import { escapeText } from '../shared/escape-text.ts'
import { describeThrown, isError } from '../shared/thrown.ts'

/** A chain of causes can be a circle. */
const MAX_CAUSES = 10

/**
 * Prints an error with `console.error`. Messages of databases and the SDK often repeat what the client sent, so control
 * characters are escaped. Never throws.
 */
export function printError(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: the error handlers of Express and Koa do the same
  console.error(printable(error))
}

/** Returns the error itself if its messages have no control characters. */
function printable(error: unknown): unknown {
  try {
    const text = inspect(error)
    const messages = messagesOf(error).filter(message => escapeText(message) !== message)
    const oneLine = messages.reduce(
      (printed, message) => printed.replace(asPrinted(message), () => escapeText(message)),
      text,
    )
    const safe = oneLine.split('\n').map(escapeText).join('\n')
    return safe === text ? error : safe
  } catch {
    return describeThrown(error)
  }
}

function messagesOf(error: unknown): string[] {
  const messages: string[] = []
  let current = error
  while (isError(current) && messages.length < MAX_CAUSES) {
    messages.push(current.message)
    current = current.cause
  }
  return messages
}

/** `inspect()` indents the lines of a cause. */
function asPrinted(message: string): RegExp {
  const lines = message.split('\n').map(line => line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(lines.join('\\n *'), 'g')
}
