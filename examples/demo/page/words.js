// Formats numbers and errors for the page.

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

export function size(bytes) {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const number = bytes / 1024 ** power
  return `${number.toLocaleString('en', { maximumFractionDigits: power && number < 100 ? 1 : 0 })} ${UNITS[power]}`
}

export function time(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}

/** True if a retry can help. A file rejected for its size or type would be rejected again. */
export function mayRetry({ status, code }) {
  return status < 400 || status >= 500 || status === 408 || code === 'ABORTED'
}

/** Returns what went wrong and what the server accepts. */
export function explain(error, file) {
  switch (error.code) {
    case 'FILE_TOO_LARGE':
      return `${tooLarge(file)}. The maximum is ${size(error.limit)}.`
    case 'REQUEST_TOO_LARGE':
      // A proxy does not report its limit.
      if (!error.limit) return `${tooLarge(file)}.`
      return `${tooLarge(file)}. The maximum per request is ${size(error.limit)}.`
    case 'TYPE_NOT_ACCEPTED':
      return `${typeProblem(error, file)} Allowed: ${allowed(error)}.`
    case 'UNEXPECTED_FILE':
      return `The server takes no files in the field "${error.field}". Allowed: ${allowed(error)}.`
    case 'MISSING_FILE':
      return `A file is missing in the field "${error.field}".`
    case 'TOO_FEW_FILES':
      return `There are too few files in the field "${error.field}". The minimum is ${error.limit}.`
    case 'TOO_MANY_FILES':
      return `These are too many files. The maximum is ${error.limit}.`
    case 'EMPTY_FILE':
      return 'This file is empty.'
    case 'FILE_TOO_SMALL':
      return `This file is too small: ${size(file.size)}. The minimum is ${size(error.limit)}.`
    case 'FIELD_AFTER_FILE':
      return `The field "${error.field}" must come before the files.`
    case 'INVALID_FIELDS':
      return `Some fields are not valid. ${(error.issues ?? []).map(issue).join(' ')}`.trimEnd()
    case 'HOOK_FAILED':
      return 'The server could not decide about this file in time. Nothing was stored.'
    case 'UNREACHABLE':
      return 'Cannot reach the server, or the connection broke.'
    case 'TIMEOUT':
      return 'The upload made no progress for too long and was stopped.'
    case 'FILE_UNREADABLE':
      return 'This file was changed or removed after you chose it. Choose it again.'
    case 'CANCELLED':
      return 'The server is shutting down.'
    default:
      if (error.status >= 500) return 'The server could not store this file. Nothing was stored.'
      return error.message
  }
}

function tooLarge(file) {
  return `This file is too large: ${size(file.size)}`
}

/** The browser derives the type from the name of the file. The server judges the bytes. */
function typeProblem({ message }, { type }) {
  const [, found] = /its bytes are (\S+), and/.exec(message) ?? []
  if (found) return `The bytes of this file are ${found}, not ${type}.`
  if (message.includes('its bytes match none')) return 'The bytes of this file match no known type.'
  return `The server does not accept ${type || 'files of this type'} here.`
}

function issue({ path, message }) {
  return path.length > 0 ? `${path.join('.')}: ${message}` : message
}

function allowed({ allowed = [] }) {
  return allowed.map(type => type.replace('/*', ' files').replace('application/pdf', 'PDF')).join(', ')
}
