export interface TestFile {
  name: string
  type: string
  bytes: string | Uint8Array<ArrayBuffer>
}

/** Posts a form of these fields and then these files, all of them in the field `file`. */
export function post(url: string, files: TestFile[], fields: Record<string, string> = {}): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  for (const { name, type, bytes } of files) form.append('file', new File([bytes], name, { type }))
  return fetch(url, { method: 'POST', body: form })
}
