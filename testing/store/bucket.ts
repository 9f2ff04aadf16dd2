import { randomBytes } from 'node:crypto'
import { type AnyVersion, compareKeys, isObject, type ObjectContent, type ObjectVersion } from './objects.ts'
import { Uploads } from './uploads.ts'

/** The id of a version stored while versioning is off or suspended. A key has at most one. */
export const NULL_VERSION_ID = 'null'

export type Versioning = 'Enabled' | 'Suspended' | undefined

export interface Removal {
  /** The version that the request created or removed. Undefined for the object of a bucket that never had versioning. */
  readonly versionId?: string
  /** True if the request created a delete marker or removed one. */
  readonly deleteMarker: boolean
}

export class Bucket {
  readonly created = new Date()
  readonly uploads = new Uploads()
  versioning: Versioning
  /** Versions of each key, oldest first. No array is empty. */
  readonly #versions = new Map<string, AnyVersion[]>()

  get isEmpty(): boolean {
    return this.#versions.size === 0
  }

  latest(key: string): AnyVersion | undefined {
    return this.#versions.get(key)?.at(-1)
  }

  find(key: string, versionId: string): AnyVersion | undefined {
    return this.#versions.get(key)?.find(version => version.versionId === versionId)
  }

  /** Returns the latest versions that are objects, in S3's order. */
  objects(): ObjectVersion[] {
    return this.#keys()
      .map(key => this.latest(key))
      .filter(isObject)
  }

  /** Returns all versions in S3's order: by key, newest first. */
  versions(): { version: AnyVersion; isLatest: boolean }[] {
    return this.#keys().flatMap(key => {
      const versions = this.#versions.get(key) ?? []
      return versions.map(version => ({ version, isLatest: version === versions.at(-1) })).reverse()
    })
  }

  /** Stores a new current version. If versioning is off or suspended, it replaces the null version. */
  put(key: string, content: ObjectContent): ObjectVersion {
    const version = { key, content, versionId: this.#newVersionId(), lastModified: new Date() }
    this.#add(version)
    return version
  }

  /**
   * Removes a version for good. Without a version id, hides the object behind a delete marker, which replaces the null
   * version if versioning is suspended; in a bucket that never had versioning, removes the object.
   */
  remove(key: string, versionId: string | undefined): Removal {
    if (versionId !== undefined) return this.#removeVersion(key, versionId)
    if (this.versioning === undefined) {
      this.#versions.delete(key)
      return { deleteMarker: false }
    }
    const marker = { key, content: undefined, versionId: this.#newVersionId(), lastModified: new Date() }
    this.#add(marker)
    return { versionId: marker.versionId, deleteMarker: true }
  }

  #add(version: AnyVersion): void {
    const others = (this.#versions.get(version.key) ?? []).filter(
      other => other.versionId !== version.versionId,
    )
    this.#versions.set(version.key, [...others, version])
  }

  #removeVersion(key: string, versionId: string): Removal {
    const removed = this.find(key, versionId)
    const rest = (this.#versions.get(key) ?? []).filter(version => version !== removed)
    if (rest.length > 0) this.#versions.set(key, rest)
    else this.#versions.delete(key)
    const isOnlyVersion = this.versioning === undefined && versionId === NULL_VERSION_ID
    return {
      versionId: isOnlyVersion ? undefined : versionId,
      deleteMarker: removed !== undefined && !isObject(removed),
    }
  }

  #newVersionId(): string {
    return this.versioning === 'Enabled' ? randomBytes(16).toString('hex') : NULL_VERSION_ID
  }

  #keys(): string[] {
    return [...this.#versions.keys()].sort(compareKeys)
  }
}
