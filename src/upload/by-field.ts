/**
 * Returns the files of each form field, in their order, in an object without a prototype. A field without a file is missing.
 *
 * @example const { avatar: [avatar] = [], docs = [] } = byField(result.files)
 */
export function byField<File extends { readonly field: string }>(
  files: readonly File[],
): { [Name in File['field']]?: File[] } {
  const fields: Record<string, File[]> = Object.create(null)
  for (const file of files) {
    fields[file.field] ??= []
    fields[file.field]?.push(file)
  }
  return fields as { [Name in File['field']]?: File[] }
}
