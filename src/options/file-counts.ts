/** How many files a form must and can have in one field. */
export interface FileCounts {
  /**
   * `true` if the form must have a file in this field. Otherwise it fails with 400 `MISSING_FILE`, and nothing is stored.
   * @default false, or true if `minCount` is above 0
   */
  required?: boolean | undefined
  /**
   * Minimum files in this field. A form with none fails with 400 `MISSING_FILE`, a form with fewer with 400
   * `TOO_FEW_FILES`. Nothing is stored.
   * @default 1 if `required`, else 0
   */
  minCount?: number | undefined
  /**
   * Maximum files in this field. More files fail with 413 `TOO_MANY_FILES`.
   * @default `maxFiles` of the route
   */
  maxCount?: number | undefined
}
