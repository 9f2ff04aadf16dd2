import { isActiveType } from '../content/active-types.ts'
import { formatDisposition } from './header-params.ts'

export type Disposition = 'inline' | 'attachment'

/**
 * Returns the `ContentDisposition` of an object. Undefined if it needs none.
 *
 * A browser runs HTML, SVG, XML and scripts in the origin that serves them, so they are always an attachment. The
 * application says otherwise in `params`.
 *
 * @param contentType of the object
 * @param chosen adds the name of the file
 */
export function dispositionOf(
  contentType: string,
  filename: string,
  chosen: Disposition | undefined,
): string | undefined {
  const isActive = isActiveType(contentType)
  if (chosen === undefined) return isActive ? 'attachment' : undefined
  const disposition = isActive ? 'attachment' : chosen
  return filename === '' ? disposition : formatDisposition(disposition, { filename })
}
