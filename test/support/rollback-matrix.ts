import { type StoredUpload, streamToS3, type UploadError } from 's3-upstream'
import { afterAll, describe, it } from 'vitest'
import { incoming, slices } from './incoming.ts'
import { KEY, type RollbackOutcome, RollbackWorld } from './rollback-world.ts'
import type { Store } from './store.ts'
import { uploaders } from './uploaders.ts'

export type Versioning = 'off' | 'Enabled' | 'Suspended'

export interface RollbackCase {
  versioning: Versioning
  keys: 'generated' | 'of the application'
  size: 'small' | 'large'
  /** What becomes of the request that makes the first file visible. */
  commit:
    | 'is confirmed'
    | 'loses its response'
    | 'gets no ETag'
    | 'gets a page'
    | 'gets a 503'
    | 'is stored and gets a 503'
  /** What B stores under the key of the first file, and at which moment. */
  other: 'nothing' | 'other bytes' | 'the same bytes'
  moment: 'before the rollback' | 'before HeadObject' | 'before DeleteObject'
  /** A's credentials may list the bucket. Otherwise S3 responds 403 in place of 404. */
  mayList: boolean
  /** What undoes the upload: S3 refuses the second file, `onStored` rejects, or the application calls `rollback()` later. */
  by: 'S3' | 'onStored' | 'rollback()'
}

/**
 * A's form has two files. The second one is refused, or all is undone later, so the first one is rolled back. Meanwhile B
 * stores under the same key. In each case: B's object is there, so is every older version, and what is left of A is named.
 */
export function rollbackMatrix(store: Store): void {
  let cases = 0
  afterAll(() => {
    process.stdout.write(`rollback matrix on ${store.name}: ${cases} cases\n`)
  })

  describe.each(uploaders)('a rollback of the $name', ({ uploader }) => {
    it.each(combinations())(
      '$versioning, keys $keys, $size: A $commit, B stores $other $moment, may list: $mayList, by $by',
      async combination => {
        cases++
        const world = await RollbackWorld.open(store, combination)
        const { keys, by } = combination
        const upload = streamToS3(incoming(slices(world.form, 65_536)), {
          bucket: store.bucket,
          client: world.client,
          uploader,
          prefix: keys === 'generated' ? 'folder/' : '',
          key: keys === 'generated' ? undefined : ({ field }) => (field === 'a' ? KEY : 'folder/second'),
          onStored: by === 'onStored' ? () => world.refuseLate() : undefined,
        })
        const error = await upload.then(
          result => (by === 'rollback()' ? rollBackLate(result, world) : undefined),
          (error: UploadError) => error,
        )
        await world.check(error)
      },
    )
  })
}

/** Resolves like the error of an upload that names its leftovers. */
async function rollBackLate(result: StoredUpload, world: RollbackWorld): Promise<RollbackOutcome> {
  await world.refuseLate().catch(() => {})
  return { name: 'UploadError', leftovers: await result.rollback() }
}

function combinations(): RollbackCase[] {
  const late = (['onStored', 'rollback()'] as const).flatMap(by =>
    refusals()
      // The other commits fail the upload before.
      .filter(({ commit }) => commit === 'is confirmed' || commit === 'gets no ETag')
      .map(situation => ({ ...situation, by })),
  )
  return [...refusals(), ...late]
}

function refusals(): RollbackCase[] {
  const versionings: Versioning[] = ['off', 'Enabled', 'Suspended']
  const simple = { other: 'nothing', moment: 'before the rollback', mayList: true, by: 'S3' } as const
  return versionings.flatMap(versioning =>
    (['generated', 'of the application'] as const).flatMap(keys => [
      ...(['small', 'large'] as const).flatMap(size =>
        (
          [
            'is confirmed',
            'loses its response',
            'gets no ETag',
            'gets a page',
            'gets a 503',
            'is stored and gets a 503',
          ] as const
        ).map(commit => ({ versioning, keys, size, commit, ...simple })),
      ),
      ...(['gets a 503', 'is stored and gets a 503'] as const).map(commit => {
        return { versioning, keys, size: 'small', commit, ...simple, mayList: false } as const
      }),
      ...(keys === 'generated' ? [] : races(versioning)),
    ]),
  )
}

function races(versioning: Versioning): RollbackCase[] {
  const common = { versioning, keys: 'of the application', mayList: true, by: 'S3' } as const
  const moments = ['before the rollback', 'before HeadObject', 'before DeleteObject'] as const
  return moments.flatMap(moment => [
    ...(['is confirmed', 'loses its response'] as const).map(commit => {
      return { ...common, size: 'small', commit, other: 'other bytes', moment } as const
    }),
    ...(['is confirmed', 'gets no ETag'] as const).map(commit => {
      return { ...common, size: 'large', commit, other: 'other bytes', moment } as const
    }),
    // The same bytes in the moment between the comparison and the removal are the documented residual.
    ...(moment === 'before DeleteObject'
      ? []
      : [{ ...common, size: 'small', commit: 'is confirmed', other: 'the same bytes', moment } as const]),
  ])
}
