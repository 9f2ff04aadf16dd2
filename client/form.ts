import type { FilesAndFields, FormFields, UploadInput } from './types.ts'

export interface FormFile {
  file: File
  field: string
}

export interface Form {
  data: FormData
  files: FormFile[]
}

type Entry = [field: string, value: FormDataEntryValue | Blob]

/** Copies the input synchronously, so that the page can reset or disable its form right after the call. */
export function readForm(input: UploadInput, field = 'file'): Form {
  const data = new FormData()
  const entries = entriesOf(input, field)
  for (const [name, value] of entries) if (!isBlob(value)) data.append(name, value)
  // In FormData, a file input without a selection is an empty file with an empty name.
  for (const [name, value] of entries) {
    if (isBlob(value) && (value.size || (value as File).name !== '')) data.append(name, value)
  }
  const files = [...data].filter((entry): entry is [string, File] => isBlob(entry[1]))
  return { data, files: files.map(([field, file]) => ({ file, field })) }
}

function entriesOf(input: UploadInput, field: string): Entry[] {
  if (input instanceof FormData) return [...input]
  // Must precede the check for iterables: a form element is iterable too, over its inputs.
  if ('elements' in input) return [...new FormData(input)]
  if (isBlob(input) || isIterable(input)) return fileEntries(field, input)
  const { files = [], fields = {} } = input as FilesAndFields
  const filesByField = isBlob(files) || isIterable(files) ? { [field]: files } : files
  return [
    ...fieldEntries(fields),
    ...Object.entries(filesByField).flatMap(([name, files]) => fileEntries(name, files)),
  ]
}

function fieldEntries(fields: FormFields): Entry[] {
  return Object.entries(fields)
    .flatMap(([name, value]) => [value].flat().map(value => [name, value] as const))
    .filter(([, value]) => value != null)
    .map(([name, value]) => [name, `${value}`])
}

function fileEntries(field: string, files: Blob | Iterable<Blob>): Entry[] {
  return (isBlob(files) ? [files] : [...files]).map(file => [field, file])
}

function isBlob(value: unknown): value is Blob {
  return value instanceof Blob
}

function isIterable(value: object): value is Iterable<Blob> {
  return Symbol.iterator in value
}
