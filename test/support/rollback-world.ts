import { PutBucketVersioningCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { UploadError } from 's3-upstream'
import { expect } from 'vitest'
import { bytes, MB } from './bytes.ts'
import { filePart, formBody } from './form-body.ts'
import type { RollbackCase } from './rollback-matrix.ts'
import type { Store } from './store.ts'
import { until } from './until.ts'

/** The key of the first file, if the application chooses it. */
export const KEY = 'folder/first'
const CONTENT = { small: Buffer.from('of A'), large: bytes(5 * MB + 1) }
const OLDER = 'older'
const OF_OTHER = 'of B'

/** What names the objects that a rollback has left. */
export type RollbackOutcome = Pick<UploadError, 'name' | 'leftovers'>

interface Input {
  Key?: string
  Body?: unknown
}
type Send = () => Promise<{ output: { ETag?: string }; response: unknown }>

/** A bucket with what was there before, A's client with its fault, and B who stores at the marked moment. */
export class RollbackWorld {
  readonly client: S3Client
  readonly form: Buffer
  private readonly sent: readonly string[]
  private olderVersion: string | undefined
  private otherVersion: string | undefined
  private isCommitted = false

  private constructor(
    private readonly store: Store,
    private readonly situation: RollbackCase,
  ) {
    const { client, sent } = store.connect()
    this.client = client
    this.sent = sent
    this.form = formBody([filePart('a', 'a.txt', this.content), filePart('b', 'b.txt', 'x')])
    intercept(client, (operation, input, send) => this.attempt(operation, input, send))
  }

  static async open(store: Store, situation: RollbackCase): Promise<RollbackWorld> {
    const world = new RollbackWorld(store, situation)
    if (situation.versioning === 'off') return world
    await world.setVersioning('Enabled')
    world.olderVersion = await world.put(OLDER)
    if (situation.versioning === 'Suspended') await world.setVersioning('Suspended')
    return world
  }

  private get content(): Buffer {
    return CONTENT[this.situation.size]
  }

  private async setVersioning(Status: 'Enabled' | 'Suspended') {
    const input = { Bucket: this.store.bucket, VersioningConfiguration: { Status } }
    await this.store.client.send(new PutBucketVersioningCommand(input))
  }

  private async put(Body: string | Buffer): Promise<string> {
    const input = { Bucket: this.store.bucket, Key: KEY, Body }
    const { VersionId = 'null' } = await this.store.client.send(new PutObjectCommand(input))
    return VersionId
  }

  private async storeOther(moment: RollbackCase['moment']) {
    const { other } = this.situation
    if (other === 'nothing' || moment !== this.situation.moment || this.otherVersion) return
    this.otherVersion = 'null'
    if (other === 'the same bytes') await untilNextSecond()
    this.otherVersion = await this.put(other === 'the same bytes' ? this.content : OF_OTHER)
  }

  private async attempt(operation: string, input: Input, send: Send): ReturnType<Send> {
    switch (operation) {
      case 'HeadObject':
        await this.storeOther('before HeadObject')
        return this.situation.mayList ? send() : sendWithoutListing(send)
      case 'DeleteObject':
        await this.storeOther('before DeleteObject')
        return send()
      case 'PutObject':
        if (!isSecond(input)) return this.commitFirst(send)
        return this.situation.by === 'S3' ? this.refuseSecond() : send()
      case 'CompleteMultipartUpload':
        return this.commitFirst(send)
      default:
        return send()
    }
  }

  private async refuseSecond(): Promise<never> {
    await until(() => this.isCommitted)
    await this.storeOther('before the rollback')
    throw sdkError('AccessDenied', 403)
  }

  /** Rejects when both files are stored: `onStored`. */
  async refuseLate(): Promise<never> {
    await this.storeOther('before the rollback')
    throw new Error('The row exists.')
  }

  private async commitFirst(send: Send): ReturnType<Send> {
    if (this.isCommitted) return send()
    try {
      return await this.commit(send)
    } finally {
      this.isCommitted = true
    }
  }

  private async commit(send: Send): ReturnType<Send> {
    const { commit } = this.situation
    if (commit === 'gets a 503') throw sdkError('SlowDown', 503)
    if (commit === 'gets a page') return { output: {}, response: {} }
    const result = await send()
    if (commit === 'gets no ETag') delete result.output.ETag
    if (commit === 'loses its response') throw new Error('socket hang up')
    if (commit === 'is stored and gets a 503') throw sdkError('SlowDown', 503)
    return result
  }

  /** B's object is there, so is the older version, and what is left of A is named. */
  async check(error: RollbackOutcome | undefined): Promise<void> {
    expect(error).toMatchObject({ name: 'UploadError' })
    const left = await this.store.versions()
    const ids = left.map(({ versionId = 'null' }) => versionId)
    const ofA = left.filter(({ key, versionId = 'null' }) => {
      return key !== KEY || ![this.olderVersion, this.otherVersion].includes(versionId)
    })
    for (const { key, versionId, isDeleteMarker } of ofA) {
      expect(isDeleteMarker, key).toBe(false)
      expect(error?.leftovers, this.sent.join(' ')).toContainEqual(this.nameOf(key, versionId))
    }
    if (this.mustRemove) expect(ofA, this.sent.join(' ')).toEqual([])
    expect(await this.store.uploads()).toEqual([])
    if (this.olderVersion) expect(ids).toContain(this.olderVersion)
    if (this.otherVersion) {
      const stored = this.situation.other === 'the same bytes' ? `${this.content}` : OF_OTHER
      expect(await this.read()).toBe(stored)
    } else if (this.olderVersion && ofA.length === 0) {
      expect(await this.read()).toBe(OLDER)
    }
  }

  /** No other upload has a generated key, or the version that S3 has confirmed. */
  private get mustRemove(): boolean {
    const { keys, versioning, commit, mayList } = this.situation
    if (keys === 'generated') return mayList
    return versioning === 'Enabled' && commit === 'is confirmed'
  }

  /** The key names a version that S3 does not tell to A: without the permission to list, or below a version of B. */
  private nameOf(key: string, versionId = 'null'): unknown {
    const { commit, mayList } = this.situation
    const isHidden =
      commit === 'loses its response' && versionId !== 'null' && this.otherVersion !== undefined
    if (!mayList || isHidden) return expect.objectContaining({ key })
    if (versionId !== 'null') return expect.objectContaining({ key, versionId })
    return expect.toSatisfy((named: { key?: string; versionId?: string }) => {
      return named.key === key && (named.versionId ?? 'null') === 'null'
    })
  }

  private async read(): Promise<string> {
    return (await this.store.read(KEY)).body.toString()
  }
}

/** The second file comes with another field, and under a generated key only its size tells it. */
function isSecond({ Key, Body }: Input): boolean {
  return Key === 'folder/second' || (Body as Buffer | undefined)?.length === 1
}

/** Where the SDK makes its attempts: what is thrown here ends one. */
function intercept(
  { middlewareStack }: S3Client,
  attempt: (operation: string, input: Input, send: Send) => ReturnType<Send>,
): void {
  middlewareStack.add(
    (next, { commandName = '' }) => {
      return args => {
        const send = () => next(args) as ReturnType<Send>
        const operation = commandName.replace(/Command$/, '')
        return attempt(operation, args.input as Input, send) as ReturnType<typeof next>
      }
    },
    { step: 'deserialize', priority: 'high', name: 'intercept' },
  )
}

/** S3 hides from those who may not list the bucket whether an object exists. */
async function sendWithoutListing(send: Send): ReturnType<Send> {
  try {
    return await send()
  } catch (error) {
    if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== 404) throw error
    throw sdkError('Forbidden', 403)
  }
}

function sdkError(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode, attempts: 1 } })
}

/** S3 tells times in seconds. */
async function untilNextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000)
  await until(() => Math.floor(Date.now() / 1000) > second + 1)
}
