// Numbers and errors in words.

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

/** A file that was refused for what it is will be refused again. */
export function mayRetry({ status, code }) {
  return status < 400 || status >= 500 || status === 408 || code === 'ABORTED'
}

/** What was wrong, and what would be right. */
export function explain(error, file) {
  switch (error.code) {
    case 'FILE_TOO_LARGE':
      return `${tooLarge(file)}, and the server takes up to ${size(error.limit)}.`
    case 'REQUEST_TOO_LARGE':
      // A proxy that says so does not name its limit.
      if (!error.limit) return `${tooLarge(file)}.`
      return `${tooLarge(file)}, and the server takes up to ${size(error.limit)} in one request.`
    case 'TYPE_NOT_ACCEPTED':
      return `The server does not take ${file.type || 'files of this type'} here. Allowed: ${allowed(error)}.`
    case 'UNREACHABLE':
      return 'The server cannot be reached, or the line broke.'
    case 'TIMEOUT':
      return 'Nothing has moved for too long, so the upload was given up.'
    case 'FILE_UNREADABLE':
      return 'This file has changed or gone since you chose it. Choose it again.'
    case 'CANCELLED':
      return 'The server is shutting down.'
    default:
      if (error.status >= 500) return 'The server could not store it. Nothing is left behind.'
      return error.message
  }
}

function tooLarge(file) {
  return `This file is too large: it has ${size(file.size)}`
}

function allowed({ allowed = [] }) {
  return allowed.map(type => type.replace('/*', ' files').replace('application/pdf', 'PDF')).join(', ')
}
