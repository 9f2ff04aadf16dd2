import type { FilesAndFields, FormFields, UploadInput } from './types.ts'

export interface Form {
  data: FormData
  files: { file: File; field: string }[]
}

type Entry = [field: string, value: FormDataEntryValue | Blob]

/** Reads the input at once, so that a page may reset or disable its form right after. */
export function readForm(input: UploadInput, field = 'file'): Form {
  const data = new FormData()
  const entries = entriesOf(input, field)
  for (const [name, value] of entries) if (!isBlob(value)) data.append(name, value)
  // A file input without a choice comes as a file without a name.
  for (const [name, value] of entries) {
    if (isBlob(value) && (value.size || (value as File).name !== '')) data.append(name, value)
  }
  const files = [...data].filter((entry): entry is [string, File] => isBlob(entry[1]))
  return { data, files: files.map(([field, file]) => ({ file, field })) }
}

function entriesOf(input: UploadInput, field: string): Entry[] {
  if (input instanceof FormData) return [...input]
  // First, because a form is iterable too: it gives its inputs.
  if ('elements' in input) return [...new FormData(input)]
  if (isBlob(input) || isIterable(input)) return list(field, input)
  const { files = [], fields = {} } = input as FilesAndFields
  const named = isBlob(files) || isIterable(files) ? { [field]: files } : files
  return [...fieldEntries(fields), ...Object.entries(named).flatMap(([name, some]) => list(name, some))]
}

function fieldEntries(fields: FormFields): Entry[] {
  return Object.entries(fields)
    .flatMap(([name, value]) => [value].flat().map(value => [name, value] as const))
    .filter(([, value]) => value != null)
    .map(([name, value]) => [name, `${value}`])
}

function list(field: string, files: Blob | Iterable<Blob>): Entry[] {
  return (isBlob(files) ? [files] : [...files]).map(file => [field, file])
}

function isBlob(value: unknown): value is Blob {
  return value instanceof Blob
}

function isIterable(value: object): value is Iterable<Blob> {
  return Symbol.iterator in value
}
